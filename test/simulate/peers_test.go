// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"flag"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

var withPeers = flag.Bool("peers", false, "evaluate the peers' default rules, too")

// rule is a peer's default rule for a column, on chunks of some hours. What it says of missing
// values is left out.
type rule struct {
	name  string
	hours int
	// alarms judges a chunk.
	alarms func(f *peerFeature, c *chunk) bool

	// episodes are beginnings of alarms without a change, found the hours after a change until the
	// first alarm of the changed feature, -1 never; lasting its alarms that began after it.
	episodes, found, lasting int
	on                       []bool // by feature
}

// chunkHours are the lengths of chunks that the rules are tried on.
var chunkHours = []int{1, 24}

// peers are the rules of other tools, told the same counts.
type peers struct {
	*scenario
	features []*peerFeature
	rules    []*rule
}

// peerFeature is the reference of a feature as the peers see it. Rows are given by cell: the bin of
// the profile, or the category.
type peerFeature struct {
	rows   int
	counts []float64
	// means are those of the values in each cell; nil for categories.
	means []float64
	// sd, low and high are of the reference's values, distinct how many different ones.
	sd, low, high float64
	distinct      int
	standard      []float64 // ten buckets of equal width between low and high
	doane         int       // number of NannyML's bins
	binned        []float64 // the reference in them, and beyond them
	// threshold is what NannyML learns from ten chunks of the reference.
	threshold float64
	chunks    []*chunk // by chunkHours
}

// chunk is what was counted so far.
type chunk struct {
	counts, sums []float64
	low, high    float64
	rows         float64
}

func newChunk(cells int) *chunk {
	return &chunk{counts: make([]float64, cells), sums: make([]float64, cells), low: math.Inf(1), high: math.Inf(-1)}
}

func newPeers(s *scenario, rows []reference, sources []*source) *peers {
	p := &peers{scenario: s}
	for i, src := range sources {
		f := newPeerFeature(rows[i], src)
		for range chunkHours {
			f.chunks = append(f.chunks, newChunk(len(f.counts)))
		}
		p.features = append(p.features, f)
	}
	for _, hours := range chunkHours {
		for _, r := range []rule{
			{name: "Evidently", alarms: (*peerFeature).evidently},
			{name: "TFDV", alarms: (*peerFeature).tfdv},
			{name: "NannyML", alarms: (*peerFeature).nannyml},
			{name: "PSI ≥ 0.1", alarms: (*peerFeature).psi},
			{name: "p < 0.05", alarms: func(f *peerFeature, c *chunk) bool { return f.pvalue(c) < 0.05 }},
		} {
			r.hours, r.found, r.on = hours, -1, make([]bool, len(sources))
			p.rules = append(p.rules, &r)
		}
	}
	return p
}

func newPeerFeature(rows reference, src *source) *peerFeature {
	f := &peerFeature{rows: max(len(rows.values), len(rows.categories)), counts: make([]float64, src.cells(0))}
	if rows.categories != nil {
		for _, c := range rows.categories {
			f.counts[c]++
		}
		f.learn(len(rows.categories), func(i int) int { return rows.categories[i] })
		return f
	}
	f.means = make([]float64, len(f.counts))
	f.low, f.high = slices.Min(rows.values), slices.Max(rows.values)
	f.standard = make([]float64, 10)
	mean, distinct := 0.0, map[float64]bool{}
	for _, v := range rows.values {
		i := src.bins.Index(v)
		f.counts[i]++
		f.means[i] += v
		f.standard[bucket(v, f.low, f.high, 10)]++
		mean += v / float64(f.rows)
		if len(distinct) < 6 {
			distinct[v] = true
		}
	}
	f.distinct = len(distinct)
	for i := range f.means {
		if f.counts[i] > 0 {
			f.means[i] /= f.counts[i]
		}
	}
	m2, m3, n := 0.0, 0.0, float64(f.rows)
	for _, v := range rows.values {
		m2 += (v - mean) * (v - mean) / n
		m3 += math.Pow(v-mean, 3) / n
	}
	f.sd = math.Sqrt(m2)
	skew := math.Sqrt(6 * (n - 2) / ((n + 1) * (n + 3)))
	f.doane = 1
	if m2 > 0 {
		f.doane = int(math.Ceil(1 + math.Log2(n) + math.Log2(1+math.Abs(m3/math.Pow(m2, 1.5))/skew)))
	}
	f.binned = make([]float64, f.doane+1)
	for i, count := range f.counts {
		f.binned[f.doaneBin(f.means[i])] += count
	}
	f.learn(len(rows.values), func(i int) int { return src.bins.Index(rows.values[i]) })
	return f
}

// bucket is the one of n buckets of equal width that a value between low and high lies in.
func bucket(v, low, high float64, n int) int {
	if !(high > low) {
		return 0
	}
	return min(max(0, int((v-low)/(high-low)*float64(n))), n-1)
}

// doaneBin is a bin of NannyML's; values out of the reference's range have one of their own.
func (f *peerFeature) doaneBin(v float64) int {
	if v < f.low || v > f.high {
		return f.doane
	}
	return bucket(v, f.low, f.high, f.doane)
}

// learn sets NannyML's threshold: mean and three standard deviations of ten chunks.
func (f *peerFeature) learn(n int, cell func(i int) int) {
	var values []float64
	for c := range 10 {
		part := newChunk(len(f.counts))
		for i := c * n / 10; i < (c+1)*n/10; i++ {
			k := cell(i)
			part.counts[k]++
			part.rows++
			if f.means != nil {
				part.sums[k] += f.means[k]
			}
		}
		values = append(values, f.jensenShannon(part))
	}
	mean, sd := 0.0, 0.0
	for _, v := range values {
		mean += v / 10
	}
	for _, v := range values {
		sd += (v - mean) * (v - mean) / 10
	}
	f.threshold = min(mean+3*math.Sqrt(sd), 1)
}

// take adds what an hour counted of a feature.
func (p *peers) take(number int, s *source, phase int, counts []uint64, d *drift.Delta) {
	f := p.features[number]
	var means []float64
	if s.shares == nil {
		means = s.table(phase).means
	}
	for _, c := range f.chunks {
		for len(c.counts) < len(counts) {
			c.counts, c.sums = append(c.counts, 0), append(c.sums, 0)
		}
		for i, n := range counts {
			c.counts[i] += float64(n)
			c.rows += float64(n)
			if means != nil {
				c.sums[i] += float64(n) * means[i]
			}
		}
		if means != nil {
			c.low, c.high = min(c.low, d.Min), max(c.high, d.Max)
		}
	}
}

// end judges the chunks that end with an hour.
func (p *peers) end(hour int) {
	for k, hours := range chunkHours {
		if hour%hours != 0 {
			continue
		}
		for i, f := range p.features {
			c := f.chunks[k]
			f.chunks[k] = newChunk(len(f.counts))
			if c.rows == 0 {
				continue
			}
			for _, r := range p.rules {
				if r.hours == hours {
					r.judge(p.scenario, i, hour, r.alarms(f, c))
				}
			}
		}
	}
}

// judge takes the verdict on a feature's chunk that ends with an hour.
func (r *rule) judge(s *scenario, number, hour int, alarm bool) {
	begins := alarm && !r.on[number]
	r.on[number] = alarm
	if s.after != nil && number == 0 && hour > s.from {
		if alarm && r.found < 0 {
			r.found = hour - s.from
		}
		if begins {
			r.lasting++
		}
		return
	}
	if begins {
		r.episodes++
	}
}

// evidently is Evidently's default: by the size of the reference a p-value or a distance.
func (f *peerFeature) evidently(c *chunk) bool {
	switch {
	case f.rows <= 1000:
		return f.pvalue(c) <= 0.05
	case f.means != nil && f.distinct > 5:
		return f.wasserstein(c)/max(f.sd, 0.001) >= 0.1
	}
	return math.Sqrt(divergence(f.counts, c.counts)) >= 0.1
}

// tfdv is TFDV's: Jensen-Shannon divergence of ten buckets of equal width for numbers, the largest
// difference of a share for categories; the threshold is Vertex AI's, as TFDV has none.
func (f *peerFeature) tfdv(c *chunk) bool {
	const threshold = 0.3
	if f.means == nil {
		worst := 0.0
		for i := range c.counts {
			worst = max(worst, math.Abs(at(f.counts, i)/float64(f.rows)-c.counts[i]/c.rows))
		}
		return worst > threshold
	}
	cur := make([]float64, 10)
	for i, n := range c.counts {
		if n > 0 {
			cur[bucket(c.sums[i]/n, c.low, c.high, 10)] += n
		}
	}
	p, q := aligned(f.standard, f.low, f.high, cur, c.low, c.high)
	return divergence(p, q)/math.Ln2 > threshold
}

// nannyml is NannyML's: Jensen-Shannon distance over the threshold that it has learned.
func (f *peerFeature) nannyml(c *chunk) bool { return f.jensenShannon(c) > f.threshold }

// jensenShannon is NannyML's distance: bins by Doane, base 2.
func (f *peerFeature) jensenShannon(c *chunk) float64 {
	if f.means == nil {
		return math.Sqrt(divergence(f.counts, c.counts) / math.Ln2)
	}
	cur := make([]float64, len(f.binned))
	for i, n := range c.counts {
		if n > 0 {
			cur[f.doaneBin(c.sums[i]/n)] += n
		}
	}
	return math.Sqrt(divergence(f.binned, cur) / math.Ln2)
}

// psi is the rule of thumb: ten groups of equal mass, 0.1.
func (f *peerFeature) psi(c *chunk) bool {
	ref, cur := f.counts, c.counts
	if f.means != nil {
		ref, cur = make([]float64, 10), make([]float64, 10)
		below := 0.0
		for i, n := range f.counts {
			g := min(int(10*(below+n/2)/float64(f.rows)), 9)
			ref[g] += n
			cur[g] += c.counts[i]
			below += n
		}
	}
	sum := 0.0
	for i := range cur {
		p, q := max(at(ref, i)/float64(f.rows), 1e-4), max(cur[i]/c.rows, 1e-4)
		sum += (p - q) * math.Log(p/q)
	}
	return sum >= 0.1
}

// pvalue is that of Kolmogorov and Smirnov for numbers, of chi² against the reference's shares for
// categories.
func (f *peerFeature) pvalue(c *chunk) float64 {
	if f.means == nil {
		x, df := 0.0, -1.0
		for i, n := range c.counts {
			expected := at(f.counts, i) / float64(f.rows) * c.rows
			switch {
			case expected == 0 && n > 0:
				return 0
			case expected > 0:
				x += (n - expected) * (n - expected) / expected
				df++
			}
		}
		if df < 1 {
			return 1
		}
		return distuv.ChiSquared{K: df}.Survival(x)
	}
	p, q, d := 0.0, 0.0, 0.0
	for i := range c.counts {
		p += f.counts[i] / float64(f.rows)
		q += c.counts[i] / c.rows
		d = max(d, math.Abs(p-q))
	}
	x := d * math.Sqrt(c.rows*float64(f.rows)/(c.rows+float64(f.rows)))
	sum := 0.0
	for k := 1.; k < 100; k++ {
		sum += 2 * math.Pow(-1, k-1) * math.Exp(-2*k*k*x*x)
	}
	if x < 0.2 {
		return 1
	}
	return min(max(0, sum), 1)
}

// wasserstein is the distance of both, every row at the mean of its cell.
func (f *peerFeature) wasserstein(c *chunk) float64 {
	i, j, p, q, w := 0, 0, 0.0, 0.0, 0.0
	next := func(counts, means []float64, i int) (int, float64) {
		for ; i < len(counts); i++ {
			if counts[i] > 0 {
				return i, means[i]
			}
		}
		return i, math.Inf(1)
	}
	means := make([]float64, len(c.sums))
	for k, n := range c.counts {
		if n > 0 {
			means[k] = c.sums[k] / n
		}
	}
	i, x := next(f.counts, f.means, i)
	j, y := next(c.counts, means, j)
	last := min(x, y)
	for i < len(f.counts) || j < len(c.counts) {
		to := min(x, y)
		w += math.Abs(p-q) * (to - last)
		last = to
		if x <= to {
			p += f.counts[i] / float64(f.rows)
			i, x = next(f.counts, f.means, i+1)
		}
		if y <= to {
			q += c.counts[j] / c.rows
			j, y = next(c.counts, means, j+1)
		}
	}
	return w
}

// divergence is Jensen and Shannon's, in nats, of two tables of counts.
func divergence(a, b []float64) float64 {
	na, nb := total(a), total(b)
	d := 0.0
	for i := range max(len(a), len(b)) {
		p, q := at(a, i)/na, at(b, i)/nb
		m := (p + q) / 2
		if p > 0 {
			d += p * math.Log(p/m) / 2
		}
		if q > 0 {
			d += q * math.Log(q/m) / 2
		}
	}
	return max(0, d)
}

// aligned spreads two histograms of buckets of equal width over the union of their edges.
func aligned(a []float64, aLow, aHigh float64, b []float64, bLow, bHigh float64) (p, q []float64) {
	edge := func(low, high float64, i, n int) float64 { return low + (high-low)*float64(i)/float64(n) }
	var edges []float64
	for i := range len(a) + 1 {
		edges = append(edges, edge(aLow, aHigh, i, len(a)))
	}
	for i := range len(b) + 1 {
		edges = append(edges, edge(bLow, bHigh, i, len(b)))
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	spread := func(counts []float64, low, high float64) []float64 {
		out := make([]float64, max(1, len(edges)-1))
		for i, n := range counts {
			from, to := edge(low, high, i, len(counts)), edge(low, high, i+1, len(counts))
			for k := range out {
				switch {
				case n == 0:
				case len(edges) == 1:
					out[k] += n
				case to <= from: // one value: all is in the bucket that ends there, or begins
					if edges[k+1] == from || k == 0 && edges[0] == from {
						out[k] += n
						n = 0
					}
				default:
					out[k] += n * max(0, min(to, edges[k+1])-max(from, edges[k])) / (to - from)
				}
			}
		}
		return out
	}
	return spread(a, aLow, aHigh), spread(b, bLow, bHigh)
}

func total(counts []float64) float64 {
	sum := 0.0
	for _, n := range counts {
		sum += n
	}
	return max(sum, 1)
}

func at(counts []float64, i int) float64 {
	if i < len(counts) {
		return counts[i]
	}
	return 0
}

// String names the rule and its chunks.
func (r *rule) String() string {
	if r.hours == 1 {
		return r.name + ", hourly"
	}
	return fmt.Sprintf("%s, daily", r.name)
}
