// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// flood is what comes in a second, with a number for each span that is its own.
type flood struct {
	td ptrace.Traces
	n  int
}

// add adds a prediction of a model.
func (f *flood) add(model, version string, attributes ...string) {
	f.n++
	s := spanAt(f.td, time.Now(), 1)
	s.SetSpanID(pcommon.SpanID{1, byte(f.n >> 24), byte(f.n >> 16), byte(f.n >> 8), byte(f.n)})
	s.Attributes().PutStr(mlconv.AttrModelName, model)
	s.Attributes().PutStr(mlconv.AttrModelVersion, version)
	s.Attributes().PutStr(mlconv.AttrPredictionClass, "ok")
	for i := 0; i < len(attributes); i += 2 {
		s.Attributes().PutStr(attributes[i], attributes[i+1])
	}
}

// What 440 made-up names a second leave of others: all of what has a place, or a card, whenever it comes; of a model
// that comes for the first time all but its first minutes. Nothing is counted nowhere.
func TestFlood(t *testing.T) {
	const seconds, begins = 360, 120
	for _, temporality := range []string{TemporalityEventDelta, TemporalityCumulative} {
		t.Run(temporality, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := createDefaultConfig().(*Config)
				cfg.Temporality = temporality
				cfg.Segments = []string{"country"}
				listed := &catalog.Model{Name: "listed"}
				listed.Versions = []*catalog.Version{{Model: listed, Version: "7"}}
				w := watchFlushing(t, cfg, listed, &catalog.Model{Name: "carded"})
				f := &flood{}
				sent := 0
				for second := range seconds {
					f.td = ptrace.NewTraces()
					if second >= 30 {
						for range 440 {
							name := fmt.Sprint("made up ", f.n)
							f.add(name, "1", "ml.feature.word", name)
						}
						for range 6 {
							version := fmt.Sprint("made up ", f.n)
							f.add("listed", version)
							f.add("carded", version)
							f.add("early", "1", "ml.segment.country", version, "ml.feature."+version, "x", "ml.feature.word", version)
						}
					}
					f.add("early", "1", "ml.segment.country", "DE", "ml.feature.word", "yes")
					if second >= begins {
						f.add("listed", "7")
						f.add("carded", "8")
						f.add("late", "1", "ml.segment.country", "FR")
						f.add("early", "1", "ml.segment.country", "late")
					}
					sent += f.td.SpanCount()
					require.NoError(t, w.ConsumeTraces(t.Context(), f.td))
					testkit.Advance(time.Second)
				}
				testkit.Advance(time.Minute)

				got, segments := totals(t, w.next.AllMetrics())
				// Of the early one's there are those with made-up segments, too.
				assert.EqualValues(t, seconds+6*(seconds-30)+seconds-begins, got["early 1"])
				assert.EqualValues(t, seconds-begins, got["listed 7"])
				assert.EqualValues(t, seconds, segments["early 1 country=DE"])
				for _, newcomer := range []string{"carded 8", "late 1"} {
					assert.GreaterOrEqual(t, got[newcomer], uint64(seconds-begins-120), newcomer)
				}
				if temporality == TemporalityEventDelta { // a cumulative series of segments keeps its place
					assert.GreaterOrEqual(t, segments["early 1 country=late"], uint64(seconds-begins-150))
				}
				all := uint64(0)
				for _, n := range got {
					all += n
				}
				assert.EqualValues(t, sent, all, "what finds no place is counted together")
				assert.Greater(t, got["overflow"], uint64(100_000))

				assert.NotZero(t, w.own(t, "ml_summary_evicted", "limit", "models"))
				assert.NotZero(t, w.own(t, "ml_summary_overflowed", "limit", "models"))
				assert.NotEmpty(t, w.logged("limits::models is reached"))
				lines := w.logged("places were given away")
				require.NotEmpty(t, lines)
				assert.LessOrEqual(t, len(lines), 8, "one a limit in ten minutes")
			})
		})
	}
}

// own is the value of one of the connector's own counters.
func (w *watched) own(t *testing.T, metric, key, value string) (n int64) {
	t.Helper()
	got, err := w.tel.GetMetric("otelcol_" + metric)
	require.NoError(t, err)
	sum, ok := got.Data.(metricdata.Sum[int64])
	require.True(t, ok)
	for _, p := range sum.DataPoints {
		if v, _ := p.Attributes.Value(attribute.Key(key)); v.AsString() == value {
			n += p.Value
		}
	}
	return n
}

// totals adds up predictions by model and version, and those by segment. Of cumulative series it wants that none steps back
// without a new start, and adds up what each had in the end.
func totals(t *testing.T, all []pmetric.Metrics) (models, segments map[string]uint64) {
	t.Helper()
	models, segments = make(map[string]uint64), make(map[string]uint64)
	type state struct{ start, end, value uint64 }
	last := make(map[string]state)
	for _, md := range all {
		for _, rm := range md.ResourceMetrics().All() {
			eachPoint(rm, func(p point) {
				if p.metric != mlconv.MetricPredictionCount {
					return
				}
				name, sums := nameOf(p.attrs), models
				if segment, ok := p.attrs.Get(mlconv.AttrSegment); ok {
					name, sums = name+" "+segment.Str(), segments
				}
				if _, delta := p.attrs.Get(mlconv.AttrSummaryPoint); delta {
					sums[name] += p.count
					return
				}
				before, ok := last[name]
				if ok && before.start == p.start {
					assert.GreaterOrEqual(t, p.count, before.value, "%s: steps back", name)
					sums[name] += p.count - before.value
				} else {
					assert.GreaterOrEqual(t, p.start, before.end, "%s: a new start lies after the end", name)
					sums[name] += p.count
				}
				last[name] = state{p.start, p.end, p.count}
			})
		}
	}
	return models, segments
}

// nameOf is a model with its version; of what has no place it is overflow.
func nameOf(attrs pcommon.Map) string {
	model, named := attrs.Get(mlconv.AttrModelName)
	if !named {
		return "overflow"
	}
	version, _ := attrs.Get(mlconv.AttrModelVersion)
	return model.Str() + " " + version.Str()
}
