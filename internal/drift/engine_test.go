// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// one is a model with one normal feature "f00".
func one(t testing.TB, change func(*catalogModel), options func(*Options)) (*Engine, *traffic) {
	cols := columns(1)
	base := baseline(cols, 5000, 1)
	return engine(t, card(base, change), options), newTraffic(base, cols, 2)
}

func closedOf(results []Result, name string) []Result {
	return slices.DeleteFunc(slices.Clone(results), func(r Result) bool { return r.Key.String() != name })
}

func TestLateFutureIdle(t *testing.T) {
	e, tr := one(t, nil, nil)
	e.Add(at(epoch+60), tr.minute(epoch, 300))
	e.Add(at(epoch+60), tr.minute(epoch+600, 10)) // ten minutes ahead
	if s := e.TakeStats(); s.Points[Future] != 2 || s.Points[Counted] != 2 {
		t.Fatalf("outcomes %v", s.Points)
	}
	// The watermark stays two minutes behind.
	e.Add(at(epoch+3600), tr.minute(epoch+3600+60, 1))
	if closed, _ := e.Advance(at(epoch + 3600 + 90)); len(closed) != 0 {
		t.Fatalf("closed too early: %s", render(closed))
	}
	// Late data for an open window, then the stream falls idle: after a minute the clock moves it
	// on.
	e.Add(at(epoch+3700), tr.minute(epoch+1800, 50))
	if closed, _ := e.Advance(at(epoch + 3700 + 60 + 59)); len(closed) != 0 {
		t.Fatalf("closed before idle: %s", render(closed))
	}
	closed, changes := e.Advance(at(epoch + 3700 + 60 + 60))
	got := closedOf(closed, "fraud 7 feature f00")
	if len(got) != 1 || got[0].Samples != 350 || got[0].Start != epoch || got[0].End != epoch+3600 || got[0].Verdict != OK {
		t.Fatalf("closed %s", render(got))
	}
	if len(changes) != 2 || changes[0].From != Insufficient {
		t.Errorf("changes %v", changes)
	}
	// The window is closed, its pane is still there: sliding only. Then the pane has gone, too.
	e.TakeStats()
	e.Add(at(epoch+3900), tr.minute(epoch+3540, 5))
	if s := e.TakeStats(); s.Points[Counted] != 2 {
		t.Errorf("outcomes %v", s.Points)
	}
	e.Add(at(epoch+9000), tr.minute(epoch+8940, 5))
	e.Advance(at(epoch + 9000))
	e.TakeStats()
	e.Add(at(epoch+9000), tr.minute(epoch+60, 7))
	if s := e.TakeStats(); s.Points[Late] != 1 { // the prediction count has no window
		t.Errorf("outcomes %v", s.Points)
	}
	var total uint64
	e.Totals(func(x *Total) {
		if x.Key.Subject == Predictions {
			total = x.Count
		}
	})
	if total != 300+10+1+50+5+5+7 {
		t.Errorf("passed on %d predictions", total)
	}
}

// TestExact compares the engine's numbers with those of package stats on the same rows.
func TestExact(t *testing.T) {
	e, tr := one(t, nil, nil)
	tr.cols[0].shift = 0.3
	column := e.set.Models[0].Baseline.Features[0].Numeric
	sum := make([]uint64, len(column.Counts))
	lo, hi, total := math.Inf(1), math.Inf(-1), 0.0
	for minute := range int64(60) {
		deltas := tr.minute(epoch+minute*60, 20)
		for i, c := range deltas[1].Counts {
			sum[i] += c
		}
		total += deltas[1].Sum
		lo, hi = min(lo, deltas[1].Min), max(hi, deltas[1].Max)
		e.Add(at(epoch+minute*60+60), deltas)
	}
	floats := func(s []uint64) []float64 {
		out := make([]float64, len(s))
		for i, v := range s {
			out[i] = float64(v)
		}
		return out
	}
	g := distribution.GroupByMass(column.Bounds, column.Counts, 10)
	groups := func(s []uint64) []float64 { return distribution.Sum(g, s, []float64(nil)) }
	e.Advance(at(epoch + 3600))
	var sliding []Result
	e.Scores(func(r *Result) { sliding = append(sliding, *r) })
	closed, _ := e.Advance(at(epoch + 3600 + 300))
	for what, results := range map[string][]Result{"sliding": sliding, "closed": closed} {
		got := closedOf(results, "fraud 7 feature f00")
		if len(got) != 1 || len(got[0].Scores) != 4 || got[0].Samples != 1200 || got[0].ReferenceSamples != 5000 {
			t.Fatalf("%s: %s", what, render(got))
		}
		for _, s := range got[0].Scores {
			if s.Method == RelativeChange {
				continue
			}
			ref := stats.Sample{Counts: floats(column.Counts), Bounds: column.Bounds, Min: column.Min, Max: column.Max, StdDev: column.StdDev, Sum: column.Mean * 5000, HasSum: true}
			cur := stats.Sample{Counts: floats(sum), Bounds: column.Bounds, Min: lo, Max: hi, Sum: total, HasSum: true}
			if !stats.Method(s.Method).Ordered() {
				ref.Counts, cur.Counts = groups(column.Counts), groups(sum)
				ref.Bounds, cur.Bounds = g.Bounds(), g.Bounds()
			}
			want, err := stats.Compare(stats.Method(s.Method), ref, cur)
			if err != nil || math.Abs(want.Score-s.Score) > 1e-12 || math.Abs(want.PValue-s.PValue) > 1e-12 {
				t.Errorf("%s %s: %v p %v, want %+v, %v", what, s.Method, s.Score, s.PValue, want, err)
			}
		}
		x := got[0].Exemplar
		if x == nil || x.Value < column.Bounds[len(column.Bounds)/2] {
			t.Errorf("%s: the exemplar %v does not show the shift upwards", what, x)
		}
	}
}

func TestWindowGrows(t *testing.T) {
	e, tr := one(t, nil, nil)
	var closed []Result
	for hour := range int64(12) {
		e.Add(at(epoch+hour*3600+60), tr.minute(epoch+hour*3600, 50))
		c, _ := e.Advance(at(epoch + hour*3600 + 120))
		closed = append(closed, c...)
	}
	got := closedOf(closed, "fraud 7 feature f00")
	if len(got) != 2 || got[0].Samples != 200 || got[0].End-got[0].Start != 4*3600 || got[1].Start != epoch+4*3600 {
		t.Fatalf("closed\n%s", render(got))
	}
	// Between two verdicts the growing window is what is scored.
	e.Scores(func(r *Result) {
		if r.Key.Subject == Feature && (r.Samples != 150+50 || r.Start != epoch+8*3600) {
			t.Errorf("scored %s", renderOne(r))
		}
	})
}

func TestInsufficientAndExpired(t *testing.T) {
	e, tr := one(t, nil, func(o *Options) { o.MaxWindow = 6 * time.Hour })
	e.Add(at(epoch+60), tr.minute(epoch, 300))
	e.Advance(at(epoch + 60))
	var changes []Change
	for minute := int64(0); minute < 9*60; minute += 10 {
		_, c := e.Advance(at(epoch + minute*60))
		changes = append(changes, c...)
	}
	var verdicts []string
	for _, c := range changes {
		if c.Key.Subject == Feature {
			verdicts = append(verdicts, c.Verdict.String())
		}
	}
	if strings.Join(verdicts, " ") != "ok insufficient" {
		t.Errorf("verdicts %v", verdicts)
	}
	if s := e.TakeStats(); s.Models != 0 || s.Series != 0 {
		t.Errorf("after six hours of silence there are %d models, %d series", s.Models, s.Series)
	}
}

// TestReplayOfOldData starts with one stray event of 1970 and goes on in 2020.
func TestReplayOfOldData(t *testing.T) {
	e, tr := one(t, nil, nil)
	e.Add(at(epoch), tr.minute(60, 3))
	e.Advance(at(epoch))
	start := int64(1577836800)
	began := time.Now()
	for hour := range int64(50) {
		e.Add(at(epoch+hour), tr.minute(start+hour*3600, 300))
	}
	closed, _ := e.Advance(at(epoch + 60))
	got := closedOf(closed, "fraud 7 feature f00")
	if len(got) != 49 {
		t.Errorf("%d windows closed", len(got))
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestChampionAndPrevious(t *testing.T) {
	change := func(m *catalogModel) { m.Drift.Reference = []string{Champion, Previous} }
	e, tr := one(t, change, nil)
	other := newTraffic(e.set.Models[0].Baseline, tr.cols, 8)
	other.key.Version = "8"
	var closed []Result
	run := func(hours, from int64) {
		for hour := from; hour < from+hours; hour++ {
			e.Add(at(epoch+hour*3600+60), tr.minute(epoch+hour*3600, 300))
			e.Add(at(epoch+hour*3600+60), other.minute(epoch+hour*3600, 100)) // its windows take two hours
			c, _ := e.Advance(at(epoch + hour*3600 + 120))
			closed = append(closed, c...)
		}
	}
	run(5, 0)
	other.cols[0].shift = 0.8
	run(5, 5)
	last := map[string]Result{}
	for _, r := range closed {
		last[r.Key.String()+" "+r.Reference] = r
	}
	if _, ok := last["fraud 7 feature f00 champion"]; ok {
		t.Error("the champion is compared with itself")
	}
	r := last["fraud 8 feature f00 champion"]
	if r.Verdict != Drift || r.ReferenceSamples != 600 || r.Samples != 200 || r.End-r.Start != 7200 {
		t.Errorf("against the champion: %s", renderOne(&r))
	}
	if r := last["fraud 7 feature f00 previous"]; r.Verdict != OK || r.ReferenceSamples != 300 {
		t.Errorf("against the window before: %s", renderOne(&r))
	}
}

func TestSegments(t *testing.T) {
	cols := columns(5)
	base := baseline(cols, 5000, 1)
	e := engine(t, card(base, nil), nil)
	tr := newTraffic(base, cols, 3)
	tr.key.Segment = "country=DE"
	column := base.Features[0].Numeric
	g := distribution.GroupByMass(column.Bounds, column.Counts, distribution.DefaultGroups)
	var closed []Result
	for hour := range int64(3) {
		for _, d := range tr.minute(epoch+hour*3600, 400) {
			switch {
			case d.Key.Name == "f00" && d.Key.Subject == Feature: // the card's segment feature, in its 10 groups
				d.Counts = distribution.Sum(g, d.Counts, []uint64(nil))
				d.Bounds = g.Bounds()
			case d.Key.Subject == Feature:
				continue
			case d.Key.Subject == Missing && d.Key.Name == "f02":
				d.Count = 200 // a half instead of a fifth
			}
			e.Add(at(epoch+hour*3600+60), []Delta{d})
		}
		// The total moves the clock on.
		k := key7
		k.Subject, k.Name = Missing, "f02"
		e.Add(at(epoch+hour*3600+3600), []Delta{{Key: k, Minute: epoch + hour*3600 + 3600 + 180, Count: 1}})
		c, _ := e.Advance(at(epoch + hour*3600 + 3600 + 200))
		closed = append(closed, c...)
	}
	last := map[string]Result{}
	for _, r := range closed {
		last[r.Key.String()] = r
	}
	if r := last["fraud 7 country=DE feature f00"]; r.Verdict != OK || r.Samples != 400 || len(r.Scores) != 4 {
		t.Errorf("%s", renderOne(&r))
	} else if w := scoreBy(r, "wasserstein"); w == nil || w.Score > 0.1 {
		t.Errorf("wide outer groups look like drift: %s", renderOne(&r))
	}
	if r := last["fraud 7 country=DE missing f02"]; r.Verdict != Drift || r.Samples != 400 || math.Abs(scoreBy(r, missingMethod).Score-0.3) > 0.03 {
		t.Errorf("%s", renderOne(&r))
	}
	if r := last["fraud 7 country=DE missing f01"]; r.Verdict != OK || r.Samples != 400 {
		t.Errorf("%s", renderOne(&r))
	}
}

func TestBoundsMismatch(t *testing.T) {
	e, _ := one(t, nil, nil)
	k := key7
	k.Subject, k.Name = Feature, "f00"
	d := Delta{Key: k, Minute: epoch, Count: 3, Sum: 3, Bounds: []float64{-1, 0.12345, 1}, Counts: []uint64{1, 0, 1, 1}}
	e.Add(at(epoch), []Delta{d, d})
	s := e.TakeStats()
	if s.Points[BoundsMismatch] != 2 || len(s.Events) != 1 || s.Events[0].Outcome != BoundsMismatch || s.Events[0].Count != 2 {
		t.Errorf("outcomes %v, reported %v", s.Points, s.Events)
	}
	passed := func() (n uint64, bounds int) {
		e.Totals(func(x *Total) {
			if x.Key.Subject == Feature {
				n, bounds = x.Count, len(x.Bounds)
			}
		})
		return n, bounds
	}
	if n, bounds := passed(); n != 6 || bounds != 3 {
		t.Errorf("passed on %d values in %d bounds", n, bounds)
	}
	e.Advance(at(epoch + 60))
	e.Scores(func(r *Result) {
		if r.Key.Subject == Feature && (len(r.Scores) > 0 || r.Verdict != Insufficient) {
			t.Errorf("compared: %s", renderOne(r))
		}
	})
	// Data in the right bins take over.
	column := e.set.Models[0].Baseline.Features[0].Numeric
	good := d
	good.Bounds, good.Counts = column.Bounds, make([]uint64, len(column.Counts))
	good.Counts[7], good.Count = 4, 4
	e.Add(at(epoch), []Delta{good, d})
	if s := e.TakeStats(); s.Points[Counted] != 1 || s.Points[BoundsMismatch] != 1 {
		t.Errorf("outcomes %v", s.Points)
	}
	// A count in bounds that do not nest goes where its upper bound does.
	if n, _ := passed(); n != 4+3 {
		t.Errorf("passed on %d values", n)
	}
}

func TestReload(t *testing.T) {
	e, tr := one(t, nil, nil)
	e.Add(at(epoch+60), tr.minute(epoch, 300))
	e.Advance(at(epoch + 60))
	before := state(e)
	base := baseline(columns(1), 5000, 1) // the same again
	e.SetCatalog(card(base, nil))
	if after := state(e); after != before {
		t.Errorf("a reload of the same changes\n%s\nto\n%s", before, after)
	}
	other := baseline(columns(1), 5000, 77)
	e.SetCatalog(card(other, nil))
	e.Scores(func(r *Result) {
		if r.Key.Subject == Feature && len(r.Scores) > 0 {
			t.Errorf("old bins are compared with the new baseline: %s", renderOne(r))
		}
	})
	e.Add(at(epoch+60), newTraffic(other, tr.cols, 3).minute(epoch, 250))
	e.Advance(at(epoch + 61))
	e.Scores(func(r *Result) {
		if r.Key.Subject == Feature && (len(r.Scores) == 0 || r.Samples != 250) {
			t.Errorf("new bins: %s", renderOne(r))
		}
	})
	e.SetCatalog(card(other, func(m *catalogModel) { m.Drift.Window.Calendar = "day" }))
	e.Advance(at(epoch + 62))
	e.Scores(func(r *Result) { t.Errorf("windows of another length are kept: %s", renderOne(r)) })
}

func TestCardOverrides(t *testing.T) {
	e, tr := one(t, func(m *catalogModel) {
		m.Drift.For, m.Drift.MinSamples = 1, 100
		m.Drift.Methods = map[profile.Type][]string{profile.Numeric: {"psi"}, profile.Categorical: {"ks"}}
		m.Features = map[string]catalog.Feature{"f00": {Methods: []string{"hellinger"}, Thresholds: map[string]float64{"hellinger": 0.42}}}
	}, nil)
	e.Add(at(epoch+60), tr.minute(epoch, 100))
	closed, _ := e.CloseAll(at(epoch + 120))
	got := closedOf(closed, "fraud 7 feature f00")
	if len(got) != 1 || len(got[0].Scores) != 2 || scoreBy(got[0], "hellinger") == nil || scoreBy(got[0], "hellinger").Threshold != 0.42 {
		t.Errorf("%s", render(got))
	}
	if got[0].End-got[0].Start != 60 {
		t.Errorf("the real length is one minute: %s", render(got))
	}
	e, tr = one(t, func(m *catalogModel) { m.Features = map[string]catalog.Feature{"f00": {Ignore: true}} }, nil)
	e.Add(at(epoch+60), tr.minute(epoch, 300))
	if closed, _ := e.CloseAll(at(epoch + 120)); len(closed) > 0 {
		t.Errorf("an ignored feature is judged: %s", render(closed))
	}
}

func TestExponential(t *testing.T) {
	e := engine(t, nil, func(o *Options) { o.Reference = []string{Previous} })
	r := rand.New(rand.NewPCG(1, 1))
	k := key7
	k.Subject, k.Name = Feature, "x"
	minute := func(event int64, n int, mean float64, scale int32) Delta {
		x := &distribution.Exponential{Scale: scale}
		d := Delta{Key: k, Minute: event, Count: uint64(n), HasRange: true, Min: math.Inf(1), Max: math.Inf(-1), Exponential: x}
		count := func(b *distribution.ExponentialBuckets, v float64) {
			i := int32(math.Ceil(math.Ldexp(math.Log2(v), int(scale)))) - 1
			countIn(b, i)
		}
		for range n {
			v := r.NormFloat64() + mean
			d.Min, d.Max = min(d.Min, v), max(d.Max, v)
			switch {
			case v > 0.01:
				count(&x.Positive, v)
			case v < -0.01:
				count(&x.Negative, -v)
			default:
				x.Zero++
			}
		}
		return d
	}
	var closed []Result
	for hour := range int64(6) {
		mean := 0.0
		if hour >= 4 {
			mean = 1
		}
		for m := range int64(10) {
			e.Add(at(epoch+hour*3600+m*60), []Delta{minute(epoch+hour*3600+m*60, 60, mean, 3+int32(m%3))})
		}
		c, _ := e.Advance(at(epoch + hour*3600 + 700))
		closed = append(closed, c...)
	}
	got := closedOf(closed, "fraud 7 feature x")
	if len(got) != 5 || got[0].Samples != 600 || len(got[0].Scores) != 0 || got[1].ReferenceSamples != 600 {
		t.Fatalf("%s", render(got))
	}
	ks := func(i int) float64 { return scoreBy(got[i], "ks").Score }
	if ks(1) > 0.1 || ks(2) > 0.1 || ks(3) > 0.1 || math.Abs(ks(4)-0.38) > 0.08 { // 2Φ(1/2) - 1
		t.Errorf("ks %v %v %v %v", ks(1), ks(2), ks(3), ks(4))
	}
	e.Totals(func(x *Total) {
		if x.Key.Subject == Feature && (x.Count != 3600 || !slices.Equal(x.Bounds, distribution.ValueBounds)) {
			t.Errorf("passed on %+v", x)
		}
	})
}

func TestExponentialOutOfRange(t *testing.T) {
	e := engine(t, nil, nil)
	k := key7
	k.Subject, k.Name = Feature, "x"
	far := func(scale, offset int32) Delta {
		return Delta{Key: k, Minute: epoch, Count: 1, Exponential: &distribution.Exponential{
			Scale: scale, Positive: distribution.ExponentialBuckets{Offset: offset, Counts: []uint64{1}},
		}}
	}
	e.Add(at(epoch), []Delta{far(-10, 1<<30), far(-10, -1<<30), far(0, -1<<20), far(21, 0), far(-11, 0)})
	if s := e.TakeStats(); s.Points[Invalid] != 5 {
		t.Errorf("outcomes %v", s.Points)
	}
	e.Add(at(epoch), []Delta{far(20, 1020<<20), far(20, -1070<<20), far(-10, 0)})
	if s := e.TakeStats(); s.Points[Counted] != 3 {
		t.Errorf("outcomes %v", s.Points)
	}
	e.Advance(at(epoch + 60))
	state(e)
}

func TestLimits(t *testing.T) {
	e := engine(t, nil, func(o *Options) {
		o.Limits = Limits{Models: 2, Versions: 1, Segments: 1, Features: 1, Categories: 2, Producers: 1, Series: 100}
	})
	add := func(now int64, k Key, category string) {
		k.Subject = Feature
		e.Add(at(epoch+now), []Delta{{Key: k, Minute: epoch, Categorical: true, Category: category, Count: 1}})
	}
	add(0, Key{Model: "a", Version: "1", Name: "x"}, "c1")
	add(1, Key{Model: "a", Version: "1", Name: "x"}, "c2")
	add(2, Key{Model: "a", Version: "1", Name: "x"}, "c3")
	add(3, Key{Model: "a", Version: "1", Name: "y"}, "c1")
	add(4, Key{Model: "a", Version: "1", Name: "x", Segment: "s=1"}, "c1")
	add(5, Key{Model: "a", Version: "1", Name: "x", Segment: "s=2"}, "c1")
	add(6, Key{Model: "b", Version: "1", Name: "x"}, "c1")
	add(7, Key{Model: "b", Version: "2", Name: "x"}, "c1")
	e.Totals(func(x *Total) {
		if x.Key.Model == "a" && x.Key.Subject == Feature && (len(x.Categories) != 2 || x.Rest != 1) {
			t.Errorf("categories %v, rest %d", x.Categories, x.Rest)
		}
	})
	add(8, Key{Model: "c", Version: "1", Name: "x"}, "c1")
	if e.models[modelKey{"", "c"}] != nil {
		t.Error("a model that was heard within the hour is pushed out")
	}
	add(placeKept+5, Key{Model: "c", Version: "1", Name: "x"}, "c1")
	s := e.TakeStats()
	for kind, want := range map[string]uint64{"category": 1, "feature": 1, "segment": 1, "version": 1, "model": 2} {
		if s.Evicted[kind] != want {
			t.Errorf("%s: %d, want %d", kind, s.Evicted[kind], want)
		}
	}
	if s.Models != 2 || s.Series != 2 || e.models[modelKey{"", "a"}] != nil {
		t.Errorf("%d models, %d series; the model silent for longest is still there: %v", s.Models, s.Series, e.models[modelKey{"", "a"}] != nil)
	}
}

func TestOptions(t *testing.T) {
	o := DefaultOptions()
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	o.MinSamples, o.For, o.Significance, o.Idle = 0, 0, 1, 0
	o.Reference = []string{"baseline", "best", "baseline"}
	o.Methods = map[profile.Type][]string{profile.Numeric: {"psy"}, profile.Categorical: {"ks"}}
	o.Thresholds = map[string]float64{"psi": -1, "x": 0, missingThreshold: 0.1}
	o.Limits.Models = 0
	err := o.Validate()
	for _, key := range []string{
		"'min_samples'", "'for'", "'significance'", "'idle'", "'reference[1]'", "'reference[2]'", "'methods::numeric[0]'",
		"'methods::categorical[0]'", "'thresholds::psi'", "'thresholds::x'", "'limits::models'",
	} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s is not reported by: %v", key, err)
		}
	}
}

func TestShares(t *testing.T) {
	for _, test := range []struct {
		ref, cur      share
		effect, p, by float64
	}{
		{share{missing: 0, rows: 10000}, share{missing: 0, rows: 200}, 0, 1, 1e-12},
		{share{missing: 0, rows: 10000}, share{missing: 1, rows: 200}, 0.005, 2 * 200.0 / 10200, 1e-9},
		{share{missing: 2000, rows: 10000}, share{missing: 40, rows: 200}, 0, 1, 1e-12},
		{share{missing: 2000, rows: 10000}, share{missing: 60, rows: 200}, 0.1, 4.8675e-4, 1e-8},           // z = 0.1/√(0.2020·0.7980·0.0051) = 3.4880
		{share{missing: 3, rows: 8}, share{missing: 7, rows: 9}, 7.0/9 - 3.0/8, 2 * 2276.0 / 19448, 1e-12}, // twice (36·56 + 9·28 + 8) of C(17, 10)
	} {
		r, ok := compareShares(test.ref, test.cur, 1, 1)
		if !ok || math.Abs(r.Effect-test.effect) > 1e-12 || math.Abs(r.PValue-test.p) > test.by {
			t.Errorf("%v against %v: effect %v, p %v; want %v, %v", test.cur, test.ref, r.Effect, r.PValue, test.effect, test.p)
		}
	}
}
