// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package scaling

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/kafkaexporter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
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
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

func TestMain(m *testing.M) {
	if id := os.Getenv(memberID); id != "" {
		runMember(id, os.Getenv(memberBrokers), os.Getenv(memberFile))
		return
	}
	goleak.VerifyTestMain(m)
}

const (
	topic    = "ml_deltas"
	patience = time.Minute
)

var models = []string{"fraud", "churn", "recsys", "pricing", "eta", "ltv", "spam", "rank"}

// tester is what helpers need of a test; the process of a member is one, too.
type tester interface {
	require.TestingT
	Helper()
	Context() context.Context
}

// load decodes options over the default config of a component.
func load[C any](t tester, f component.Factory, options map[string]any) C {
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
func summary(t tester, next consumer.Metrics) connector.Traces {
	t.Helper()
	f := mlsummaryconnector.NewFactory()
	cfg := load[*mlsummaryconnector.Config](t, f, map[string]any{"flush_interval": "50ms", "feature_flush_interval": "50ms"})
	s, err := f.CreateTracesToMetrics(t.Context(), connectortest.NewNopSettings(f.Type()), cfg, next)
	require.NoError(t, err)
	require.NoError(t, s.Start(t.Context(), host()))
	return s
}

// aggregator starts an ml_drift. Windows of an hour are compared with the one before.
func aggregator(t tester, sink consumer.Metrics) connector.Metrics {
	t.Helper()
	f := mldriftconnector.NewFactory()
	cfg := load[*mldriftconnector.Config](t, f, map[string]any{
		"reference": []any{"baseline", "previous"}, "min_samples": 20, "lateness": "90m", "idle": "24h", "emit_interval": "100ms", "season": "none",
	})
	d, err := f.CreateMetricsToMetrics(t.Context(), connectortest.NewNopSettings(f.Type()), cfg, sink)
	require.NoError(t, err)
	require.NoError(t, d.Start(t.Context(), host()))
	return d
}

// leaf starts an ml_summary that writes to Kafka as docs/scaling.md says.
func leaf(t *testing.T, c *kfake.Cluster) (s connector.Traces, stop func()) {
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

// values are the points of an emission by metric and attributes: totals, samples, scores and
// verdicts.
func values(emission pmetric.Metrics) map[string]string {
	out := make(map[string]string)
	for _, rm := range emission.ResourceMetrics().All() {
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

// counted returns the predictions of each model in an emission.
func counted(emission pmetric.Metrics) map[string]int {
	out := make(map[string]int)
	for p := range testkit.Points(mlconv.MetricPredictionCount, emission) {
		model, _ := p.Attributes().Get(mlconv.AttrModelName)
		out[model.Str()] += int(p.IntValue())
	}
	return out
}

// last returns the last emission that a sink has.
func last(sink *testkit.MetricsSink) pmetric.Metrics {
	all := sink.AllMetrics()
	if len(all) == 0 {
		return pmetric.NewMetrics()
	}
	return all[len(all)-1]
}

// repeat writes the first messages of each partition again, as a leaf does that was not told that
// they had been taken.
func repeat(t *testing.T, c *kfake.Cluster, n int) {
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

// world is three leaves whose deltas go to Kafka, and beside them one collector that sees every
// span.
type world struct {
	t       *testing.T
	cluster *kfake.Cluster
	leaves  []connector.Traces
	written *written

	whole     connector.Traces
	reference *testkit.MetricsSink

	begin time.Time
	rand  *rand.Rand
	sent  int // of each model
}

func newWorld(t *testing.T) *world {
	t.Helper()
	c, err := kfake.NewCluster(
		kfake.NumBrokers(2), kfake.SeedTopics(6, topic), kfake.GroupMinSessionTimeout(time.Second),
		kfake.BrokerConfigs(map[string]string{"group.initial.rebalance.delay.ms": "0"}))
	require.NoError(t, err)
	t.Cleanup(c.Close)
	w := &world{
		t: t, cluster: c, reference: &testkit.MetricsSink{}, written: readAll(t, c),
		begin: time.Now().Truncate(time.Hour).Add(-7 * time.Hour), rand: rand.New(rand.NewPCG(1, 2)),
	}
	alone := aggregator(t, w.reference)
	w.whole = summary(t, alone)
	t.Cleanup(func() {
		require.NoError(t, w.whole.Shutdown(context.Background()))
		require.NoError(t, alone.Shutdown(context.Background()))
	})
	for range 3 {
		s, stop := leaf(t, c)
		t.Cleanup(stop)
		w.leaves = append(w.leaves, s)
	}
	return w
}

// send sends the spans of some steps, each when what the leaves have counted of the one before is in
// the topic.
func (w *world) send(from, to int) {
	w.t.Helper()
	for i := from; i < to; i++ {
		for _, s := range w.leaves {
			td := step(w.rand, w.begin.Add(time.Duration(i)*10*time.Minute), i >= 6)
			require.NoError(w.t, s.ConsumeTraces(w.t.Context(), td))
			require.NoError(w.t, w.whole.ConsumeTraces(w.t.Context(), td))
			w.sent += 40
		}
		require.EventuallyWithT(w.t, func(check *assert.CollectT) {
			assert.Equal(check, w.counts(), w.written.counts())
		}, patience, 10*time.Millisecond)
	}
}

// counts are what is to be counted of each model.
func (w *world) counts() map[string]int {
	want := make(map[string]int)
	for _, m := range models {
		want[m] = w.sent
	}
	return want
}

// shared waits until both members have some of the models each, no model is at both, and their
// counts are those of what was sent.
func (w *world) shared(one, two *member) {
	w.t.Helper()
	require.EventuallyWithT(w.t, func(check *assert.CollectT) {
		first, second := counted(one.emission()), counted(two.emission())
		both := maps.Clone(first)
		maps.Copy(both, second)
		assert.Equal(check, w.counts(), both)
		assert.Len(check, first, len(models)-len(second), "a model has one owner")
		assert.NotEmpty(check, first)
		assert.NotEmpty(check, second)
	}, patience, 50*time.Millisecond)
}

// same waits until members together say what one collector says: counts, buckets, scores, p-values
// and verdicts.
func (w *world) same(members ...*member) {
	w.t.Helper()
	require.EventuallyWithT(w.t, func(check *assert.CollectT) { assert.Equal(check, w.counts(), counted(last(w.reference))) },
		patience, 50*time.Millisecond)
	require.EventuallyWithT(w.t, func(check *assert.CollectT) {
		got, n := make(map[string]string), 0
		for _, m := range members {
			of := values(m.emission())
			maps.Copy(got, of)
			n += len(of)
		}
		want := values(last(w.reference))
		assert.Equal(check, want, got)
		assert.Len(check, got, n, "nothing is said twice")
		assert.Equal(check, "1", want[key(mlconv.MetricDriftDetected, fraudAmount())], "the drift is found")
	}, patience, 100*time.Millisecond)
}

const steps, half = 36, 18 // six hours

// Three leaves, two aggregators in a group: each has its models, whole. One is killed: the other
// takes its partitions over, reads them again, and says in the end what one collector says that has
// seen every span, once.
func TestKilledAggregator(t *testing.T) {
	w := newWorld(t)
	first, second := w.member("first"), w.member("second")
	w.send(0, half)
	w.shared(first, second)
	first.Kill()
	w.send(half, half+2) // nobody has some of them
	repeat(t, w.cluster, 20)
	w.send(half+2, steps)
	w.same(second)
}

// An aggregator that stands still, as a virtual machine does that is moved, loses its partitions
// without knowing it. When it goes on it says nothing of them any more, and has again what it is
// given again.
func TestPausedAggregator(t *testing.T) {
	w := newWorld(t)
	first, second := w.member("first"), w.member("second")
	w.send(0, half)
	w.shared(first, second)
	first.pause()
	w.send(half, steps)
	w.same(second)
	first.resume()
	w.shared(first, second)
	w.same(first, second)
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
