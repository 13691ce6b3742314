// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/metadata"
)

// draw returns the values of a feature.
func draw(rng *rand.Rand, n int, shift float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = rng.NormFloat64() + shift
	}
	return out
}

// driftCard is a classifier with two numeric features.
func driftCard() *catalog.Model {
	rng := rand.New(rand.NewPCG(1, 1))
	return &catalog.Model{Name: "fraud", Task: catalog.BinaryClassification, PositiveClass: "fraud", Baseline: &profile.Profile{
		FormatVersion: profile.FormatVersion, Rows: 20_000,
		Features: []*profile.Column{
			profile.NewNumeric("amount", draw(rng, 20_000, 0), 0, distribution.DefaultBins),
			profile.NewNumeric("age", draw(rng, 20_000, 0), 0, distribution.DefaultBins),
		},
		Prediction: profile.NewCategorical("y", map[string]uint64{"ok": 10_000, "fraud": 10_000}, 0, profile.DefaultMaxCategories),
	}}
}

// logger sends events as KServe's logger does: a client of the CloudEvents SDK, binary mode, an
// event for the request and one for the response.
type logger struct {
	t      *testing.T
	client cloudevents.Client
	url    string
}

func newLogger(t *testing.T, url string) logger {
	protocol, err := cloudevents.NewHTTP(cloudevents.WithTarget(url))
	require.NoError(t, err)
	client, err := cloudevents.NewClient(protocol, cloudevents.WithTimeNow())
	require.NoError(t, err)
	t.Cleanup(protocol.Client.CloseIdleConnections)
	return logger{t: t, client: client, url: url}
}

func (l logger) send(id, kind string, at time.Time, body any) cloudevents.Result {
	l.t.Helper()
	event := cloudevents.NewEvent(cloudevents.VersionV1)
	event.SetID(id)
	event.SetType("org.kubeflow.serving.inference." + kind)
	event.SetSource("http://localhost:9081/")
	event.SetTime(at)
	for name, value := range map[string]string{
		"inferenceservicename": "fraud", "namespace": "prod", "component": "predictor", "endpoint": "default", "metadata": "{}",
	} {
		event.SetExtension(name, value)
	}
	data, err := json.Marshal(body)
	require.NoError(l.t, err)
	require.NoError(l.t, event.SetData("application/json", data))
	return l.client.Send(cloudevents.WithEncodingBinary(context.Background()), event)
}

// call sends both events of one call and expects the status that KServe takes for success.
func (l logger) call(id string, at time.Time, request, response any) {
	l.t.Helper()
	for kind, body := range map[string]any{"request": request, "response": response} { // in any order
		result := l.send(id, kind, at, body)
		require.True(l.t, cloudevents.IsACK(result), "%v", result)
		var status *cehttp.Result
		require.True(l.t, cloudevents.ResultAs(result, &status))
		require.Equal(l.t, 200, status.StatusCode)
	}
}

// TestDriftWithoutTracing: KServe's events, sent by the CloudEvents SDK, give ml_summary the series
// of the card's features, by the card's feature order, and ml_drift scores that tell the feature
// that shifted from the one that did not.
func TestDriftWithoutTracing(t *testing.T) {
	ctx := context.Background()
	h := catalogtest.Host(driftCard())

	scores := new(consumertest.MetricsSink)
	drift := mldriftconnector.NewFactory()
	driftConfig := drift.CreateDefaultConfig().(*mldriftconnector.Config)
	driftConfig.Timestamps, driftConfig.EmitInterval, driftConfig.Lateness = mldriftconnector.TimestampsEvent, 20*time.Millisecond, time.Minute
	d, err := drift.CreateMetricsToMetrics(ctx, connectortest.NewNopSettings(drift.Type()), driftConfig, scores)
	require.NoError(t, err)
	require.NoError(t, d.Start(ctx, h))
	defer func() { require.NoError(t, d.Shutdown(ctx)) }()

	summary := mlsummaryconnector.NewFactory()
	summaryConfig := summary.CreateDefaultConfig().(*mlsummaryconnector.Config)
	summaryConfig.FlushInterval, summaryConfig.FeatureFlushInterval = time.Hour, time.Hour // at the end, when all is there
	tee := new(consumertest.MetricsSink)
	s, err := summary.CreateTracesToMetrics(ctx, connectortest.NewNopSettings(summary.Type()), summaryConfig, teeMetrics{tee, d})
	require.NoError(t, err)
	require.NoError(t, s.Start(ctx, h))

	r, err := newReceiver(receivertest.NewNopSettings(metadata.Type), config(), s)
	require.NoError(t, err)
	require.NoError(t, r.Start(ctx, h))
	l := newLogger(t, r.url())
	rng := rand.New(rand.NewPCG(2, 2))
	const hours, calls, rows = 4, 10, 50
	for hour := range hours {
		for i := range calls {
			amount, age := draw(rng, rows, 1), draw(rng, rows, 0)
			var instances [][]float64
			var predictions []float64
			for j := range rows {
				instances = append(instances, []float64{amount[j], age[j]})
				predictions = append(predictions, rng.Float64())
			}
			at := eventTime.Add(time.Duration(hour)*time.Hour + time.Duration(i)*5*time.Minute)
			l.call(fmt.Sprint(hour, "-", i), at, map[string]any{"instances": instances}, map[string]any{"predictions": predictions})
		}
	}
	require.NoError(t, r.Shutdown(ctx))
	require.NoError(t, s.Shutdown(ctx))

	counts := map[string]uint64{}
	sum := 0.0
	for m := range testkit.Metrics(tee.AllMetrics()...) {
		switch m.Name() {
		case "ml.prediction.count":
			for _, p := range m.Sum().DataPoints().All() {
				counts["predictions"] += uint64(p.IntValue())
			}
		case "ml.prediction.class.count":
			for _, p := range m.Sum().DataPoints().All() {
				counts["classes"] += uint64(p.IntValue())
			}
		case "ml.feature.value":
			for _, p := range m.Histogram().DataPoints().All() {
				feature, _ := p.Attributes().Get("ml.feature.name")
				counts[feature.Str()] += p.Count()
				if feature.Str() == "amount" {
					sum += p.Sum()
				}
			}
		}
	}
	const all = hours * calls * rows
	assert.Equal(t, map[string]uint64{"predictions": all, "classes": all, "amount": all, "age": all}, counts)
	assert.InDelta(t, all, sum, 0.1*all, "the mean of amount has shifted by 1")

	psi := map[string]float64{}
	require.Eventually(t, func() bool {
		for p := range testkit.Points("ml.drift.score", scores.AllMetrics()...) {
			of := p.Attributes().AsRaw()
			if of["ml.drift.method"] == "psi" && of["ml.drift.subject"] == "feature" {
				psi[of["ml.feature.name"].(string)] = p.DoubleValue()
			}
		}
		return len(psi) == 2
	}, 5*time.Second, 20*time.Millisecond)
	assert.Greater(t, psi["amount"], 0.5)
	assert.Less(t, psi["age"], 0.1)
}

// teeMetrics passes metrics on to both.
type teeMetrics struct {
	*consumertest.MetricsSink
	next interface {
		ConsumeMetrics(context.Context, pmetric.Metrics) error
	}
}

func (t teeMetrics) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	if err := t.MetricsSink.ConsumeMetrics(ctx, md); err != nil {
		return err
	}
	return t.next.ConsumeMetrics(ctx, md)
}
