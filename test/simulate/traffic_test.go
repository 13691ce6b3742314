// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// reference are the rows of a baseline that have a value of a feature, in the order in which they
// were drawn: numbers, or categories.
type reference struct {
	column     *profile.Column
	values     []float64
	categories []int
}

// baseline profiles nref rows of a scenario: hours of the first week, as often as they have rows.
func baseline(s *scenario, features []feature, r *rand.Rand) (*profile.Profile, []reference) {
	hours := make([]float64, 168)
	for h := range hours {
		hours[h] = s.volume(h)
	}
	pick := newAlias(hours)
	phases := make([]int, s.nref)
	for i := range phases {
		phases[i] = s.phase(pick.draw(r))
	}
	equal := 1
	if s.equalReference {
		equal = s.cluster
	}
	p := &profile.Profile{FormatVersion: profile.FormatVersion, Rows: uint64(s.nref)}
	rows := make([]reference, len(features))
	for i := range features {
		f, row := &features[i], &rows[i]
		var missing uint64
		counts := map[string]uint64{}
		tables := map[int]*alias{}
		for i := 0; i < s.nref; i += equal {
			n := min(equal, s.nref-i)
			if f.missing != nil && r.Float64() < f.missing(phases[i]) {
				missing += uint64(n)
				continue
			}
			if f.shares != nil {
				t := tables[phases[i]]
				if t == nil {
					t = newAlias(f.shares(phases[i]))
					tables[phases[i]] = t
				}
				c := t.draw(r)
				counts[f.labels(c)] += uint64(n)
				for range n {
					row.categories = append(row.categories, c)
				}
				continue
			}
			v := f.law(phases[i]).draw(r)
			for range n {
				row.values = append(row.values, v)
			}
		}
		if f.shares != nil {
			row.column = profile.NewCategorical(f.name, counts, missing, profile.DefaultMaxCategories)
		} else {
			row.column = profile.NewNumeric(f.name, slices.Clone(row.values), missing, distribution.DefaultBins)
		}
		switch f.subject {
		case drift.Class, drift.Value:
			p.Prediction = row.column
		case drift.Confidence:
			p.Confidence = row.column
		default:
			p.Features = append(p.Features, row.column)
		}
	}
	return p, rows
}

// table draws the bins, or the categories, of one feature in one phase.
type table struct {
	*alias
	law law
	// means are those of the values in each bin.
	means []float64
}

// source draws the rows of a feature.
type source struct {
	feature
	bins   *distribution.Bins
	groups distribution.Grouping
	tables map[int]*table
	state  float64 // of autocorrelated rows
}

func newSource(f feature, c *profile.Column) *source {
	s := &source{feature: f, tables: map[int]*table{}}
	if c.Numeric != nil {
		s.bins, _ = distribution.NewBins(c.Numeric.Bounds)
		s.groups = distribution.GroupByMass(c.Numeric.Bounds, c.Numeric.Counts, distribution.DefaultGroups)
	}
	return s
}

func (s *source) table(phase int) *table {
	t := s.tables[phase]
	if t != nil {
		return t
	}
	t = &table{}
	if s.shares != nil {
		t.alias = newAlias(s.shares(phase))
	} else {
		t.law = s.law(phase)
		bounds := s.bins.Bounds()
		shares := make([]float64, s.bins.Len())
		t.means = make([]float64, len(shares))
		r, below := rand.New(rand.NewPCG(1, 2)), 0.0
		for i := range shares {
			low, high, upTo := math.Inf(-1), math.Inf(1), 1.0
			if i > 0 {
				low = bounds[i-1]
			}
			if i < len(bounds) {
				high = bounds[i]
				upTo = t.law.cdf(high)
			}
			shares[i], below = max(0, upTo-below), upTo
			if shares[i] > 0 {
				const draws = 4
				for range draws {
					t.means[i] += t.law.drawBetween(r, low, high) / draws
				}
			}
		}
		t.alias = newAlias(shares)
	}
	s.tables[phase] = t
	return t
}

// draw counts users into counts, by bin or category.
func (s *source) draw(r *rand.Rand, phase, users int, counts []uint64, each uint64) {
	if s.ar != 0 {
		noise := math.Sqrt(1 - s.ar*s.ar)
		for range users {
			s.state = s.ar*s.state + noise*r.NormFloat64()
			counts[s.bins.Index(s.state+s.added)] += each
		}
		return
	}
	t := s.table(phase)
	for range users {
		counts[t.draw(r)] += each
	}
}

func (s *source) cells(phase int) int {
	if s.shares != nil {
		return len(s.shares(phase))
	}
	return s.bins.Len()
}

// histogram is the delta of counts by bin: its outermost values are drawn, the others have the mean
// of their bin.
func (s *source) histogram(r *rand.Rand, phase int, key drift.Key, minute int64, counts []uint64, each uint64) drift.Delta {
	d := drift.Delta{Key: key, Minute: minute, Bounds: s.bins.Bounds(), Counts: append([]uint64(nil), counts...), HasRange: true}
	t := s.table(phase)
	first, last := len(counts), 0
	for i, n := range counts {
		if n > 0 {
			first, last = min(first, i), i
			d.Count += n
			d.Sum += float64(n) * t.means[i]
		}
	}
	d.Min, d.Max = math.Inf(1), math.Inf(-1)
	for _, i := range []int{first, last} {
		low, high := math.Inf(-1), math.Inf(1)
		if i > 0 {
			low = d.Bounds[i-1]
		}
		if i < len(d.Bounds) {
			high = d.Bounds[i]
		}
		d.Sum -= float64(counts[i]) * t.means[i]
		for range counts[i] / each {
			v := t.law.drawBetween(r, low, high)
			d.Min, d.Max = min(d.Min, v), max(d.Max, v)
			d.Sum += v * float64(each)
		}
		if first == last {
			break
		}
	}
	return d
}

func binomial(r *rand.Rand, n int, p float64) int {
	switch {
	case p <= 0 || n == 0:
		return 0
	case p >= 1:
		return n
	}
	return int(distuv.Binomial{N: float64(n), P: p, Src: r}.Rand())
}

func poisson(r *rand.Rand, mean float64) int {
	if mean <= 0 {
		return 0
	}
	return int(distuv.Poisson{Lambda: mean, Src: r}.Rand())
}

// traffic makes the deltas of a scenario's hours.
type traffic struct {
	*scenario
	rate    float64
	r       *rand.Rand
	sources []*source
	key     drift.Key
	// peers are told what is counted; nil where there are none.
	peers *peers
}

func newTraffic(s *scenario, rate float64, features []feature, rows []reference, r *rand.Rand) *traffic {
	t := &traffic{scenario: s, rate: rate, r: r, key: drift.Key{Model: "fraud", Version: "7"}}
	t.set(features, rows)
	return t
}

// set makes the features those that are given.
func (t *traffic) set(features []feature, rows []reference) {
	before := t.sources
	t.sources = nil
	for i, f := range features {
		s := newSource(f, rows[i].column)
		if before != nil {
			s.state = before[i].state
		}
		t.sources = append(t.sources, s)
	}
}

// hour returns what an hour counts.
func (t *traffic) hour(hour int) []drift.Delta {
	minute := t.begin() + int64(hour)*3600 + 1800
	phase, each := t.phase(hour), uint64(t.cluster)
	users := poisson(t.r, t.rate*t.volume(hour)/float64(t.cluster))
	if users == 0 {
		return nil
	}
	k := t.key
	k.Subject = drift.Predictions
	out := []drift.Delta{{Key: k, Minute: minute, Count: uint64(users) * each}}
	in := []int{users}
	if t.segments > 0 {
		in = in[:0]
		for left := t.segments; left > 0; left-- {
			n := binomial(t.r, users, 1/float64(left))
			in = append(in, n)
			users -= n
			k.Segment = "region=" + name(t.segments-left)
			if n > 0 {
				out = append(out, drift.Delta{Key: k, Minute: minute, Count: uint64(n) * each})
			}
		}
	}
	for i, s := range t.sources {
		out = t.count(out, s, i, phase, minute, in, each)
	}
	return out
}

// count appends what one feature counts of users, who are given by segment.
func (t *traffic) count(out []drift.Delta, s *source, number, phase int, minute int64, in []int, each uint64) []drift.Delta {
	k := t.key
	if s.subject == drift.Feature {
		k.Name = s.name
	}
	missing := 0.0
	if s.missing != nil {
		missing = s.missing(phase)
	}
	if s.missingSD > 0 {
		missing = min(max(0, missing+s.missingSD*t.r.NormFloat64()), 1)
	}
	total := make([]uint64, s.cells(phase))
	absent := 0
	for g, users := range in {
		lacking := binomial(t.r, users, missing)
		absent += lacking
		if t.segments == 0 {
			s.draw(t.r, phase, users-lacking, total, each)
			continue
		}
		part := make([]uint64, len(total))
		s.draw(t.r, phase, users-lacking, part, each)
		for i, n := range part {
			total[i] += n
		}
		k.Segment = "region=" + name(g)
		if lacking > 0 {
			k.Subject = drift.Missing
			out = append(out, drift.Delta{Key: k, Minute: minute, Count: uint64(lacking) * each})
		}
		for _, w := range t.watched {
			if w == number && users > lacking {
				k.Subject = s.subject
				out = t.append(out, s, phase, k, minute, part, each, true)
			}
		}
	}
	k.Segment = ""
	if absent > 0 {
		k.Subject = drift.Missing
		out = append(out, drift.Delta{Key: k, Minute: minute, Count: uint64(absent) * each})
	}
	k.Subject = s.subject
	before := len(out)
	out = t.append(out, s, phase, k, minute, total, each, false)
	if t.peers != nil && len(out) > before {
		t.peers.take(number, s, phase, total, &out[before])
	}
	return out
}

func (t *traffic) append(out []drift.Delta, s *source, phase int, k drift.Key, minute int64, counts []uint64, each uint64, grouped bool) []drift.Delta {
	if s.shares != nil {
		for i, n := range counts {
			if n > 0 {
				out = append(out, drift.Delta{Key: k, Minute: minute, Categorical: true, Category: s.labels(i), Count: n})
			}
		}
		return out
	}
	some := false
	for _, n := range counts {
		some = some || n > 0
	}
	if !some {
		return out
	}
	d := s.histogram(t.r, phase, k, minute, counts, each)
	if grouped { // segments come in the groups of the baseline
		d.Counts, d.Bounds = distribution.Sum(s.groups, d.Counts, []uint64(nil)), s.groups.Bounds()
	}
	return append(out, d)
}
