// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// link is a consumer that can fail. What it refuses it keeps too, to compare.
type link struct {
	testkit.MetricsSink
	mu      sync.Mutex // guards refused
	refused []pmetric.Metrics
}

func (l *link) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	err := l.MetricsSink.ConsumeMetrics(ctx, md)
	if err != nil {
		l.mu.Lock()
		l.refused = append(l.refused, md)
		l.mu.Unlock()
	}
	return err
}

// counts adds up the points of a metric by start of their pane, leaving out cohorts.
func counts(all []pmetric.Metrics, metric string) map[int64]uint64 {
	sums := make(map[int64]uint64)
	for _, md := range all {
		for _, rm := range md.ResourceMetrics().All() {
			eachPoint(rm, func(p point) {
				if _, cohort := p.attrs.Get(mlconv.AttrSegment); p.metric == metric && !cohort {
					sums[int64(p.start)/int64(time.Minute)] += p.count
				}
			})
		}
	}
	return sums
}

func total(all []pmetric.Metrics, metric string) (n uint64) {
	for _, c := range counts(all, metric) {
		n += c
	}
	return n
}

func sequences(all []pmetric.Metrics) (seqs []int64) {
	for _, md := range all {
		s, _ := md.ResourceMetrics().At(0).Resource().Attributes().Get(mlconv.AttrSummarySequence)
		seqs = append(seqs, s.Int())
	}
	return seqs
}

// spansAt is one span of the model fraud, with an amount, at each of the times.
func spansAt(times ...time.Time) ptrace.Traces {
	td := ptrace.NewTraces()
	for i, at := range times {
		s := spanAt(td, at, byte(i+1))
		s.Attributes().PutStr("ml.prediction.class", "ok")
		s.Attributes().PutDouble("ml.feature.f00", float64(i))
	}
	return td
}

// A flush that failed comes again as it was, and what is counted meanwhile comes after it; the
// caller never hears of it.
func TestFailedFlushIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &link{}
		c := started(t, createDefaultConfig().(*Config), next, newCatalog(fraudCard(1)))
		next.Fail(errors.New("link is down"))
		require.NoError(t, c.ConsumeTraces(t.Context(), spansAt(benchTime)))
		testkit.Advance(16 * time.Second) // fails
		require.NoError(t, c.ConsumeTraces(t.Context(), spansAt(benchTime, benchTime)))
		testkit.Advance(15 * time.Second) // fails again
		require.Len(t, next.refused, 2)
		marshal := func(md pmetric.Metrics) string {
			data, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(md)
			require.NoError(t, err)
			return string(data)
		}
		assert.Equal(t, marshal(next.refused[0]), marshal(next.refused[1]))
		next.Fail(nil)
		testkit.Advance(15 * time.Second)
		got := next.AllMetrics()
		require.Len(t, got, 2)
		assert.Equal(t, marshal(next.refused[0]), marshal(got[0]))
		assert.Equal(t, []int64{1, 2}, sequences(got))
		assert.Equal(t, uint64(1), total(got[:1], mlconv.MetricPredictionCount))
		assert.Equal(t, uint64(2), total(got[1:], mlconv.MetricPredictionCount))
		require.NoError(t, c.Shutdown(context.Background()))
		assert.Equal(t, uint64(3), total(next.AllMetrics(), mlconv.MetricFeatureValue))
	})
}

// Spans that a client sends again, because another consumer of the pipeline failed, are counted
// once: in the same request or in one of another make-up.
func TestRepeatedSpansAreCountedOnce(t *testing.T) {
	next := &link{}
	c := remembering(t, createDefaultConfig().(*Config), next, nil)
	for range 3 {
		require.NoError(t, c.ConsumeTraces(t.Context(), spansAt(benchTime, benchTime)))
	}
	require.NoError(t, c.ConsumeTraces(t.Context(), spansAt(benchTime)))
	require.NoError(t, c.ConsumeTraces(t.Context(), spansAt(benchTime, benchTime, benchTime)))
	require.NoError(t, c.Shutdown(t.Context()))
	assert.Equal(t, uint64(3), total(next.AllMetrics(), mlconv.MetricPredictionCount))
}

// A retry cannot be harmed by a consumer that changed what it refused.
func TestConsumerMayChangeWhatItRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := new(consumertest.MetricsSink)
		first := true
		next, err := consumer.NewMetrics(func(ctx context.Context, md pmetric.Metrics) error {
			if first {
				first = false
				md.ResourceMetrics().RemoveIf(func(pmetric.ResourceMetrics) bool { return true })
				return errors.New("no")
			}
			return sink.ConsumeMetrics(ctx, md)
		}, consumer.WithCapabilities(consumer.Capabilities{MutatesData: true}))
		require.NoError(t, err)
		c := started(t, createDefaultConfig().(*Config), next, nil)
		require.NoError(t, c.ConsumeTraces(t.Context(), spansAt(benchTime)))
		testkit.Advance(31 * time.Second)
		assert.Equal(t, uint64(1), total(sink.AllMetrics(), mlconv.MetricPredictionCount))
	})
}

func TestPermanentErrorDropsTheFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &link{}
		c := started(t, createDefaultConfig().(*Config), next, nil)
		next.Fail(consumererror.NewPermanent(errors.New("too old")))
		require.NoError(t, c.ConsumeTraces(t.Context(), spansAt(benchTime)))
		testkit.Advance(16 * time.Second)
		next.Fail(nil)
		require.NoError(t, c.ConsumeTraces(t.Context(), spansAt(benchTime)))
		testkit.Advance(15 * time.Second)
		assert.Equal(t, []int64{2}, sequences(next.AllMetrics()))
		assert.Equal(t, uint64(1), total(next.AllMetrics(), mlconv.MetricPredictionCount))
	})
}

// Predictions come with every flush, features with every fourth one by default.
func TestIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &link{}
		c := started(t, createDefaultConfig().(*Config), next, nil)
		testkit.Advance(time.Second)
		for range 8 {
			require.NoError(t, c.ConsumeTraces(t.Context(), spansAt(benchTime)))
			testkit.Advance(15 * time.Second)
		}
		var predictions, features int
		for _, md := range next.AllMetrics() {
			if total([]pmetric.Metrics{md}, mlconv.MetricPredictionCount) > 0 {
				predictions++
			}
			if total([]pmetric.Metrics{md}, mlconv.MetricFeatureValue) > 0 {
				features++
			}
		}
		assert.Equal(t, 8, predictions)
		assert.Equal(t, 2, features)
		assert.Equal(t, uint64(8), total(next.AllMetrics(), mlconv.MetricFeatureValue))
	})
}

// A late span is one more delta for its own minute.
func TestLateSpans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &link{}
		c := started(t, createDefaultConfig().(*Config), next, nil)
		minute := benchTime.Unix() / 60
		require.NoError(t, c.ConsumeTraces(t.Context(), spansAt(benchTime, benchTime.Add(time.Minute))))
		testkit.Advance(16 * time.Second)
		require.NoError(t, c.ConsumeTraces(t.Context(), spansAt(benchTime.Add(59*time.Second), benchTime.Add(-time.Hour))))
		testkit.Advance(15 * time.Second)
		assert.Equal(t, map[int64]uint64{minute: 1, minute + 1: 1}, counts(next.AllMetrics()[:1], mlconv.MetricPredictionCount))
		assert.Equal(t, map[int64]uint64{minute: 1, minute - 60: 1}, counts(next.AllMetrics()[1:], mlconv.MetricPredictionCount))
	})
}

// boundsOf returns the different bounds of the total of a feature.
func boundsOf(all []pmetric.Metrics, feature string) map[string]uint64 {
	bounds := make(map[string]uint64)
	for _, md := range all {
		for _, rm := range md.ResourceMetrics().All() {
			eachPoint(rm, func(p point) {
				name, _ := p.attrs.Get(mlconv.AttrFeatureName)
				if p.metric == mlconv.MetricFeatureValue && name.Str() == feature {
					bounds[fmt.Sprint(p.hist.ExplicitBounds().AsRaw())] += p.count
				}
			})
		}
	}
	return bounds
}

func cardWithBounds(bounds ...float64) *catalog.Model {
	counts := make([]uint64, len(bounds)+1)
	for i := 1; i < len(bounds); i++ {
		counts[i] = 10
	}
	n := uint64(10 * (len(bounds) - 1))
	return &catalog.Model{Name: "fraud", Baseline: &profile.Profile{FormatVersion: 1, Features: []*profile.Column{{
		Name: "f00", Type: profile.Numeric, Count: n,
		Numeric: &profile.NumericColumn{Min: bounds[0], Max: bounds[len(bounds)-1], Bounds: bounds, Counts: counts},
	}}}}
}

// After a reload, what was counted by the old bounds is flushed by them.
func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &link{}
		cat := newCatalog(cardWithBounds(0, 1, 2))
		c := started(t, createDefaultConfig().(*Config), next, cat)
		require.NoError(t, c.ConsumeTraces(t.Context(), spansAt(benchTime, benchTime)))
		cat.Store(catalog.NewSet([]*catalog.Model{cardWithBounds(0, 5)}, nil))
		require.NoError(t, c.ConsumeTraces(t.Context(), spansAt(benchTime)))
		testkit.Advance(61 * time.Second)
		assert.Equal(t, map[string]uint64{"[0 1 2]": 2, "[0 5]": 1}, boundsOf(next.AllMetrics(), "f00"))
		assert.Equal(t, uint64(3), total(next.AllMetrics(), mlconv.MetricPredictionCount))
	})
}

// A flush that is due is not put off because the one before it was a little late.
func TestFeaturesWithEachFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &link{}
		cfg := createDefaultConfig().(*Config)
		cfg.FlushInterval, cfg.FeatureFlushInterval = time.Second, time.Second
		c := started(t, cfg, next, newCatalog(fraudCard(1)))
		require.True(t, c.flushing.Acquire(t.Context()))
		c.featuresDue = c.featuresDue.Add(time.Millisecond) // as after a late one
		c.flushing.Release()
		require.NoError(t, c.ConsumeTraces(t.Context(), spansAt(benchTime)))
		testkit.Advance(time.Second)
		assert.Equal(t, uint64(1), total(next.AllMetrics(), mlconv.MetricFeatureValue))
	})
}

// A cumulative series goes on over a reload that changed nothing, and starts anew after one that
// changed its bounds; there is never more than one point for the same dimensions.
func TestCumulativeReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &link{}
		cat := newCatalog(cardWithBounds(0, 1, 2))
		cfg := createDefaultConfig().(*Config)
		cfg.Temporality = TemporalityCumulative
		cfg.FeatureFlushInterval = cfg.FlushInterval
		c := started(t, cfg, next, cat)
		began := uint64(time.Now().UnixNano())
		require.NoError(t, c.ConsumeTraces(t.Context(), spansAt(benchTime)))
		testkit.Advance(16 * time.Second)
		cat.Store(catalog.NewSet([]*catalog.Model{cardWithBounds(0, 1, 2)}, nil))
		require.NoError(t, c.ConsumeTraces(t.Context(), spansAt(benchTime)))
		testkit.Advance(15 * time.Second)
		cat.Store(catalog.NewSet([]*catalog.Model{cardWithBounds(0, 5)}, nil))
		require.NoError(t, c.ConsumeTraces(t.Context(), spansAt(benchTime)))
		testkit.Advance(30 * time.Second)

		type row struct {
			count, start uint64
		}
		var rows []row
		for _, md := range next.AllMetrics() {
			points := 0
			eachPoint(md.ResourceMetrics().At(0), func(p point) {
				if p.metric == mlconv.MetricPredictionCount {
					points++
					rows = append(rows, row{p.count, p.start})
				}
			})
			assert.Equal(t, 1, points)
		}
		anew := began + uint64(30*time.Second)
		assert.Equal(t, []row{{1, began}, {2, began}, {2, began}, {1, anew}}, rows[:4])
	})
}

// A year's data in a moment needs no more accumulators than the limit, because full tables are
// flushed at once.
func TestReplayInBoundedMemory(t *testing.T) {
	next := &link{}
	cfg := createDefaultConfig().(*Config)
	cfg.Limits.Accumulators = 200
	c := started(t, cfg, next, newCatalog(fraudCard(3)))
	const hours = 365 * 24
	most := int64(0)
	for day := range 365 {
		var times []time.Time
		for hour := range 24 {
			times = append(times, benchTime.Add(time.Duration(day*24+hour)*time.Hour))
		}
		require.NoError(t, c.ConsumeTraces(t.Context(), spansAt(times...)))
		most = max(most, c.budget.Live())
	}
	assert.LessOrEqual(t, most, int64(220))
	require.NoError(t, c.Shutdown(context.Background()))
	got := next.AllMetrics()
	assert.Len(t, counts(got, mlconv.MetricPredictionCount), hours)
	assert.Equal(t, uint64(hours), total(got, mlconv.MetricPredictionCount))
	assert.Equal(t, uint64(hours), total(got, mlconv.MetricFeatureValue))
	assert.Zero(t, c.budget.Live())
	checkWire(t, got)
}

// While nothing can be delivered, old minutes give way to later ones, and no count is lost.
func TestFoldingWhileBlocked(t *testing.T) {
	next := &link{}
	cfg := createDefaultConfig().(*Config)
	cfg.Limits.Accumulators = 200
	cfg.FlushInterval, cfg.FeatureFlushInterval = time.Hour, time.Hour
	c := started(t, cfg, next, newCatalog(fraudCard(3)))
	next.Fail(errors.New("link is down"))
	const minutes = 2000
	for i := range minutes {
		require.NoError(t, c.ConsumeTraces(t.Context(), spansAt(benchTime.Add(time.Duration(i)*time.Minute))))
		assert.LessOrEqual(t, c.budget.Live(), int64(220))
	}
	next.Fail(nil)
	require.NoError(t, c.Shutdown(context.Background()))
	got := next.AllMetrics()
	assert.Equal(t, uint64(minutes), total(got, mlconv.MetricPredictionCount))
	assert.Equal(t, uint64(minutes), total(got, mlconv.MetricFeatureValue))
	last := benchTime.Unix()/60 + minutes - 1
	assert.Equal(t, uint64(1), counts(got, mlconv.MetricPredictionCount)[last], "the newest minute is untouched")
	assert.Zero(t, c.budget.Live())
}

// A large flush is cut into requests that a gRPC server takes by default, each later than the one
// before: what is between two of them may be closed before the second one comes.
func TestLargeFlushIsCut(t *testing.T) {
	next := &link{}
	cfg := createDefaultConfig().(*Config)
	card := fraudCard(20)
	card.Segments = []string{"country"}
	c := started(t, cfg, next, newCatalog(card))
	td := ptrace.NewTraces()
	rng := rand.New(rand.NewPCG(3, 3))
	for i := range 300 {
		s := spanAt(td, benchTime.Add(time.Duration(i)*time.Minute), 1)
		putFeatures(s, rng)
		s.Attributes().PutStr("ml.segment.country", []string{"DE", "FR"}[i%2])
	}
	require.NoError(t, c.ConsumeTraces(t.Context(), td))
	require.NoError(t, c.Shutdown(context.Background()))
	got := next.AllMetrics()
	assert.Greater(t, len(got), 4)
	newest := uint64(0)
	for _, md := range got {
		assert.Less(t, (&pmetric.ProtoMarshaler{}).MetricsSize(md), 4<<20)
		before := newest
		for _, rm := range md.ResourceMetrics().All() {
			eachPoint(rm, func(p point) {
				assert.GreaterOrEqual(t, p.start, before)
				newest = max(newest, p.start)
			})
		}
	}
	assert.Equal(t, uint64(300*20), total(got, mlconv.MetricFeatureValue))
	checkWire(t, got)
}

// Each request has one model, and says which in the metadata of the client; its flushes are numbered
// by model, also where one failed.
func TestEachModelHasRequestsOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := new(consumertest.MetricsSink)
		var keys []string
		var failing atomic.Bool
		failing.Store(true)
		next, err := consumer.NewMetrics(func(ctx context.Context, md pmetric.Metrics) error {
			if failing.Load() {
				return errors.New("link is down")
			}
			keys = append(keys, client.FromContext(ctx).Metadata.Get("ml-model")...)
			return sink.ConsumeMetrics(ctx, md)
		})
		require.NoError(t, err)
		cfg := createDefaultConfig().(*Config)
		cfg.Limits.Models = 2
		c := started(t, cfg, next, nil)
		consume := func() {
			for _, model := range []string{"fraud", "churn", "recsys"} {
				td := spansAt(benchTime)
				if model == "churn" {
					td.ResourceSpans().At(0).Resource().Attributes().PutStr("deployment.environment.name", "production")
				}
				td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().PutStr("ml.model.name", model)
				require.NoError(t, c.ConsumeTraces(t.Context(), td))
			}
		}
		consume()
		testkit.Advance(16 * time.Second)
		failing.Store(false)
		testkit.Advance(15 * time.Second)
		assert.ElementsMatch(t, []string{"fraud", "production/churn", "otel.metric.overflow"}, keys)
		consume()
		require.NoError(t, c.Shutdown(context.Background()))
		checkWire(t, sink.AllMetrics())
		assert.Equal(t, uint64(6), total(sink.AllMetrics(), mlconv.MetricPredictionCount))
		assert.Len(t, keys, 6)
	})
}

// A model that found no room gets the place of one that was silent for an hour, and not before; of one
// that was counted in one flush interval alone, with features or without, it gets it soon.
func TestPlacesAreGivenAway(t *testing.T) {
	for _, temporality := range []string{TemporalityEventDelta, TemporalityCumulative} {
		synctest.Test(t, func(t *testing.T) {
			next := &link{}
			cfg := createDefaultConfig().(*Config)
			cfg.Limits.Models = 1
			cfg.Temporality = temporality
			c := started(t, cfg, next, nil)
			consume := func(model string) {
				td := spansAt(benchTime)
				td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().PutStr("ml.model.name", model)
				require.NoError(t, c.ConsumeTraces(t.Context(), td))
			}
			seen := func(model string) (n uint64) {
				all := next.AllMetrics()
				eachPoint(all[len(all)-1].ResourceMetrics().At(0), func(p point) {
					if name, _ := p.attrs.Get("ml.model.name"); p.metric == mlconv.MetricPredictionCount && name.Str() == model {
						n += p.count
					}
				})
				return n
			}
			consume("made up")
			for range 4 {
				consume("one")
				testkit.Advance(time.Minute)
			}
			consume("one")
			testkit.Advance(15 * time.Second)
			assert.NotZero(t, seen("one"), temporality)
			for range 59 {
				consume("two")
				testkit.Advance(time.Minute)
			}
			consume("two")
			testkit.Advance(15 * time.Second)
			assert.Zero(t, seen("two"), temporality)
			testkit.Advance(3 * time.Minute)
			consume("two")
			testkit.Advance(15 * time.Second)
			assert.Equal(t, uint64(1), seen("two"), temporality)
		})
	}
}

// Many callers at once, flushes in between: every span is counted once.
func TestConcurrentConsumers(t *testing.T) {
	next := &link{}
	cfg := createDefaultConfig().(*Config)
	cfg.FlushInterval, cfg.FeatureFlushInterval = time.Millisecond, 2*time.Millisecond
	cfg.Limits.Accumulators = 20 // so that batches are interrupted by flushes
	cat := newCatalog(fraudCard(20))
	c := started(t, cfg, next, cat)
	td := benchTraces(t, 50, func(s ptrace.Span, rng *rand.Rand) {
		s.Attributes().Remove(mlconv.AttrModelName)
		putFeatures(s, rng)
	})
	td.ResourceSpans().At(0).Resource().Attributes().PutStr(mlconv.AttrModelName, "fraud")
	td.MarkReadOnly()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 20 {
				assert.NoError(t, c.ConsumeTraces(t.Context(), td))
				if i == 10 {
					cat.Store(catalog.NewSet(cat.Snapshot().Models, nil))
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, c.Shutdown(context.Background()))
	got := next.AllMetrics()
	assert.Equal(t, uint64(8*20*50), total(got, mlconv.MetricPredictionCount))
	assert.Equal(t, uint64(8*20*50*20), total(got, mlconv.MetricFeatureValue))
	checkWire(t, got)
}

func TestShutdown(t *testing.T) {
	t.Run("flushes, once", func(t *testing.T) {
		next := &link{}
		c := started(t, createDefaultConfig().(*Config), next, nil)
		require.NoError(t, c.ConsumeTraces(t.Context(), spansAt(benchTime)))
		require.NoError(t, c.Shutdown(context.Background()))
		require.NoError(t, c.Shutdown(context.Background()))
		assert.Len(t, next.AllMetrics(), 1)
	})
	t.Run("without start", func(t *testing.T) {
		c, err := newConnector(connectortest.NewNopSettings(metadata.Type), createDefaultConfig().(*Config), consumertest.NewNop())
		require.NoError(t, err)
		require.NoError(t, c.Shutdown(context.Background()))
	})
	t.Run("reports what is lost", func(t *testing.T) {
		set := connectortest.NewNopSettings(metadata.Type)
		logs := testkit.ObserveLogs(&set.TelemetrySettings, zap.ErrorLevel)
		next := &link{}
		next.Fail(errors.New("link is down"))
		c, err := newConnector(set, createDefaultConfig().(*Config), next)
		require.NoError(t, err)
		require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
		require.NoError(t, c.ConsumeTraces(t.Context(), spansAt(benchTime)))
		require.NoError(t, c.Shutdown(context.Background()))
		require.Equal(t, 1, logs.Len())
		assert.Contains(t, logs.All()[0].Message, "lost")
	})
	t.Run("does not outlive its context", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			stuck, err := consumer.NewMetrics(func(context.Context, pmetric.Metrics) error {
				<-release
				return nil
			})
			require.NoError(t, err)
			c, err := newConnector(connectortest.NewNopSettings(metadata.Type), createDefaultConfig().(*Config), stuck)
			require.NoError(t, err)
			require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
			require.NoError(t, c.ConsumeTraces(t.Context(), spansAt(benchTime)))
			testkit.Advance(16 * time.Second)
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			require.NoError(t, c.Shutdown(ctx))
			close(release)
		})
	})
}

func TestStartFindsTheCatalog(t *testing.T) {
	newOne := func(cfg *Config) *summaryConnector {
		c, err := newConnector(connectortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
		require.NoError(t, err)
		return c
	}
	id := component.MustNewID("other")
	c := newOne(&Config{Catalog: &id, DurationBuckets: []float64{1}})
	assert.ErrorContains(t, c.Start(t.Context(), testkit.Host{catalogtest.ID: newCatalog()}), "other")
	require.NoError(t, c.Shutdown(t.Context()))
}
