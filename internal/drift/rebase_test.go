// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// expoDelta counts values as ml_summary does without a baseline.
func expoDelta(k Key, event int64, values []float64) Delta {
	x := &distribution.Exponential{Scale: 4}
	d := Delta{Key: k, Minute: event, Count: uint64(len(values)), HasRange: true, Min: math.Inf(1), Max: math.Inf(-1), Exponential: x}
	for _, v := range values {
		d.Min, d.Max, d.Sum = min(d.Min, v), max(d.Max, v), d.Sum+v
		side := &x.Positive
		if v == 0 {
			x.Zero++
			continue
		} else if v < 0 {
			side = &x.Negative
		}
		countIn(side, int32(math.Ceil(math.Ldexp(math.Log2(math.Abs(v)), 4)))-1)
	}
	return d
}

// draw draws one value: a number, a word, or nothing.
type draw func(r *rand.Rand) any

// hour counts 300 rows as ml_summary does with a baseline, or without one.
func hour(r *rand.Rand, base *profile.Profile, event int64, features map[string]draw, class draw) []Delta {
	var out []Delta
	count := func(k Key, c *profile.Column, d draw) {
		var values []float64
		words := map[string]uint64{}
		for range 300 {
			switch v := d(r).(type) {
			case float64:
				values = append(values, v)
			case string:
				words[v]++
			}
		}
		for w, n := range words {
			out = append(out, Delta{Key: k, Minute: event, Categorical: true, Category: w, Count: n})
		}
		if len(values) == 0 {
			return
		}
		if c == nil || c.Numeric == nil {
			out = append(out, expoDelta(k, event, values))
			return
		}
		bins, _ := distribution.NewBins(c.Numeric.Bounds)
		out = append(out, histogram(k, event, bins, values))
	}
	for name, draw := range features {
		k := key7
		k.Subject, k.Name = Feature, name
		var c *profile.Column
		if base != nil {
			c = base.Column(name)
		}
		count(k, c, draw)
	}
	k := key7
	k.Subject = Class
	count(k, nil, class)
	return out
}

func words(list ...string) draw { return func(r *rand.Rand) any { return list[r.IntN(len(list))] } }
func normal(mean float64) draw  { return func(r *rand.Rand) any { return r.NormFloat64() + mean } }

// profileOf is the baseline of rows.
func profileOf(features map[string]draw, class draw) *profile.Profile {
	r := rand.New(rand.NewPCG(1, 2))
	column := func(name string, d draw) *profile.Column {
		var values []float64
		counts := map[string]uint64{}
		for range 3000 {
			switch v := d(r).(type) {
			case float64:
				values = append(values, v)
			case string:
				counts[v]++
			}
		}
		if len(counts) > 0 {
			return profile.NewCategorical(name, counts, 0, 200)
		}
		return profile.NewNumeric(name, values, 0, distribution.DefaultBins)
	}
	p := &profile.Profile{FormatVersion: profile.FormatVersion, Rows: 3000}
	for name, draw := range features {
		p.Features = append(p.Features, column(name, draw))
	}
	p.Prediction = column("", class)
	return p
}

// TestBaselineArrivesOrChangesWhileDataFlow: whatever the cards say, and then say, every feature of
// the new baseline and the class are compared with it, with the values that came since at the
// latest. It does not matter whether the collector was restarted before the change, in the middle
// of it, or not at all.
func TestBaselineArrivesOrChangesWhileDataFlow(t *testing.T) {
	type world struct {
		features map[string]draw
		class    draw
	}
	old := world{map[string]draw{"country": words("DE", "FR"), "amount": normal(5), "id": normal(0)}, words("ok", "fraud")}
	tests := map[string]struct{ before, after world }{
		"other categories":     {old, world{map[string]draw{"country": words("US", "GB", "DE"), "amount": normal(5), "id": normal(0)}, words("ok", "bad", "ugly")}},
		"words become numbers": {old, world{map[string]draw{"country": normal(1), "amount": normal(5), "id": normal(0)}, words("ok", "fraud")}},
		"numbers become words": {old, world{map[string]draw{"country": words("DE", "FR"), "amount": words("low", "high"), "id": normal(0)}, words("ok", "fraud")}},
		"fewer features":       {old, world{map[string]draw{"country": words("DE", "FR")}, words("ok", "fraud")}},
		"more features":        {old, world{map[string]draw{"country": words("DE", "FR"), "amount": normal(5), "id": normal(0), "city": words("a", "b"), "age": normal(2)}, words("ok", "fraud", "new")}},
		"other bins":           {old, world{map[string]draw{"country": words("DE", "FR"), "amount": normal(50), "id": normal(100)}, words("ok", "fraud")}},
		"the same":             {old, old},
	}
	for name, test := range tests {
		for _, first := range []string{"no card", "a card"} {
			for _, restart := range []string{"never", "before the change", "while down", "after the change"} {
				t.Run(strings.Join([]string{name, first, "restart " + restart}, "/"), func(t *testing.T) {
					var oldBase *profile.Profile
					set := catalog.NewSet(nil, nil)
					if first == "a card" {
						oldBase = profileOf(test.before.features, test.before.class)
						set = card(oldBase, nil)
					}
					newBase := profileOf(test.after.features, test.after.class)
					next := card(newBase, nil)
					e := engine(t, set, nil)
					r := rand.New(rand.NewPCG(7, 7))
					now := epoch
					restore := func(when string, set *catalog.Set) {
						if restart == when {
							e = restored(t, set, e.Snapshot(), now)
						}
					}
					run := func(base *profile.Profile, w world, hours int) (closed []Result) {
						for range hours {
							e.Add(at(now+60), hour(r, base, now, w.features, w.class))
							c, _ := e.Advance(at(now + 200))
							closed = append(closed, c...)
							now += 3600
						}
						return closed
					}
					run(oldBase, test.before, 3)
					restore("before the change", set)
					run(oldBase, test.before, 1)
					restore("while down", next)
					e.SetCatalog(next)
					restore("after the change", next)
					// The spans that ml_summary had counted by the old card come after the new one.
					e.Add(at(now+60), hour(r, oldBase, now, test.before.features, test.before.class))
					closed := run(newBase, test.after, 5)
					last := map[string]Result{}
					for _, res := range closed {
						if res.Key.Subject != Missing {
							last[res.Key.Subject.String()+" "+res.Key.Name] = res
						}
					}
					check := func(key string) {
						t.Helper()
						if res := last[key]; len(res.Scores) == 0 || res.Verdict != OK || res.ReferenceSamples != 3000 || res.Samples < 300 {
							t.Errorf("%s: %s", key, renderOne(&res))
						}
					}
					for name := range test.after.features {
						check("feature " + name)
					}
					check("class ")
					scored := 0
					e.Scores(func(res *Result) {
						if len(res.Scores) > 0 && res.Key.Subject != Missing {
							scored++
						}
					})
					if want := len(test.after.features) + 1; scored != want {
						t.Errorf("%d series have scores, want %d", scored, want)
					}
				})
			}
		}
	}
}

// What was counted by name before the card came is compared with its baseline.
func TestCategoriesAreKeptWhereTheyWereToldApart(t *testing.T) {
	features, class := map[string]draw{"country": words("DE", "FR", "US")}, words("ok", "fraud")
	e := engine(t, nil, nil)
	r := rand.New(rand.NewPCG(7, 7))
	e.Add(at(epoch+60), hour(r, nil, epoch, features, class))
	e.SetCatalog(card(profileOf(features, class), nil))
	closed, _ := e.CloseAll(at(epoch + 120))
	n := 0
	for _, res := range closed {
		if res.Key.Subject == Class || res.Key.Subject == Feature {
			n++
			if len(res.Scores) == 0 || res.Samples != 300 || res.Verdict != OK {
				t.Errorf("%s", renderOne(&res))
			}
		}
	}
	if n != 2 {
		t.Errorf("%d windows were closed", n)
	}
}

// A feature without a baseline whose first values are numbers and whose next are words becomes
// categorical, and loses no value.
func TestNumbersThenWords(t *testing.T) {
	for _, restart := range []bool{false, true} {
		e := engine(t, nil, func(o *Options) { o.Reference = []string{Previous} })
		k := key7
		k.Subject, k.Name = Feature, "zip"
		word := func(w string, n uint64) Delta {
			return Delta{Key: k, Minute: epoch, Categorical: true, Category: w, Count: n}
		}
		numbers := expoDelta(k, epoch, []float64{1, 2, 3, 10115})
		missing := Delta{Key: k, Minute: epoch, Count: 2}
		missing.Key.Subject = Missing
		e.Add(at(epoch), []Delta{numbers, missing})
		if restart {
			e = restored(t, nil, e.Snapshot(), epoch)
			e.opts.Reference = []string{Previous}
			e.SetCatalog(catalog.NewSet(nil, nil))
		}
		e.Add(at(epoch), []Delta{word("EC1A", 5), numbers, word("SW1", 1)})
		if s := e.TakeStats(); s.Points[Counted] != 5 && !restart || len(s.Events) != 1 || s.Events[0].Kind != Categorized || s.Events[0].Key.Name != "zip" {
			t.Errorf("%v %+v", s.Points, s.Events)
		}
		e.Totals(func(x *Total) {
			switch x.Key.Subject {
			case Feature:
				if x.Count != 14 || x.Rest != 8 || x.Categories["EC1A"] != 5 || x.Categories["SW1"] != 1 {
					t.Errorf("%+v", x)
				}
			case Missing:
				if x.Count != 2 {
					t.Errorf("%+v", x)
				}
			}
		})
		closed, _ := e.CloseAll(at(epoch + 120))
		if got := closedOf(closed, "fraud 7 feature zip"); len(got) != 1 || got[0].Samples != 14 {
			t.Errorf("%s", render(got))
		}
	}
}

// A verdict against a baseline that is gone is no verdict.
func TestVerdictEndsWithItsBaseline(t *testing.T) {
	e, tr := one(t, func(m *catalogModel) { m.Drift.For = 1 }, nil)
	tr.cols[0].shift = 3
	e.Add(at(epoch+60), tr.minute(epoch, 300))
	if _, changes := e.Advance(at(epoch + 4000)); len(changes) != 2 || changes[1].Verdict != Drift {
		t.Fatalf("%+v", changes)
	}
	e.SetCatalog(card(nil, func(m *catalogModel) { m.Versions = nil }))
	tr.bins["f00"], _ = distribution.NewBins(tr.bins["f00"].Bounds())
	e.Add(at(epoch+3660), tr.minute(epoch+3600, 300))
	_, changes := e.Advance(at(epoch + 8000))
	if len(changes) != 2 || changes[1].Verdict != Insufficient || changes[1].From != Drift {
		t.Errorf("%+v", changes)
	}
}
