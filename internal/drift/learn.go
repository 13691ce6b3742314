// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// learning counts the first rows of a model that has no baseline, of its total in the primary role,
// until they are enough to be one.
//
//	counting ── rows ≥ wanted ──► full: minutes up to cutoff still count
//	                                └─ watermarks past it ──► learned ── taken ──► done
type learning struct {
	rows uint64
	// full says that there are enough rows, those of minutes up to cutoff, which is in seconds
	// since 1970.
	full     bool
	cutoff   int64
	from, to int64 // the first minute, and the newest one of the predictions
	// done says that the baseline was written: it is never learned again.
	done    bool
	columns map[seriesKey]*learned
}

// learned is one column.
type learned struct {
	expo   *distribution.Exponential
	bounds []float64
	counts []uint64
	// numbers counts values in expo or counts.
	numbers       uint64
	sum, min, max float64
	categories    map[string]uint64
	// rest are values in no category for lack of room.
	rest, missing uint64
}

// Learned is a baseline that was learned.
type Learned struct {
	Environment, Model string
	Profile            *profile.Profile
	// Mixed are features that came as numbers and as categories; the type that was more frequent
	// was taken.
	Mixed []string
}

// learns reports whether the baseline that a result lacks is being learned.
func (m *model) learns(r *Result) bool {
	return r.Reference == Baseline && m.learning != nil && !m.learning.done
}

// beginLearning starts or stops learning, as the catalog has no baseline for the model or has one.
func (e *Engine) beginLearning(m *model) {
	switch {
	case e.opts.Learn == 0 || m.hasBaseline():
		if m.learning != nil && !m.learning.done {
			m.learning = nil
		}
	case m.learning == nil:
		m.learning = &learning{columns: make(map[seriesKey]*learned)}
	}
}

func (m *model) hasBaseline() bool {
	card := m.set.Model(m.key.environment, m.key.name)
	if card == nil {
		return false
	}
	for _, v := range card.Versions {
		if v.Baseline != nil {
			return true
		}
	}
	return card.Baseline != nil
}

// learn counts a delta that is none of the future and was not seen before.
func (e *Engine) learn(m *model, d *Delta) {
	l := m.learning
	if l == nil || l.done || d.Key.Segment != "" || d.Key.Role != "" || l.full && d.Minute > l.cutoff {
		return
	}
	if l.to == 0 && l.from == 0 {
		l.from, l.to = d.Minute, d.Minute
	}
	l.from = min(l.from, d.Minute)
	key := seriesKey{d.Key.Subject, d.Key.Name}
	switch d.Key.Subject {
	case Predictions:
		if d.Consumer.Unit == "" { // else it is the error of predictions that failed
			l.rows += d.Count
		}
		l.to = max(l.to, d.Minute)
		if !l.full && l.rows >= uint64(e.opts.Learn) {
			l.full, l.cutoff = true, l.to
		}
		return
	case Missing:
		key.subject = Feature
	case Value, Class, Confidence, Feature:
	default:
		return
	}
	c := l.columns[key]
	if c == nil {
		if len(l.columns) >= e.opts.Limits.Features+3 {
			return // counted where the feature itself finds no room
		}
		key.name = strings.Clone(key.name)
		c = &learned{min: math.Inf(1), max: math.Inf(-1)}
		l.columns[key] = c
	}
	c.addDelta(d, e.opts.Limits.Categories)
}

func (c *learned) addDelta(d *Delta, limit int) {
	switch {
	case d.Key.Subject == Missing:
		c.missing += d.Count
	case d.Categorical:
		_, known := c.categories[d.Category]
		if d.Overflow || !known && len(c.categories) >= limit {
			c.rest += d.Count
			return
		}
		if c.categories == nil {
			c.categories = make(map[string]uint64)
		}
		if !known {
			d.Category = strings.Clone(d.Category)
		}
		c.categories[d.Category] += d.Count
	default:
		if d.Exponential != nil {
			c.expo = c.expo.Add(d.Exponential)
		} else {
			if c.counts == nil {
				c.bounds, c.counts = slices.Clone(d.Bounds), make([]uint64, len(d.Counts))
			}
			distribution.Rebin(d.Bounds, d.Counts, c.bounds, c.counts)
		}
		c.numbers += d.Count
		c.sum += d.Sum
		if d.HasRange {
			c.min, c.max = min(c.min, d.Min), max(c.max, d.Max)
		}
	}
}

// Learned returns the baselines that have been learned and not been taken yet: all minutes of their
// rows are closed.
func (e *Engine) Learned(now time.Time) []Learned {
	var out []Learned
	e.eachCurrent(func(m *model) {
		l := m.learning
		if l == nil || l.done || !l.full {
			return
		}
		closed := true
		for i := range m.clocks {
			closed = closed && (!m.clocks[i].Seen || m.clocks[i].Watermark >= l.cutoff+60)
		}
		if closed {
			out = append(out, l.profile(m.key, now))
		}
	})
	return out
}

// FinishLearning says that a learned baseline was written, or is not wanted.
func (e *Engine) FinishLearning(environment, name string) {
	e.mu.Lock()
	m := e.models[modelKey{environment, name}]
	e.mu.Unlock()
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.learning != nil {
		m.learning = &learning{done: true}
		m.dirty = true
	}
}

// LearningProgress calls yield for every model whose baseline is being learned, with the rows so
// far and those wanted.
func (e *Engine) LearningProgress(yield func(environment, model string, rows, wanted uint64)) {
	e.eachCurrent(func(m *model) {
		if m.learning != nil && !m.learning.done {
			yield(m.key.environment, m.key.name, m.learning.rows, uint64(e.opts.Learn))
		}
	})
}

// profile makes the baseline. Numbers are in the bins of their exponential histogram, at most 240
// of them.
func (l *learning) profile(key modelKey, now time.Time) Learned {
	out := Learned{Environment: key.environment, Model: key.name, Profile: &profile.Profile{
		FormatVersion: profile.FormatVersion, Name: key.name + ", learned from live traffic", CreatedAt: now.UTC().Truncate(time.Second),
		From: time.Unix(l.from, 0).UTC(), To: time.Unix(l.cutoff+60, 0).UTC(), Rows: l.rows,
	}}
	p := out.Profile
	for _, k := range slices.SortedFunc(maps.Keys(l.columns), compareSeries) {
		c := l.columns[k]
		categories := c.rest
		for _, n := range c.categories {
			categories += n
		}
		if k.subject == Feature && categories > 0 && c.numbers > 0 {
			out.Mixed = append(out.Mixed, k.name)
		}
		var column *profile.Column
		if categories > c.numbers || c.numbers == 0 && k.subject == Class {
			column = profile.NewCategorical(k.name, c.categories, c.missing, profile.DefaultMaxCategories)
			column.AddOther(c.rest)
		} else if c.numbers > 0 {
			column = c.numeric(k.name)
		} else {
			continue // never a value: nothing to compare with
		}
		switch k.subject {
		case Feature:
			// Without a baseline ml_summary does not know what a row lacks.
			column.Missing = max(column.Missing, l.rows-min(l.rows, column.Count))
			p.Features = append(p.Features, column)
		case Confidence:
			column.Name, p.Confidence = "confidence", column
		default:
			if p.Prediction == nil || column.Count > p.Prediction.Count {
				column.Name, p.Prediction = "prediction", column
			}
		}
	}
	return out
}

func (c *learned) numeric(name string) *profile.Column {
	bounds, counts := c.bounds, c.counts
	if c.expo != nil {
		b, n, _ := distribution.Align(c.expo, nil)
		switch {
		case len(b) == 0:
			bounds, counts = []float64{0}, []uint64{n[0], 0} // zeros
		case len(counts) > 0: // the same column came in both forms
			distribution.Rebin(b, n, bounds, counts)
		default:
			bounds, counts = b, n
		}
	}
	if g := distribution.GroupByMass(bounds, counts, distribution.DefaultBins); g.Len() < len(counts) {
		counts = distribution.Sum(g, counts, []uint64(nil))
		bounds = g.Bounds()
	}
	total := uint64(0)
	for _, n := range counts {
		total += n
	}
	lo, hi := c.min, c.max
	if !(lo <= hi) {
		lo, hi = bounds[0], bounds[len(bounds)-1]
	}
	mean := c.sum / float64(max(c.numbers, 1))
	if math.IsNaN(mean) || math.IsInf(mean, 0) {
		mean = lo + (hi-lo)/2
	}
	sd := distribution.NewNumericSample(bounds, counts, lo, hi, math.NaN()).StdDev()
	if math.IsNaN(sd) || math.IsInf(sd, 0) {
		sd = 0
	}
	return &profile.Column{
		Name: name, Type: profile.Numeric, Count: total, Missing: c.missing,
		Numeric: &profile.NumericColumn{
			Min: lo, Max: hi, Mean: mean, StdDev: sd, Bounds: slices.Clone(bounds), Counts: slices.Clone(counts),
		},
	}
}

func (e *encoder) learning(l *learning) {
	e.Bool(l.done)
	e.Uvarint(l.rows)
	e.Bool(l.full)
	e.Varint(l.cutoff)
	e.Varint(l.from)
	e.Varint(l.to)
	e.Uvarint(uint64(len(l.columns)))
	for _, k := range slices.SortedFunc(maps.Keys(l.columns), compareSeries) {
		c := l.columns[k]
		e.Uvarint(uint64(k.subject))
		e.String(k.name)
		e.expo(c.expo)
		e.Float64s(c.bounds)
		wire.PutCounts(e.Encoder, c.counts)
		e.Uvarint(c.numbers)
		e.Float64(c.sum)
		e.Float64(c.min)
		e.Float64(c.max)
		e.Uvarint(c.rest)
		e.Uvarint(c.missing)
		e.Uvarint(uint64(len(c.categories)))
		for _, name := range slices.SortedFunc(maps.Keys(c.categories), cmp.Compare[string]) {
			e.String(name)
			e.Uvarint(c.categories[name])
		}
	}
}

func (d *decoder) learning() *learning {
	l := &learning{done: d.Bool(), rows: d.Uvarint(), full: d.Bool(), cutoff: d.Varint(), from: d.Varint(), to: d.Varint()}
	if !l.done {
		l.columns = make(map[seriesKey]*learned)
	}
	for range d.Count(8) {
		k := seriesKey{Subject(d.UvarintTo(uint64(Missing))), d.name()}
		c := &learned{expo: d.expo(), bounds: d.Float64s(), counts: wire.TakeCounts[uint64](d.Decoder)}
		c.numbers, c.sum, c.min, c.max, c.rest, c.missing = d.Uvarint(), d.Float64(), d.Float64(), d.Float64(), d.Uvarint(), d.Uvarint()
		for range d.Count(2) {
			if c.categories == nil {
				c.categories = make(map[string]uint64)
			}
			name := d.category()
			c.categories[name] += d.Uvarint()
		}
		if len(c.counts) > 0 && len(c.counts) != len(c.bounds)+1 || len(c.counts) == 0 && len(c.bounds) > 0 || !increasing(c.bounds) ||
			l.done || l.columns[k] != nil && d.cuts == 0 || c.numbers > 0 && c.expo == nil && len(c.bounds) == 0 {
			d.Fail()
		}
		if d.Err() != nil {
			return nil
		}
		l.columns[k] = c
	}
	return l
}

func increasing(bounds []float64) bool {
	for i, b := range bounds {
		if !(b >= -maxFloat && b <= maxFloat) || i > 0 && b <= bounds[i-1] {
			return false
		}
	}
	return len(bounds) < maxCells
}
