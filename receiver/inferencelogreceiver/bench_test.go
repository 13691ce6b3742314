// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/consumer/consumertest"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/payload"
)

// BenchmarkPair is a request and its response through the handler, without the network: two events
// an iteration.
func BenchmarkPair(b *testing.B) {
	for _, shape := range []struct{ rows, columns int }{{1, 4}, {1, 30}, {100, 30}, {1000, 30}} {
		row := "[" + strings.TrimSuffix(strings.Repeat("12.625,", shape.columns), ",") + "]"
		in := `{"instances":[` + strings.TrimSuffix(strings.Repeat(row+",", shape.rows), ",") + `]}`
		out := `{"predictions":[` + strings.TrimSuffix(strings.Repeat("0.25,", shape.rows), ",") + `]}`
		b.Run(fmt.Sprintf("rows=%d/columns=%d", shape.rows, shape.columns), func(b *testing.B) {
			r := offline(b, config(), consumertest.NewNop(), catalogtest.Host(driftCard()))
			b.Cleanup(func() { _ = r.Shutdown(context.Background()) })
			b.ReportAllocs()
			b.SetBytes(int64(len(in) + len(out)))
			for i := 0; b.Loop(); i++ {
				id := strconv.Itoa(i)
				for _, m := range []message{kserve(id, "request", in), kserve(id, "response", out)} {
					w := httptest.NewRecorder()
					if r.serve(w, m.request(b)); w.Code != http.StatusOK {
						b.Fatal(w.Body)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*2), "ns/event")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*shape.rows), "ns/row")
		})
	}
}

// BenchmarkParallel is pairs from several senders at once.
func BenchmarkParallel(b *testing.B) {
	r := offline(b, config(), consumertest.NewNop(), nil)
	b.Cleanup(func() { _ = r.Shutdown(context.Background()) })
	b.ReportAllocs()
	next := make(chan int, 1)
	next <- 0
	b.RunParallel(func(pb *testing.PB) {
		sender := <-next
		next <- sender + 1
		for i := 0; pb.Next(); i++ {
			id := fmt.Sprint(sender, "-", i)
			for _, m := range []message{request(id), response(id)} {
				r.serve(httptest.NewRecorder(), m.request(b))
			}
		}
	})
}

// BenchmarkParse is a payload of 100 rows and 30 columns alone.
func BenchmarkParse(b *testing.B) {
	row := "[" + strings.TrimSuffix(strings.Repeat("12.625,", 30), ",") + "]"
	object := "{" + strings.TrimSuffix(strings.Repeat(`"x":1,`, 1), ",")
	for i := range 29 {
		object += fmt.Sprintf(`,"feature_%d":12.625`, i)
	}
	object += "}"
	flat := strings.TrimSuffix(strings.Repeat("12.625,", 3000), ",")
	limits := payload.Limits{Rows: 10_000, Columns: 1000, Values: 1 << 20, Text: 256}
	for name, body := range map[string]string{
		"v1":      `{"instances":[` + strings.TrimSuffix(strings.Repeat(row+",", 100), ",") + `]}`,
		"v1named": `{"instances":[` + strings.TrimSuffix(strings.Repeat(object+",", 100), ",") + `]}`,
		"v2":      `{"inputs":[{"name":"x","shape":[100,30],"datatype":"FP32","data":[` + flat + `]}]}`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := payload.Parse(body, payload.Request, limits); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*100), "ns/row")
		})
	}
}
