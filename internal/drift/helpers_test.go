// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// epoch is the event time at which tests begin: a Monday, 2026-11-02 00:00 UTC.
const epoch = int64(1793577600)

func at(seconds int64) time.Time { return time.Unix(seconds, 0) }

// column is a feature of synthetic traffic: how to draw a value, and what share is missing.
type column struct {
	name    string
	draw    func(r *rand.Rand) float64
	labels  []string // categorical: draw gives an index
	missing float64
	shift   float64 // added to every value, in units of sd
	sd      float64
}

// columns are features of different shapes: normal, lognormal, zero-inflated, integer, categorical.
func columns(n int) []column {
	var out []column
	for i := range n {
		c := column{name: fmt.Sprintf("f%02d", i), missing: []float64{0, 0.01, 0.2}[i%3], sd: 1}
		switch i % 5 {
		case 0:
			c.draw = func(r *rand.Rand) float64 { return r.NormFloat64() }
		case 1:
			c.draw = func(r *rand.Rand) float64 { return math.Exp(r.NormFloat64()) }
			c.sd = math.Sqrt((math.E - 1) * math.E)
		case 2:
			c.draw = func(r *rand.Rand) float64 {
				if r.Float64() < 0.6 {
					return 0
				}
				return r.ExpFloat64()
			}
		case 3:
			c.draw = func(r *rand.Rand) float64 { return float64(r.IntN(7)) }
			c.sd = 2
		case 4:
			c.labels = []string{"DE", "FR", "US", "GB", "IT", "rare"}
			c.draw = func(r *rand.Rand) float64 {
				x := r.Float64()
				for j, limit := range []float64{0.4, 0.7, 0.85, 0.95, 0.995, 1} {
					if x < limit {
						return float64(j)
					}
				}
				return 5
			}
		}
		out = append(out, c)
	}
	return out
}

// baseline profiles rows of the columns.
func baseline(cols []column, rows int, seed uint64) *profile.Profile {
	p := &profile.Profile{FormatVersion: profile.FormatVersion, Rows: uint64(rows)}
	for i, c := range cols {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		var missing uint64
		values, counts := []float64{}, map[string]uint64{}
		for range rows {
			if r.Float64() < c.missing {
				missing++
				continue
			}
			v := c.draw(r)
			if c.labels != nil {
				counts[c.labels[int(v)]]++
			} else {
				values = append(values, v)
			}
		}
		if c.labels != nil {
			p.Features = append(p.Features, profile.NewCategorical(c.name, counts, missing, 200))
		} else {
			p.Features = append(p.Features, profile.NewNumeric(c.name, values, missing, distribution.DefaultBins))
		}
	}
	return p
}

// card is a catalog with one model.
func card(base *profile.Profile, change func(*catalog.Model)) *catalog.Set {
	m := &catalog.Model{Name: "fraud", Baseline: base}
	m.Versions = []*catalog.Version{{Model: m, Version: "7", Baseline: base, Aliases: []string{"champion"}}, {Model: m, Version: "8", Baseline: base}}
	if change != nil {
		change(m)
	}
	return catalog.NewSet([]*catalog.Model{m}, nil)
}

var key7 = Key{Model: "fraud", Version: "7"}

// traffic draws rows and counts them into deltas as ml_summary does.
type traffic struct {
	cols []column
	bins map[string]*distribution.Bins
	r    *rand.Rand
	key  Key
}

func newTraffic(base *profile.Profile, cols []column, seed uint64) *traffic {
	t := &traffic{cols: append([]column(nil), cols...), bins: map[string]*distribution.Bins{}, r: rand.New(rand.NewPCG(seed, 99)), key: key7}
	if base != nil {
		for _, c := range base.Features {
			if c.Numeric != nil {
				t.bins[c.Name], _ = distribution.NewBins(c.Numeric.Bounds)
			}
		}
	}
	return t
}

// minute returns the deltas of rows in the minute that starts at event.
func (t *traffic) minute(event int64, rows int) []Delta {
	k := t.key
	k.Subject = Predictions
	out := []Delta{{Key: k, Minute: event, Count: uint64(rows)}}
	for _, c := range t.cols {
		var missing uint64
		values, labels := []float64{}, map[string]uint64{}
		for range rows {
			if t.r.Float64() < c.missing {
				missing++
				continue
			}
			v := c.draw(t.r)
			if c.labels != nil {
				labels[c.labels[int(v)]]++
			} else {
				values = append(values, v+c.shift*c.sd)
			}
		}
		k := t.key
		k.Name = c.name
		if missing > 0 {
			k.Subject = Missing
			out = append(out, Delta{Key: k, Minute: event, Count: missing})
		}
		k.Subject = Feature
		for _, label := range c.labels {
			if n := labels[label]; n > 0 {
				out = append(out, Delta{Key: k, Minute: event, Categorical: true, Category: label, Count: n})
			}
		}
		if len(values) > 0 {
			out = append(out, histogram(k, event, t.bins[c.name], values))
		}
	}
	return out
}

func histogram(k Key, event int64, bins *distribution.Bins, values []float64) Delta {
	d := Delta{Key: k, Minute: event, Count: uint64(len(values)), HasRange: true, Min: values[0], Max: values[0]}
	d.Bounds, d.Counts = bins.Bounds(), bins.Count(values)
	for i, v := range values {
		d.Sum += v
		d.Min, d.Max = min(d.Min, v), max(d.Max, v)
		if i == 0 {
			d.Exemplars = []Exemplar{{Value: v, Time: event*1e9 + 1, TraceID: [16]byte{1}, SpanID: [8]byte{byte(len(values))}}}
		}
	}
	return d
}

// countIn adds one to bucket i.
func countIn(b *distribution.ExponentialBuckets, i int32) {
	if len(b.Counts) == 0 {
		b.Offset = i
	}
	for ; b.Offset > i; b.Offset-- {
		b.Counts = append([]uint64{0}, b.Counts...)
	}
	for b.Offset+int32(len(b.Counts)) <= i {
		b.Counts = append(b.Counts, 0)
	}
	b.Counts[i-b.Offset]++
}

func engine(t testing.TB, set *catalog.Set, change func(*Options)) *Engine {
	t.Helper()
	o := DefaultOptions()
	o.Season = SeasonNone // tests last hours
	if change != nil {
		change(&o)
	}
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if set != nil {
		e.SetCatalog(set)
	}
	return e
}

// poisson draws a count.
func poisson(r *rand.Rand, mean float64) int {
	limit, p, n := math.Exp(-mean), 1.0, 0
	for {
		p *= r.Float64()
		if p <= limit {
			return n
		}
		n++
	}
}

type catalogModel = catalog.Model

// render writes results as text, sums to 12 digits.
func render(results []Result) string {
	s := ""
	for i := range results {
		s += renderOne(&results[i])
	}
	return s
}

func renderOne(r *Result) string {
	s := fmt.Sprintf("%s vs %s [%d +%d) n=%d ref=%d %s", r.Key, r.Reference, r.Start-epoch, r.End-r.Start, r.Samples, r.ReferenceSamples, r.Verdict)
	for _, x := range r.Scores {
		s += fmt.Sprintf(" %s=%.12g p=%.12g", x.Method, x.Score, x.PValue)
	}
	if r.Exemplar != nil {
		s += fmt.Sprintf(" exemplar %v@%d", r.Exemplar.Value, r.Exemplar.Time)
	}
	return s + "\n"
}

// state renders all scores and totals.
func state(e *Engine) string {
	s := ""
	e.Scores(func(r *Result) { s += renderOne(r) })
	e.Totals(func(t *Total) {
		s += fmt.Sprintf("%s count=%d sum=%.9g %v %v %v rest=%d exemplars=%d\n", t.Key, t.Count, t.Sum, t.Bounds, t.Groups, t.Categories, t.Rest, len(t.Exemplars))
	})
	return s
}

// unsaved marks all models as changed: the next snapshot is of everything.
func unsaved(e *Engine) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, m := range e.models {
		m.dirty = true
	}
	e.restOf("").dirty = true
}

// scoreBy returns the score of a method; nil if there is none.
func scoreBy(r Result, method string) *Score {
	for i := range r.Scores {
		if r.Scores[i].Method == method {
			return &r.Scores[i]
		}
	}
	return nil
}
