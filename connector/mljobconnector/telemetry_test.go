// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/metadatatest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// by returns the points of a counter by one attribute.
func by(key string, values map[string]int64) (points []metricdata.DataPoint[int64]) {
	for v, n := range values {
		points = append(points, metricdata.DataPoint[int64]{Value: n, Attributes: attribute.NewSet(attribute.String(key, v))})
	}
	return points
}

func TestTelemetry(t *testing.T) {
	bubble(t, func(t *testing.T) {
		tel := componenttest.NewTelemetry()
		defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
		d := testkit.NewStorage(nil)
		r := newRig(t, func(c *Config) {
			c.Limits.PendingSpans, c.Limits.Runs, c.Limits.ClosedRuns = 1, 2, 1
			c.MetricsInterval = 10 * time.Minute
		}).withDisk(d)
		r.set = metadatatest.NewSettings(tel)
		r.start()
		ignore := metricdatatest.IgnoreTimestamp()

		failed := r.run("extract", "train!")
		r.consume(failed)
		again := r.run("extract", "train!")
		failed.CopyTo(again)
		r.consume(again) // sent again: three duplicates
		marker, _ := request(t, attributes{"cicd.pipeline.name": "recsys"}, attributes{"cicd.pipeline.run.state": "executing", "ml.stage.attempt": "first"})
		marker.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).SetSpanID(spanID(20))
		r.consume(marker)
		for n := range byte(3) { // two of them find no place
			erring, s := request(t, nil, attributes{"error.type": "E"})
			s.SetTraceID(traceID(200 + n))
			r.consume(erring)
		}
		r.consume(ordinary(t, 7))
		metadatatest.AssertEqualMlJobSpans(t, tel, by("kind", map[string]int64{
			"stage": 4, "root": 2, "marker": 1, "inner": 3, "ignored": 7,
		}), ignore)
		metadatatest.AssertEqualMlJobAttributesUnreadable(t, tel, []metricdata.DataPoint[int64]{{Value: 1}}, ignore)

		r.logs.Fail(errors.New("later"), consumererror.NewPermanent(errors.New("no")), nil)
		testkit.Advance(2 * time.Minute) // failed, refused five seconds later, sent a minute later
		metadatatest.AssertEqualMlJobAlertsEmitted(t, tel, by("outcome", map[string]int64{"failed": 1, "refused": 1, "sent": 1}), ignore)

		r.metrics.Fail(errors.New("later"), nil)
		testkit.Advance(10 * time.Minute)
		metadatatest.AssertEqualMlJobMetricsEmitted(t, tel, by("outcome", map[string]int64{"failed": 1}), ignore)
		metadatatest.AssertEqualMlJobAlertsActive(t, tel, []metricdata.DataPoint[int64]{{Value: 1}}, ignore)
		metadatatest.AssertEqualMlJobRunsOpen(t, tel, []metricdata.DataPoint[int64]{{Value: 0}}, ignore)
		metadatatest.AssertEqualMlJobSpansDropped(t, tel, by("reason", map[string]int64{"duplicate": 3}), ignore)

		r.consume(r.run("extract", "train")) // resolves, and pushes the failed run out
		testkit.Advance(time.Minute)
		late, s := request(t, attributes{"cicd.pipeline.name": "recsys"}, nil)
		s.SetSpanID(spanID(21))
		r.consume(late)
		testkit.Advance(10 * time.Minute)
		metadatatest.AssertEqualMlJobSpansDropped(t, tel, by("reason", map[string]int64{"duplicate": 3, "late": 1}), ignore)
		metadatatest.AssertEqualMlJobEvicted(t, tel, by("kind", map[string]int64{"pending": 2, "closed": 1}), ignore)
		metadatatest.AssertEqualMlJobAlertsActive(t, tel, []metricdata.DataPoint[int64]{{Value: 0}}, ignore)
		metadatatest.AssertEqualMlJobMetricsEmitted(t, tel, by("outcome", map[string]int64{"failed": 1, "sent": 1}), ignore)

		d.Fail(errors.New("disk full"))
		require.Error(t, r.send(r.run("extract")))
		synctest.Wait()
		d.Fail(nil)
		r.shutdown()
		saved := int64(d.Batches())
		metadatatest.AssertEqualMlJobSaves(t, tel, by("outcome", map[string]int64{"saved": saved, "failed": 1}), ignore)
	})
}
