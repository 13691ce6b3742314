//go:build hostile

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
)

// packed is a body of about 4 MiB with as many items as fit, as gzip: a few KB.
func packed(t *testing.T, before, item, after string) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	require.NoError(t, err)
	n := (4<<20 - len(before) - len(after) - 1) / (len(item) + 1)
	_, err = io.WriteString(z, before+strings.Repeat(item+",", n-1)+item+after)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return out.Bytes()
}

// TestEventBombs: bodies of a few KB that hold a million events, records, rows, labels or members,
// eight at a time, are refused with the bound that they break. The collector
// stays small, and counts them.
func TestEventBombs(t *testing.T) {
	events := processtest.FreeAddr(t)
	s := newSite(t, withConfig(`
receivers: {inference_log: {endpoint: "`+events+`"}}
service: {pipelines: {traces: {receivers: [otlp, inference_log]}}}
`))
	const (
		batchType, eventType = "application/cloudevents-batch+json", "application/cloudevents+json"
		event                = `{"specversion":"1.0","type":"org.kubeflow.serving.inference.request","source":"x","id":"1","inferenceservicename":"made-up","data":`
		beside               = 8
	)
	times := 2 * beside
	if testing.Short() {
		times = beside
	}
	labels := "http://" + s.labels + "/v1/ground-truth"
	bombs := []struct {
		name, url, media, before, item, after string
		code                                  int
		bound                                 string
	}{
		{"a batch of lists", "", batchType, "[", "[]", "]", 400, "'limits::events'"},
		{"a batch of numbers", "", batchType, "[", "0", "]", 400, "'limits::events'"},
		{"a batch of objects", "", batchType, "[", "{}", "]", 400, "'limits::events'"},
		{"records of an agent", "", "application/json", "[", "{}", "]", 400, "'limits::events'"},
		{"an event of members", "", eventType, event + "{},", `"a":0`, "}", 400, "256 attributes"},
		{"rows", "", eventType, event + `{"instances":[`, "[]", "]}}", 400, "10000 rows"},
		{"a row of CSV", "", "text/csv", "reqType,bytes\n", "", "", 400, "65536"},
		{"labels", labels, "application/json", "[", "0", "]", 413, "'limits::labels'"},
		{"lines of labels", labels, "application/x-ndjson", "", "0\n0", "", 400, ""},
	}
	s.under(attack{"event bombs", func(t *testing.T, s *site) {
		for _, b := range bombs {
			if b.url == "" {
				b.url = "http://" + events + "/"
			}
			body := packed(t, b.before, b.item, b.after)
			require.Less(t, len(body), 40<<10, b.name)
			var all sync.WaitGroup
			for range beside {
				all.Go(func() {
					for range times / beside {
						code, answer := s.post(b.url, b.media, body, "Content-Encoding", "gzip")
						if b.bound != "" {
							assert.Equal(t, b.code, code, b.name)
						}
						assert.Contains(t, answer, b.bound, b.name)
					}
				})
			}
			all.Wait()
		}
		code, answer := s.post("http://"+events+"/", batchType, []byte("["+event+`{"instances":[[1,2]]}}]`))
		assert.Equal(t, http.StatusOK, code, "the next one is taken: %s", answer)
		assert.InDelta(t, float64(7*times), s.own("otelcol_inference_log_events", `outcome="too_large"`), 0)
		assert.InDelta(t, 1, s.own("otelcol_inference_log_events", `outcome="accepted"`), 0)
	}})
	assert.Less(t, s.peak()>>20, 700, "MB resident at most; one batch of numbers took 900")
	assert.Contains(t, s.log(), "'limits::events'")
}
