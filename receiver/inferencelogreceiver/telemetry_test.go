// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-ml/otelcol-ml/internal/ingest"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/metadatatest"
)

func TestTelemetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := componenttest.NewTelemetry()
		defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
		next := &sink{}
		cfg := config(func(c *Config) { c.NetAddr.Endpoint, c.Limits.Pending, c.SageMaker.Model = "", 2, "m" })
		r, err := newReceiver(metadatatest.NewSettings(tel), cfg, next)
		require.NoError(t, err)
		require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
		sweeping, stop := context.WithCancel(t.Context())
		r.running.Go(func() { r.pairs.Sweep(sweeping) })

		r.post(t, kserve("a", "request", `{"instances":[[1,2],[3,4],[5,6]]}`))
		r.post(t, kserve("a", "response", `{"predictions":[1,2]}`))
		r.post(t, request("a"))
		r.post(t, request("a"))
		r.post(t, request("x").with("Ce-Type", "other"))
		r.post(t, request("x").with("Ce-Id", ""))
		r.post(t, kserve("x", "request", `{"instances":[`))
		r.post(t, kserve("x", "request", `{}`))
		for _, id := range []string{"b", "c", "d"} { // b gives way
			r.post(t, request(id))
		}
		next.Fail(errFull)
		r.post(t, response("d"))
		next.Fail(nil)
		r.post(t, response("d"))
		time.Sleep(time.Minute + 500*time.Millisecond) // c, between two sweeps
		r.post(t, response("e"))
		lines := r.readLines(t.Context(), ingest.Lines{Lines: [][]byte{[]byte(csvLine("1", "1", "2")), []byte("x")}})
		require.NoError(t, lines.Send(t.Context()))
		lines.Done(t.Context(), nil)

		point := func(n int64, pairs ...string) metricdata.DataPoint[int64] {
			p := metricdata.DataPoint[int64]{Value: n}
			var attrs []attribute.KeyValue
			for i := 0; i < len(pairs); i += 2 {
				attrs = append(attrs, attribute.String(pairs[i], pairs[i+1]))
			}
			p.Attributes = attribute.NewSet(attrs...)
			return p
		}
		ignore := []metricdatatest.Option{metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars()}
		metadatatest.AssertEqualInferenceLogEvents(t, tel, []metricdata.DataPoint[int64]{
			point(7, "source", "cloudevents", "outcome", "accepted"), // a a b c d d e
			point(2, "source", "cloudevents", "outcome", "duplicate"),
			point(1, "source", "cloudevents", "outcome", "ignored"),
			point(1, "source", "cloudevents", "outcome", "bad_event"),
			point(1, "source", "cloudevents", "outcome", "bad_payload"),
			point(1, "source", "cloudevents", "outcome", "unsupported_payload"),
			point(1, "source", "cloudevents", "outcome", "refused"),
			point(1, "source", "sagemaker", "outcome", "accepted"),
			point(1, "source", "sagemaker", "outcome", "bad_event"),
		}, ignore...)
		metadatatest.AssertEqualInferenceLogSpans(t, tel, []metricdata.DataPoint[int64]{
			point(2, "source", "cloudevents", "halves", "both"),
			point(2, "source", "cloudevents", "halves", "request"),
			point(1, "source", "sagemaker", "halves", "both"),
		}, ignore...)
		metadatatest.AssertEqualInferenceLogRows(t, tel, []metricdata.DataPoint[int64]{
			point(6, "source", "cloudevents"), point(1, "source", "sagemaker"),
		}, ignore...)
		metadatatest.AssertEqualInferenceLogLeftOut(t, tel, []metricdata.DataPoint[int64]{point(1, "reason", "rows_disagree")}, ignore...)
		metadatatest.AssertEqualInferenceLogUnpaired(t, tel, []metricdata.DataPoint[int64]{
			point(1, "cause", "evicted"), point(1, "cause", "timeout"),
		}, ignore...)
		metadatatest.AssertEqualInferenceLogPending(t, tel, []metricdata.DataPoint[int64]{point(1)}, ignore...)
		size, err := tel.GetMetric("otelcol_inference_log_pending_size")
		require.NoError(t, err)
		assert.Positive(t, size.Data.(metricdata.Gauge[int64]).DataPoints[0].Value)
		accepted, err := tel.GetMetric("otelcol_receiver_accepted_spans")
		require.NoError(t, err)
		assert.Equal(t, int64(5), accepted.Data.(metricdata.Sum[int64]).DataPoints[0].Value)
		stop()
		next.Fail(errFull)
		require.NoError(t, r.Shutdown(t.Context()))
		metadatatest.AssertEqualInferenceLogUnpaired(t, tel, []metricdata.DataPoint[int64]{
			point(1, "cause", "evicted"), point(1, "cause", "timeout"), point(1, "cause", "lost"),
		}, ignore...)
	})
}
