// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package series

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// point is a request with one point of a gauge.
func point(name string, v float64, at time.Time, attributes ...string) pmetric.Metrics {
	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(name)
	p := m.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetDoubleValue(v)
	p.SetTimestamp(pcommon.NewTimestampFromTime(at))
	for i := 0; i < len(attributes); i += 2 {
		p.Attributes().PutStr(attributes[i], attributes[i+1])
	}
	return md
}

func TestRefused(t *testing.T) {
	now := time.Now().Truncate(time.Millisecond)
	db := open(t)
	w := New(db, db.Head().NumSeries, Options{Suffixes: true, MaxSeries: 3})
	write := func(md pmetric.Metrics) Result {
		r, err := w.Write(context.Background(), md, now)
		require.NoError(t, err)
		return r
	}
	refused := func(why Reason, of Result) {
		t.Helper()
		assert.Equal(t, 1, of.Refused[why].Count, "%s: %+v", why, of)
		assert.Equal(t, 0, of.Written)
	}
	assert.Equal(t, 1, write(point("a", 1, now)).Written)
	assert.Equal(t, 1, write(point("a", 1, now)).Written, "the same again is no conflict")
	refused(Conflict, write(point("a", 2, now)))
	refused(TooOld, write(point("a", 2, now.Add(-time.Minute))))
	refused(TooNew, write(point("a", 2, now.Add(11*time.Minute))))
	assert.Equal(t, 1, write(point("a", 2, now.Add(9*time.Minute))).Written)
	assert.Equal(t, 2, write(both(point("b", 1, now), point("c", 1, now))).Written)

	mixed := write(both(point("d", 1, now), point("a", 3, now.Add(9*time.Minute+time.Second))))
	assert.Equal(t, Refused{1, "d"}, mixed.Refused[TooManySeries])
	assert.Equal(t, 1, mixed.Written, "a series that is there goes on")
	refused(Untranslatable, write(point("", 1, now)))
	refused(BadLabels, write(point("a", 1, now, "long", strings.Repeat("x", 20_000))))

	db.full = true
	refused(StorageFull, write(point("a", 4, now.Add(9*time.Minute+2*time.Second))))
}

// TestLatin1 writes series whose labels are valid UTF-8, so that whoever reads them gets these.
func TestLatin1(t *testing.T) {
	now := time.Now().Truncate(time.Millisecond)
	db := open(t)
	w := New(db, db.Head().NumSeries, Options{Suffixes: true, MaxSeries: 10})
	for i, city := range []string{"M\xfcnchen", "M\uFFFDnchen", "M\xe9\xe8nchen"} {
		r, err := w.Write(context.Background(), point("a\xfcb", 1, now.Add(time.Duration(i)*time.Second), "city\xfc", city), now)
		require.NoError(t, err)
		assert.Equal(t, 1, r.Written)
	}
	q, err := db.Querier(0, now.Add(time.Minute).UnixMilli())
	require.NoError(t, err)
	defer func() { require.NoError(t, q.Close()) }()
	set := q.Select(context.Background(), false, nil, labels.MustNewMatcher(labels.MatchNotEqual, "__name__", ""))
	require.True(t, set.Next())
	assert.Equal(t, "M\uFFFDnchen", set.At().Labels().Get("city_"))
	set.At().Labels().Range(func(l labels.Label) { assert.True(t, utf8.ValidString(l.Name+l.Value), "%q", l) })
	assert.False(t, set.Next(), "one series")
}

func both(a, b pmetric.Metrics) pmetric.Metrics {
	b.ResourceMetrics().MoveAndAppendTo(a.ResourceMetrics())
	return a
}

// delta is a request with a counter and a histogram, both deltas.
func delta(count uint64, at time.Time) pmetric.Metrics {
	md := pmetric.NewMetrics()
	metrics := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	m := metrics.AppendEmpty()
	m.SetName("calls")
	sum := m.SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	p := sum.DataPoints().AppendEmpty()
	p.SetIntValue(int64(count))
	p.SetTimestamp(pcommon.NewTimestampFromTime(at))

	m = metrics.AppendEmpty()
	m.SetName("size")
	h := m.SetEmptyExponentialHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	hp := h.DataPoints().AppendEmpty()
	hp.SetTimestamp(pcommon.NewTimestampFromTime(at))
	hp.SetCount(count)
	hp.SetScale(1)
	hp.Positive().SetOffset(2)
	hp.Positive().BucketCounts().FromRaw([]uint64{count})
	return md
}

// TestDeltas: deltas are added up, beside a metric that has no temporality; one that comes again after the disk failed
// is counted once, and one with the time of the last is in the next sum.
func TestDeltas(t *testing.T) {
	now := time.Now().Truncate(time.Millisecond)
	db := open(t)
	failing := &failing{database: db}
	w := New(failing, db.Head().NumSeries, Options{Suffixes: true, MaxSeries: 100})
	step := func(md pmetric.Metrics) {
		t.Helper()
		r, err := w.Write(context.Background(), md, now)
		require.NoError(t, err)
		for reason, refused := range r.All {
			t.Errorf("%s: %+v", reason, refused)
		}
	}
	last := func() map[string]float64 {
		series, _ := stored(t, db)
		return series
	}
	step(both(delta(5, now), point("g", 1, now)))
	step(delta(3, now.Add(time.Second)))
	assert.Equal(t, map[string]float64{`{__name__="calls_total"}`: 8, `{__name__="g"}`: 1, `{__name__="size"}`: 8}, last())

	failing.err = errors.New("no space left on device")
	_, err := w.Write(context.Background(), delta(10, now.Add(2*time.Second)), now)
	require.ErrorIs(t, err, failing.err)
	failing.err = nil
	step(delta(10, now.Add(2*time.Second)))
	assert.InDelta(t, 18, last()[`{__name__="calls_total"}`], 0)
	assert.InDelta(t, 18, last()[`{__name__="size"}`], 0)

	step(delta(2, now.Add(2*time.Second)))
	assert.InDelta(t, 18, last()[`{__name__="calls_total"}`], 0)
	step(delta(1, now.Add(3*time.Second)))
	assert.InDelta(t, 21, last()[`{__name__="calls_total"}`], 0)
	assert.InDelta(t, 21, last()[`{__name__="size"}`], 0)
}

// failing is a TSDB on a disk that may be full.
type failing struct {
	*database
	err error
}

func (f *failing) AppenderV2(ctx context.Context) storage.AppenderV2 {
	return &failingAppender{f.database.AppenderV2(ctx), f.err}
}

type failingAppender struct {
	storage.AppenderV2
	err error
}

func (a *failingAppender) Commit() error {
	if a.err != nil {
		return errors.Join(a.err, a.Rollback())
	}
	return a.AppenderV2.Commit()
}

// TestExemplarsOfGauges: they are kept, although the exporter and Prometheus' converter have none, and the gauge is as it is.
func TestExemplarsOfGauges(t *testing.T) {
	now := time.Now().Truncate(time.Millisecond)
	db := open(t)
	w := New(db, db.Head().NumSeries, Options{Suffixes: true, MaxSeries: 100})
	md := both(point("drift.score", 0.3, now, "feature", "amount"), point("plain", 1, now))
	p := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().At(0)
	e := p.Exemplars().AppendEmpty()
	e.SetTraceID(pcommon.TraceID{7})
	e.SetDoubleValue(900)
	e.SetTimestamp(pcommon.NewTimestampFromTime(now.Add(-time.Hour)))
	r, err := w.Write(context.Background(), md, now)
	require.NoError(t, err)
	assert.Equal(t, 2, r.Written)
	series, exemplars := stored(t, db)
	assert.Equal(t, map[string]float64{`{__name__="drift_score", feature="amount"}`: 0.3, `{__name__="plain"}`: 1}, series)
	assert.Equal(t, map[string]string{`{__name__="drift_score", feature="amount"}`: `{trace_id="07000000000000000000000000000000"}`}, exemplars)
}

// TestRepeatedExemplars: points repeat the exemplars that they have, which is no fault.
func TestRepeatedExemplars(t *testing.T) {
	db := open(t)
	w := New(db, db.Head().NumSeries, Options{Suffixes: true, MaxSeries: 100})
	for n := range 3 {
		now := time.Now().Add(time.Duration(n) * time.Second)
		md := point("m", float64(n), now)
		p := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().At(0)
		for i := range 3 {
			e := p.Exemplars().AppendEmpty()
			e.SetDoubleValue(float64(i))
			e.SetTraceID(pcommon.TraceID{byte(i + 1)})
			e.SetTimestamp(pcommon.NewTimestampFromTime(now.Add(time.Duration(i-10*n) * time.Second)))
		}
		r, err := w.Write(t.Context(), md, now)
		require.NoError(t, err)
		assert.Zero(t, r.Refused[ExemplarRefused].Count, "%d", n)
	}
	_, exemplars := stored(t, db)
	assert.Equal(t, map[string]string{`{__name__="m"}`: `{trace_id="03000000000000000000000000000000"}`}, exemplars)
}

func TestMetadata(t *testing.T) {
	now := time.Now()
	db := open(t)
	w := New(db, db.Head().NumSeries, Options{Suffixes: true, MaxSeries: 10_000})
	_, err := w.Write(context.Background(), everything(now), now)
	require.NoError(t, err)
	all := maps.Collect(w.Metadata().All)
	assert.Equal(t, "help of request.duration", all["request_duration_seconds"].Help)
	assert.Equal(t, "histogram", string(all["request_duration_seconds"].Type))
	assert.Equal(t, "seconds", all["request_duration_seconds"].Unit)
	assert.Equal(t, "counter", string(all["sum_number_0_total"].Type))
}

func BenchmarkWrite(b *testing.B) {
	now := time.Now()
	db := open(b)
	w := New(db, db.Head().NumSeries, Options{Suffixes: true, MaxSeries: 1_000_000})
	const series = 1000
	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("ml.drift.score")
	points := m.SetEmptyGauge().DataPoints()
	for i := range series {
		x := points.AppendEmpty()
		for _, key := range []string{"ml.model.name", "ml.model.version", "ml.model.role", "ml.drift.subject", "ml.feature.name", "ml.drift.method"} {
			x.Attributes().PutStr(key, "value")
		}
		x.Attributes().PutInt("ml.segment", int64(i))
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		at := pcommon.NewTimestampFromTime(now.Add(time.Duration(i) * time.Second))
		for j := range series {
			points.At(j).SetTimestamp(at)
		}
		if _, err := w.Write(context.Background(), md, at.AsTime()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/series, "ns/sample")
}
