// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package scaling

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/kafkaexporter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/delta/otlp"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
	"github.com/otelcol-ml/otelcol-ml/receiver/mldeltareceiver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	topic    = "ml_deltas"
	patience = time.Minute
)

var models = []string{"fraud", "churn", "recsys", "pricing", "eta", "ltv", "spam", "rank"}

// load decodes options over the default config of a component.
func load[C any](t *testing.T, f component.Factory, options map[string]any) C {
	t.Helper()
	cfg := f.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(options).Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	return cfg.(C)
}

// host has a catalog with a card and a baseline for each model: all count in the same bins.
func host() component.Host {
	r := rand.New(rand.NewPCG(3, 4))
	amounts, confidences := make([]float64, 5000), make([]float64, 5000)
	for i := range amounts {
		amounts[i], confidences[i] = r.NormFloat64(), r.Float64()
	}
	base := &profile.Profile{
		FormatVersion: profile.FormatVersion, Rows: 5000,
		Features: []*profile.Column{
			profile.NewNumeric("amount", amounts, 0, distribution.DefaultBins),
			profile.NewCategorical("country", map[string]uint64{"DE": 1700, "FR": 1700, "US": 1600}, 0, 200),
		},
		Prediction: profile.NewCategorical("class", map[string]uint64{"yes": 2500, "no": 2500}, 0, 200),
		Confidence: profile.NewNumeric("confidence", confidences, 0, distribution.DefaultBins),
	}
	var cards []*catalog.Model
	for _, name := range models {
		cards = append(cards, &catalog.Model{Name: name, Baseline: base})
	}
	return testkit.Host{catalogtest.ID: catalogtest.NewExtension(catalog.NewSet(cards, nil))}
}

// summary starts an ml_summary.
func summary(t *testing.T, next consumer.Metrics) connector.Traces {
	t.Helper()
	f := mlsummaryconnector.NewFactory()
	cfg := load[*mlsummaryconnector.Config](t, f, map[string]any{"flush_interval": "50ms", "feature_flush_interval": "50ms"})
	s, err := f.CreateTracesToMetrics(t.Context(), connectortest.NewNopSettings(f.Type()), cfg, next)
	require.NoError(t, err)
	require.NoError(t, s.Start(t.Context(), host()))
	return s
}

// aggregator starts an ml_drift. Windows of an hour are compared with the one before.
func aggregator(t *testing.T) (connector.Metrics, *testkit.MetricsSink) {
	t.Helper()
	f := mldriftconnector.NewFactory()
	cfg := load[*mldriftconnector.Config](t, f, map[string]any{
		"reference": []any{"baseline", "previous"}, "min_samples": 20, "lateness": "90m", "idle": "24h", "emit_interval": "100ms", "season": "none",
	})
	sink := &testkit.MetricsSink{}
	d, err := f.CreateMetricsToMetrics(t.Context(), connectortest.NewNopSettings(f.Type()), cfg, sink)
	require.NoError(t, err)
	require.NoError(t, d.Start(t.Context(), host()))
	return d, sink
}

// leaf starts an ml_summary that writes to Kafka as docs/scaling.md says.
func leaf(t *testing.T, c *cluster) (s connector.Traces, stop func()) {
	t.Helper()
	f := kafkaexporter.NewFactory()
	cfg := load[*kafkaexporter.Config](t, f, map[string]any{
		"brokers":          c.ListenAddrs(),
		"metrics":          map[string]any{"topic": topic, "encoding": "otlp_proto", "message_key_from_metadata_key": "ml-model"},
		"producer":         map[string]any{"required_acks": -1, "compression": "zstd", "max_message_bytes": 8388608},
		"sending_queue":    map[string]any{"block_on_overflow": true},
		"retry_on_failure": map[string]any{"initial_interval": "200ms", "max_elapsed_time": 0},
	})
	set := exportertest.NewNopSettings(f.Type())
	set.Logger = zaptest.NewLogger(t, zaptest.Level(zap.WarnLevel))
	e, err := f.CreateMetrics(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	s = summary(t, e)
	return s, func() {
		require.NoError(t, s.Shutdown(context.Background()))
		require.NoError(t, e.Shutdown(context.Background()))
	}
}

// member starts an aggregator that reads from Kafka.
func member(t *testing.T, c *cluster, id string) (sink *testkit.MetricsSink, stop func()) {
	t.Helper()
	d, sink := aggregator(t)
	f := mldeltareceiver.NewFactory()
	cfg := load[*mldeltareceiver.Config](t, f, map[string]any{"brokers": c.ListenAddrs(), "client_id": id, "session_timeout": "6s"})
	set := receivertest.NewNopSettings(f.Type())
	set.Logger = zaptest.NewLogger(t, zaptest.Level(zap.InfoLevel)).Named(id)
	r, err := f.CreateMetrics(t.Context(), set, cfg, d)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	return sink, func() {
		require.NoError(t, r.Shutdown(context.Background()))
		require.NoError(t, d.Shutdown(context.Background()))
	}
}

// step is ten minutes of spans of all models. The answers of one of them move.
func step(r *rand.Rand, from time.Time, moved bool) ptrace.Traces {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := range 40 * len(models) {
		s := spans.AppendEmpty()
		var trace pcommon.TraceID
		binary.BigEndian.PutUint64(trace[:8], r.Uint64())
		binary.BigEndian.PutUint64(trace[8:], r.Uint64())
		s.SetTraceID(trace)
		s.SetSpanID(pcommon.SpanID(trace[:8]))
		at := from.Add(time.Duration(r.IntN(600)) * time.Second)
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(at))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(at))
		a := s.Attributes()
		model := models[i%len(models)]
		a.PutStr(mlconv.AttrModelName, model)
		a.PutStr(mlconv.AttrModelVersion, "1")
		amount := r.NormFloat64()
		if moved && model == "fraud" {
			amount += 3
		}
		a.PutDouble("ml.feature.amount", amount)
		a.PutStr("ml.feature.country", []string{"DE", "FR", "US"}[r.IntN(3)])
		a.PutStr(mlconv.AttrPredictionClass, []string{"yes", "no"}[r.IntN(2)])
		a.PutDouble(mlconv.AttrPredictionConfidence, r.Float64())
	}
	return td
}

// values are the points of the last emission by metric and attributes: totals, samples, scores and
// verdicts.
func values(sink *testkit.MetricsSink) map[string]string {
	out := make(map[string]string)
	all := sink.AllMetrics()
	if len(all) == 0 {
		return out
	}
	for _, rm := range all[len(all)-1].ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				name := m.Name()
				switch m.Type() {
				case pmetric.MetricTypeGauge:
					for _, p := range m.Gauge().DataPoints().All() {
						if v, ok := p.Attributes().Get(mlconv.AttrDriftVerdict); ok && v.Str() == "insufficient" && testkit.Number(p) == 0 {
							continue // its reason is one that held in an emission before, of which some had more
						}
						out[key(name, p.Attributes())] = fmt.Sprintf("%.9g", testkit.Number(p))
					}
				case pmetric.MetricTypeSum:
					for _, p := range m.Sum().DataPoints().All() {
						out[key(name, p.Attributes())] = fmt.Sprintf("%.9g", testkit.Number(p))
					}
				case pmetric.MetricTypeHistogram:
					for _, p := range m.Histogram().DataPoints().All() {
						out[key(name, p.Attributes())] = fmt.Sprintf("%d %.9g %v", p.Count(), p.Sum(), p.BucketCounts().AsRaw())
					}
				}
			}
		}
	}
	return out
}

func key(name string, attrs pcommon.Map) string {
	pairs := []string{}
	for k, v := range attrs.All() {
		pairs = append(pairs, k+"="+v.AsString())
	}
	slices.Sort(pairs)
	return name + "{" + strings.Join(pairs, ",") + "}"
}

// counted returns the predictions of each model in the last emission.
func counted(sink *testkit.MetricsSink) map[string]int {
	out := make(map[string]int)
	all := sink.AllMetrics()
	if len(all) == 0 {
		return out
	}
	for p := range testkit.Points(mlconv.MetricPredictionCount, all[len(all)-1]) {
		model, _ := p.Attributes().Get(mlconv.AttrModelName)
		out[model.Str()] += int(p.IntValue())
	}
	return out
}

// repeat writes the first messages of each partition again, as a leaf does that was not told that
// they had been taken.
func repeat(t *testing.T, c *cluster, n int) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics(topic), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	require.NoError(t, err)
	defer client.Close()
	var again []*kgo.Record
	for len(again) < n {
		for _, r := range client.PollFetches(t.Context()).Records() {
			again = append(again, &kgo.Record{Topic: topic, Partition: r.Partition, Key: r.Key, Value: r.Value})
		}
	}
	require.NoError(t, client.ProduceSync(t.Context(), again[:n]...).FirstErr())
}

// written returns the predictions of each model in the topic, each point once.
func written(t *testing.T, c *cluster) map[string]int {
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics(topic))
	require.NoError(t, err)
	defer client.Close()
	out := make(map[string]int)
	seen := make(map[string]bool)
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		records := client.PollFetches(ctx).Records()
		cancel()
		if len(records) == 0 {
			return out
		}
		for _, r := range records {
			md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(r.Value)
			require.NoError(t, err)
			for _, d := range otlp.Decode(md).Deltas {
				id := fmt.Sprint(d.Producer, d.Sequence, " ", d.Ordinal)
				if d.Key.Subject == delta.Predictions && !seen[id] {
					out[d.Key.Model] += int(d.Count)
				}
				seen[id] = true
			}
		}
	}
}

// Three leaves, two aggregators in a group: each has its models, whole. One is killed: the other
// takes its partitions over, reads them again, and says in the end what one collector says that has
// seen every span, once. The one that was killed, should it live on, says nothing of them any more.
func TestKilledAggregator(t *testing.T) {
	const steps, half = 36, 18 // six hours
	c := newCluster(t, 6, topic)
	alone, reference := aggregator(t)
	whole := summary(t, alone)
	var leaves []connector.Traces
	for range 3 {
		s, stop := leaf(t, c)
		defer stop()
		leaves = append(leaves, s)
	}
	first, stopFirst := member(t, c, "first")
	defer stopFirst()
	second, stopSecond := member(t, c, "second")
	defer stopSecond()

	defer func() {
		if t.Failed() {
			t.Log("the topic has", written(t, c))
		}
	}()
	begin := time.Now().Truncate(time.Hour).Add(-7 * time.Hour)
	r := rand.New(rand.NewPCG(1, 2))
	sent := 0
	send := func(from, to int) {
		for i := from; i < to; i++ {
			for _, s := range leaves {
				td := step(r, begin.Add(time.Duration(i)*10*time.Minute), i >= 6)
				require.NoError(t, s.ConsumeTraces(t.Context(), td))
				require.NoError(t, whole.ConsumeTraces(t.Context(), td))
				sent += 40
			}
			time.Sleep(120 * time.Millisecond) // it is flushed
		}
	}
	expected := func() map[string]int {
		want := make(map[string]int)
		for _, m := range models {
			want[m] = sent
		}
		return want
	}

	send(0, half)
	assert.EventuallyWithT(t, func(check *assert.CollectT) {
		first.Reset() // who has nothing emits nothing
		second.Reset()
		time.Sleep(250 * time.Millisecond)
		one, two := counted(first), counted(second)
		both := maps.Clone(one)
		maps.Copy(both, two)
		assert.Equal(check, expected(), both)
		assert.Len(check, one, len(models)-len(two), "a model has one owner")
		assert.NotEmpty(check, one)
		assert.NotEmpty(check, two)
	}, patience, 50*time.Millisecond)

	c.kill("first")
	send(half, half+2) // nobody has some of them
	repeat(t, c, 20)
	send(half+2, steps)
	for _, sink := range []*testkit.MetricsSink{second, reference} {
		assert.EventuallyWithT(t, func(check *assert.CollectT) { assert.Equal(check, expected(), counted(sink)) }, patience, 50*time.Millisecond)
	}
	assert.EventuallyWithT(t, func(check *assert.CollectT) {
		got, want := values(second), values(reference)
		assert.Equal(check, want, got)
		assert.Equal(check, "1", want[key(mlconv.MetricDriftDetected, fraudAmount())], "the drift is found")
	}, patience, 100*time.Millisecond)
	assert.EventuallyWithT(t, func(check *assert.CollectT) {
		first.Reset()
		time.Sleep(300 * time.Millisecond)
		assert.Empty(check, counted(first))
	}, patience, 50*time.Millisecond)

	require.NoError(t, whole.Shutdown(context.Background()))
	require.NoError(t, alone.Shutdown(context.Background()))
}

// fraudAmount are the attributes of the feature that moves.
func fraudAmount() pcommon.Map {
	m := pcommon.NewMap()
	m.PutStr(mlconv.AttrModelName, "fraud")
	m.PutStr(mlconv.AttrModelVersion, "1")
	m.PutStr(mlconv.AttrDriftSubject, "feature")
	m.PutStr(mlconv.AttrFeatureName, "amount")
	m.PutStr(mlconv.AttrDriftReference, "baseline")
	return m
}
