// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// row is a prediction with an id that its trace has.
type row struct {
	id         uint64
	amount     float64 // NaN is missing
	country    string
	class      string
	confidence float64
}

func (r *row) exemplar(v float64, minute int64) []Exemplar {
	x := Exemplar{Value: v, Time: minute*1e9 + 1}
	binary.BigEndian.PutUint64(x.TraceID[8:], r.id)
	return []Exemplar{x}
}

// shop draws rows and counts them into deltas with a row each as evidence, as ml_summary does.
type shop struct {
	r      *rand.Rand
	base   *profile.Profile
	rows   map[uint64]row
	drifts bool
	next   uint64
}

func newShop(seed uint64) *shop {
	s := &shop{r: rand.New(rand.NewPCG(seed, 4)), rows: map[uint64]row{}}
	n := 5000
	amounts, confidences, missing := []float64{}, []float64{}, uint64(0)
	countries, classes := map[string]uint64{}, map[string]uint64{}
	for range n {
		x := s.draw()
		if math.IsNaN(x.amount) {
			missing++
		} else {
			amounts = append(amounts, x.amount)
		}
		confidences = append(confidences, x.confidence)
		countries[x.country]++
		classes[x.class]++
	}
	s.base = &profile.Profile{
		FormatVersion: 1, Rows: uint64(n),
		Features: []*profile.Column{
			profile.NewNumeric("amount", amounts, missing, distribution.DefaultBins),
			profile.NewCategorical("country", countries, 0, 200),
		},
		Confidence: profile.NewNumeric("confidence", confidences, 0, distribution.DefaultBins),
		Prediction: profile.NewCategorical("class", classes, 0, 200),
	}
	return s
}

func (s *shop) draw() row {
	s.next++
	x := row{id: s.next, amount: 1000 * s.r.Float64(), country: "DE", class: "ok", confidence: 0.5 + s.r.Float64()/2}
	switch p := s.r.Float64(); {
	case p < 0.3:
		x.country = "FR"
	case p < 0.32:
		x.country = "US"
	case s.drifts && p < 0.6:
		x.country = "PL" // nobody has told the baseline of it
	}
	if s.r.Float64() < 0.1 {
		x.class = "fraud"
	}
	if s.r.Float64() < 0.02 {
		x.amount = math.NaN()
	}
	if s.drifts {
		switch p := s.r.Float64(); {
		case p < 0.2:
			x.amount = math.NaN()
		case p < 0.6:
			x.amount = 400 + 60*s.r.Float64() // the middle: neither the smallest nor the largest
		}
		if s.r.Float64() < 0.4 {
			x.class, x.confidence = "fraud", 0.5+0.05*s.r.Float64()
		}
	}
	return x
}

// minute returns the deltas of rows of a minute, in the total and in a segment.
func (s *shop) minute(minute int64, n int) []Delta {
	rows := make([]row, n)
	for i := range rows {
		rows[i] = s.draw()
		s.rows[rows[i].id] = rows[i]
	}
	var out []Delta
	for _, segment := range []string{"", "channel=web"} {
		k := Key{Model: "fraud", Version: "7", Segment: segment}
		add := func(subject Subject, name string, d Delta) {
			d.Key, d.Minute = k, minute
			d.Key.Subject, d.Key.Name = subject, name
			out = append(out, d)
		}
		add(Predictions, "", Delta{Count: uint64(n)})
		categories := func(subject Subject, name string, of func(*row) string) {
			counts, first := map[string]uint64{}, map[string]*row{}
			for i := range rows {
				v := of(&rows[i])
				counts[v]++
				if first[v] == nil {
					first[v] = &rows[i]
				}
			}
			for _, v := range sortedKeys(counts) {
				add(subject, name, Delta{Categorical: true, Category: v, Count: counts[v], Exemplars: first[v].exemplar(1, minute)})
			}
		}
		categories(Feature, "country", func(r *row) string { return r.country })
		categories(Class, "", func(r *row) string { return r.class })
		numbers := func(subject Subject, name string, c *profile.Column, of func(*row) float64) {
			bins, _ := distribution.NewBins(c.Numeric.Bounds)
			var values []float64
			var some, without *row
			missing := uint64(0)
			for i := range rows {
				v := of(&rows[i])
				if math.IsNaN(v) {
					missing++
					without = &rows[i]
					continue
				}
				values = append(values, v)
				some = &rows[i]
			}
			d := histogram(Key{}, minute, bins, values)
			d.Exemplars = some.exemplar(of(some), minute)
			if segment != "" {
				g := distribution.GroupByMass(c.Numeric.Bounds, c.Numeric.Counts, distribution.DefaultGroups)
				d.Bounds, d.Counts = g.Bounds(), distribution.Sum(g, d.Counts, []uint64(nil))
			}
			add(subject, name, d)
			if missing > 0 {
				add(Missing, name, Delta{Count: missing, Exemplars: without.exemplar(1, minute)})
			}
		}
		numbers(Feature, "amount", s.base.Features[0], func(r *row) float64 { return r.amount })
		numbers(Confidence, "", s.base.Confidence, func(r *row) float64 { return r.confidence })
	}
	return out
}

func sortedKeys(m map[string]uint64) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	for i := range out {
		for j := i; j > 0 && out[j] < out[j-1]; j-- {
			out[j], out[j-1] = out[j-1], out[j]
		}
	}
	return out
}

// Every drift says what has grown by how much, with a row that has it: of numbers in the middle, of
// categories that the baseline knows and does not know, of classes, of missing values, in the total
// and in a segment, also when the engine was restarted in the middle.
func TestGrowth(t *testing.T) {
	for _, restart := range []bool{false, true} {
		s := newShop(7)
		set := card(s.base, func(m *catalog.Model) { m.Versions = m.Versions[:1] })
		e := engine(t, set, func(o *Options) { o.For = 1 })
		changes := map[string]Change{}
		for minute := range int64(200) {
			s.drifts = minute >= 60
			now := at(epoch + minute*60 + 70)
			e.Add(now, s.minute(epoch+minute*60, 30))
			_, ch := e.Advance(now)
			for _, c := range ch {
				if c.Verdict == Drift {
					changes[c.Key.Segment+" "+c.Key.Subject.String()+" "+c.Key.Name] = c
				}
			}
			if restart && minute%17 == 9 {
				snapshot := e.Snapshot()
				other := engine(t, set, func(o *Options) { o.For = 1 })
				for _, data := range snapshot.Changed {
					if err := other.Restore(now, data); err != nil {
						t.Fatal(err)
					}
				}
				if a, b := state(e), state(other); a != b {
					t.Fatalf("minute %d: %s\nis after the restart\n%s", minute, a, b)
				}
				e = other
			}
		}
		for _, segment := range []string{"", "channel=web"} {
			for what, check := range map[string]func(*row, *Growth) bool{
				"feature amount": func(r *row, g *Growth) bool {
					return g.Kind == Range && g.Low > 390 && g.High < 510 && r.amount > g.Low && r.amount <= g.High && g.Before < 0.15 && g.Now > 0.3
				},
				"feature country": func(r *row, g *Growth) bool {
					return g.Kind == Unlisted && g.Category == "PL" && r.country == "PL" && g.Before == 0 && math.Abs(g.Now-0.28) < 0.03
				},
				"class ": func(r *row, g *Growth) bool {
					return g.Kind == Category && g.Category == "fraud" && r.class == "fraud" && math.Abs(g.Before-0.1) < 0.02 && g.Now > 0.4
				},
				"confidence ": func(r *row, g *Growth) bool {
					return g.Kind == Range && g.Low < 0.51 && g.High < 0.57 && r.confidence > g.Low && r.confidence <= g.High && g.Now > 0.4
				},
				"missing amount": func(r *row, g *Growth) bool {
					return g.Kind == Absent && math.IsNaN(r.amount) && math.Abs(g.Before-0.02) < 0.01 && g.Now > 0.17 && g.Now < 0.25
				},
			} {
				c, ok := changes[segment+" "+what]
				if !ok || c.Growth == nil || c.Exemplar == nil {
					t.Errorf("restart %v: %s %s: %+v", restart, segment, what, c)
					continue
				}
				r := s.rows[binary.BigEndian.Uint64(c.Exemplar.TraceID[8:])]
				if !check(&r, c.Growth) || !within(c.Exemplar, c.Start, c.End) {
					t.Errorf("restart %v: %s %s: %+v of %+v", restart, segment, what, *c.Growth, r)
				}
			}
		}
		if n := len(changes); n != 10 {
			t.Errorf("%d drifts: %v", n, changes)
		}
	}
}

// What a window remembers is bounded, and what has grown has a place in it: 500 new categories do
// not push it out.
func TestExamplesAreBounded(t *testing.T) {
	base := &profile.Profile{FormatVersion: 1, Rows: 1000, Features: []*profile.Column{
		profile.NewCategorical("c", map[string]uint64{"a": 950, "b": 50}, 0, 200),
	}}
	for _, segment := range []string{"", "x=y"} {
		e := engine(t, card(base, nil), func(o *Options) { o.For = 1 })
		k := Key{Model: "fraud", Version: "7", Segment: segment, Subject: Feature, Name: "c"}
		x := func(id byte) []Exemplar {
			return []Exemplar{{Value: 1, Time: epoch*1e9 + int64(id), TraceID: [16]byte{id}}}
		}
		var deltas []Delta
		for i := range 500 {
			deltas = append(deltas, Delta{Key: k, Minute: epoch, Count: 1, Categorical: true, Category: fmt.Sprint("id", i), Exemplars: x(1)})
			if i%50 == 0 {
				deltas = append(deltas,
					Delta{Key: k, Minute: epoch, Count: 100, Categorical: true, Category: "b", Exemplars: x(2)},
					Delta{Key: k, Minute: epoch, Count: 10, Categorical: true, Category: "a", Exemplars: x(3)})
			}
		}
		e.Add(at(epoch+70), deltas)
		s := e.models[modelKey{name: "fraud"}].versions[0].groups[0].series[seriesKey{Feature, "c"}]
		if n := len(s.open[0].examples); n != s.room() {
			t.Errorf("%d examples", n)
		}
		_, changes := e.Advance(at(epoch + 2*3600))
		last := changes[len(changes)-1]
		if last.Growth == nil || last.Growth.Category != "b" || last.Exemplar == nil || last.Exemplar.TraceID[0] != 2 {
			t.Errorf("%q: %+v", segment, changes)
		}
	}
}
