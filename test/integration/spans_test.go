// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// predictions returns n prediction spans of the model "fraud", a step apart from the given time on, in requests of
// at most 100 spans. The same seed gives the same spans; shift moves the feature "amount".
func predictions(seed uint64, from time.Time, n int, step time.Duration, shift float64) []ptrace.Traces {
	rng := rand.New(rand.NewPCG(seed, 0))
	countries := []string{"DE", "FR", "US"}
	var requests []ptrace.Traces
	var spans ptrace.SpanSlice
	for i := range n {
		if i%100 == 0 {
			traces := ptrace.NewTraces()
			rs := traces.ResourceSpans().AppendEmpty()
			rs.Resource().Attributes().PutStr("service.name", "scorer")
			spans = rs.ScopeSpans().AppendEmpty().Spans()
			requests = append(requests, traces)
		}
		span := spans.AppendEmpty()
		var traceID pcommon.TraceID
		var spanID pcommon.SpanID
		binary.BigEndian.PutUint64(traceID[:], rng.Uint64()|1)
		binary.BigEndian.PutUint64(spanID[:], rng.Uint64()|1)
		span.SetTraceID(traceID)
		span.SetSpanID(spanID)
		span.SetName("predict")
		end := from.Add(time.Duration(i) * step)
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(end.Add(-20 * time.Millisecond)))
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
		attrs := span.Attributes()
		attrs.PutStr("ml.model.name", "fraud")
		attrs.PutStr("ml.model.version", "7")
		attrs.PutDouble("ml.feature.amount", rng.NormFloat64()+shift)
		attrs.PutInt("ml.feature.visits", int64(rng.IntN(5)))
		attrs.PutStr("ml.feature.country", countries[rng.IntN(len(countries))])
		attrs.PutStr("ml.prediction.class", []string{"ok", "fraud"}[min(rng.IntN(10), 1)])
		attrs.PutDouble("ml.prediction.confidence", 0.5+rng.Float64()/2)
	}
	return requests
}

// client is an OTLP client as an SDK has it: it sends a refused request again.
type client struct {
	t    *testing.T
	grpc ptraceotlp.GRPCClient
}

func dial(t *testing.T, endpoint string) *client {
	t.Helper()
	conn, err := grpc.NewClient(endpoint, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return &client{t: t, grpc: ptraceotlp.NewGRPCClient(conn)}
}

// send delivers the requests in order.
func (c *client) send(requests ...ptrace.Traces) {
	c.t.Helper()
	for _, traces := range requests {
		require.NoError(c.t, c.export(traces))
	}
}

func (c *client) export(traces ptrace.Traces) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, err := c.grpc.Export(ctx, ptraceotlp.NewExportRequestFromTraces(traces))
	return err
}
