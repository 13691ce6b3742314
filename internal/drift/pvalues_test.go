// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// TestPValues draws a reference and samples of the same distribution, again and again, and counts
// how often the p-value is at most 0.05 and 0.001. A valid one is so in at most 5 % and 0.1 % of
// the draws; 6 % and 0.2 % are the bounds. Without PVALUES a part of the cases is drawn 300 times,
// and the bounds are wider by three standard deviations.
//
// PVALUES=2000 sets the number of draws of all cases, of which docs/p-values.md is printed. So few
// cannot tell 0.1 % from 0.2 %, and of many cases some are above the bound by chance: each of those
// is drawn ten times as often anew, from another seed, and then no share may be above it. PVALUES_OF
// picks the cases whose line contains it, PVALUES_SEED another seed for all.
func TestPValues(t *testing.T) {
	draws, err := strconv.Atoi(os.Getenv("PVALUES"))
	whole := err == nil
	if !whole {
		draws = 300
	}
	seed, _ := strconv.ParseUint(os.Getenv("PVALUES_SEED"), 10, 64)
	var printed summary
	for _, c := range pValueCases() {
		rows := slices.DeleteFunc(slices.Clone(sampleSizes), func(n int) bool {
			return !whole && !c.short(n) || !strings.Contains(c.line(n), os.Getenv("PVALUES_OF"))
		})
		if len(rows) == 0 {
			continue
		}
		limits := func(draws int) (limit05, limit001 float64) {
			if whole {
				return 0.06, 0.002
			}
			// Three standard deviations of such a share more.
			n := float64(draws)
			return 0.06 + 3*math.Sqrt(0.06*0.94/n), 0.002 + 3*math.Sqrt(0.002/n)
		}
		first := c.tails(t, seed, draws, rows)
		limit05, limit001 := limits(draws)
		again := slices.DeleteFunc(rows, func(n int) bool { return !first.above(n, limit05, limit001) })
		if len(again) > 0 {
			second := c.tails(t, seed+1_000_003, 10*draws, again)
			limit05, limit001 = limits(10 * draws)
			second.check(t, &c, limit05, limit001)
			printed.redrawn(&c, first, second)
			maps.Copy(first, second)
		}
		printed.add(&c, first)
	}
	if whole {
		fmt.Print(printed.String())
	}
}

// cell is a size of the sample and a method.
type cell struct {
	rows   int
	method string
}

// tails are the small p-values of a case.
type tails map[cell]*tail

// tails draws a case: a reference, and a sample of each size.
func (c *pValueCase) tails(t *testing.T, seed uint64, draws int, rows []int) tails {
	hash := fnv.New64a()
	_, _ = fmt.Fprint(hash, c.name, c.reference)
	r := rand.New(rand.NewPCG(seed, hash.Sum64()))
	out := tails{}
	for _, n := range rows {
		for _, method := range c.methods {
			out[cell{n, method}] = &tail{}
		}
	}
	for range draws {
		c.draw(r, rows, func(n int, method string, res stats.Result) { out[cell{n, method}].add(res) })
	}
	for at, x := range out {
		require.EqualValues(t, draws, x.draws, "%s: %s", c.line(at.rows), at.method)
		t.Logf("%s: %s: %d draws, p ≤ 0.05 %.4f, p ≤ 0.001 %.5f, score %.3f",
			c.line(at.rows), at.method, draws, x.share05(), x.share001(), x.score/x.draws)
	}
	return out
}

func (of tails) above(rows int, limit05, limit001 float64) bool {
	for at, x := range of {
		if at.rows == rows && (x.share05() > limit05 || x.share001() > limit001) {
			return true
		}
	}
	return false
}

func (of tails) check(t *testing.T, c *pValueCase, limit05, limit001 float64) {
	t.Helper()
	for at, x := range of {
		assert.LessOrEqual(t, x.share05(), limit05, "%s: %s: p ≤ 0.05", c.line(at.rows), at.method)
		assert.LessOrEqual(t, x.share001(), limit001, "%s: %s: p ≤ 0.001", c.line(at.rows), at.method)
	}
}

// summary is a line for each kind of values and test: by the rows of the reference, the largest
// share of p ≤ 0.05 over the sizes of the sample and the methods; over all sizes, the mean and the
// largest share of p ≤ 0.001. Beside them, what was drawn anew.
type summary struct {
	lines   []string
	largest map[string]map[int]float64
	at001   map[string][]float64
	anew    []string
}

var (
	referenceSizes = []int{300, 1000, 10_000, 100_000}
	sampleSizes    = []int{20, 200, 2000}
)

// testOf is the test whose p-value a method has.
func testOf(c *pValueCase, method string) string {
	switch {
	case strings.HasPrefix(c.name, "missing"):
		return "chi², Fisher"
	case method == "ks" || method == "wasserstein":
		return method
	}
	return "chi²"
}

func (s *summary) add(c *pValueCase, drawn tails) {
	if s.largest == nil {
		s.largest, s.at001 = map[string]map[int]float64{}, map[string][]float64{}
	}
	for _, method := range c.methods {
		line := c.name + " | " + testOf(c, method)
		if s.largest[line] == nil {
			s.lines = append(s.lines, line)
			s.largest[line] = map[int]float64{}
		}
		for _, n := range sampleSizes {
			if x := drawn[cell{n, method}]; x != nil {
				s.largest[line][c.reference] = max(s.largest[line][c.reference], x.share05())
				s.at001[line] = append(s.at001[line], x.share001())
			}
		}
	}
}

// redrawn adds the cells of a case of which a share was above a bound, by the method whose share
// was the largest one.
func (s *summary) redrawn(c *pValueCase, first, second tails) {
	for _, n := range sampleSizes {
		for _, test := range []string{"chi²", "ks", "wasserstein", "chi², Fisher"} {
			var was, is tail
			for _, method := range c.methods {
				before, after := first[cell{n, method}], second[cell{n, method}]
				if testOf(c, method) != test || after == nil || !first.above(n, 0.06, 0.002) {
					continue
				}
				was.at05, was.at001 = max(was.at05, before.share05()), max(was.at001, before.share001())
				is.at05, is.at001 = max(is.at05, after.share05()), max(is.at001, after.share001())
			}
			if was.at05 > 0.06 || was.at001 > 0.002 {
				s.anew = append(s.anew, fmt.Sprintf("| %s | %s | %d | %d | %.4f | %.4f | %.4f | %.4f |",
					c.name, test, c.reference, n, was.at05, is.at05, was.at001, is.at001))
			}
		}
	}
}

func (s *summary) String() string {
	var out strings.Builder
	out.WriteString("| values | test | 300 | 1,000 | 10,000 | 100,000 | p ≤ 0.001, mean | largest |\n|---|---|---|---|---|---|---|---|\n")
	shares, largest05 := 0, 0.0
	for _, line := range s.lines {
		fmt.Fprintf(&out, "| %s |", line)
		for _, n := range referenceSizes {
			fmt.Fprintf(&out, " %.3f |", s.largest[line][n])
			largest05 = max(largest05, s.largest[line][n])
		}
		mean := 0.0
		for _, v := range s.at001[line] {
			mean += v / float64(len(s.at001[line]))
		}
		shares += len(s.at001[line])
		fmt.Fprintf(&out, " %.4f | %.4f |\n", mean, slices.Max(s.at001[line]))
	}
	fmt.Fprintf(&out, "\n%d shares; the largest of p ≤ 0.05 is %.4f\n", shares, largest05)
	out.WriteString("\n| values | test | reference | rows | p ≤ 0.05 | anew | p ≤ 0.001 | anew |\n|---|---|---|---|---|---|---|---|\n")
	out.WriteString(strings.Join(s.anew, "\n") + "\n")
	return out.String()
}

// tail counts small p-values.
type tail struct{ draws, at05, at001, score float64 }

func (t *tail) add(r stats.Result) {
	t.draws++
	if r.PValue <= 0.05 {
		t.at05++
	}
	if r.PValue <= 0.001 {
		t.at001++
	}
	t.score += r.Effect
}

func (t *tail) share05() float64  { return t.at05 / t.draws }
func (t *tail) share001() float64 { return t.at001 / t.draws }

// pValueCase is a distribution with the size of a reference.
type pValueCase struct {
	name      string
	reference int
	methods   []string
	short     func(rows int) bool // drawn without PVALUES, too
	// draw draws a reference, and a sample of each of the sizes.
	draw func(r *rand.Rand, rows []int, yield func(rows int, method string, res stats.Result))
}

// line says which distribution and which sizes.
func (c *pValueCase) line(rows int) string {
	return fmt.Sprintf("%s, %d rows of reference, %d rows", c.name, c.reference, rows)
}

func pValueCases() []pValueCase {
	var out []pValueCase
	for _, reference := range referenceSizes {
		for _, k := range []int{2, 5, 20, 50, 200, 1000, 5000} {
			for _, zipf := range []bool{false, true} {
				out = append(out, categoryCase(k, zipf, reference))
			}
		}
		for _, g := range numberShapes {
			out = append(out, numberCase(g.name, g.draw, reference))
		}
		for _, share := range []float64{0.0005, 0.005, 0.01, 0.05, 0.2} {
			out = append(out, missingCase(share, reference))
		}
	}
	return out
}

// numberShapes are continuous, heavy-tailed, discrete and nearly constant.
var numberShapes = []struct {
	name string
	draw func(r *rand.Rand) float64
}{
	{"normal", func(r *rand.Rand) float64 { return r.NormFloat64() }},
	{"Pareto 1.1", func(r *rand.Rand) float64 { return math.Pow(1-r.Float64(), -1/1.1) }},
	{"60 % zeros, exponential", func(r *rand.Rand) float64 {
		if r.Float64() < 0.6 {
			return 0
		}
		return r.ExpFloat64()
	}},
	{"7 whole numbers", func(r *rand.Rand) float64 { return float64(r.IntN(7)) }},
	{"99 % constant", func(r *rand.Rand) float64 {
		if r.Float64() < 0.99 {
			return 3
		}
		return r.NormFloat64()
	}},
}

func numberCase(name string, draw func(r *rand.Rand) float64, reference int) pValueCase {
	methods := []string{"ks", "wasserstein", "psi", "jensen_shannon", "chi2"}
	return pValueCase{
		name: name, reference: reference, methods: methods,
		short: func(rows int) bool { return reference <= 1000 && rows == 200 },
		draw: func(r *rand.Rand, rows []int, yield func(int, string, stats.Result)) {
			x := make([]float64, reference)
			for i := range x {
				x[i] = draw(r)
			}
			c := profile.NewNumeric("x", x, 0, distribution.DefaultBins)
			bins, err := distribution.NewBins(c.Numeric.Bounds)
			if err != nil {
				panic(err)
			}
			for _, n := range rows {
				y := make([]float64, n)
				lo, hi := math.Inf(1), math.Inf(-1)
				for i := range y {
					y[i] = draw(r)
					lo, hi = min(lo, y[i]), max(hi, y[i])
				}
				pair, err := CompareNumeric(c, bins.Count(y), lo, hi)
				if err != nil {
					panic(err)
				}
				yieldAll(pair, n, methods, yield)
			}
		},
	}
}

func categoryCase(k int, zipf bool, reference int) pValueCase {
	weights, name := make([]float64, k), fmt.Sprintf("%d categories", k)
	sum := 0.0
	for i := range weights {
		weights[i] = 1
		if zipf {
			weights[i] = 1 / float64(i+1)
		}
		sum += weights[i]
	}
	if zipf {
		name += ", Zipf"
	}
	names := make([]string, k)
	for i := range names {
		// In an order that has nothing to do with the frequency.
		names[i] = fmt.Sprintf("%04d", i*7919%10_007)
	}
	count := func(r *rand.Rand, n int) map[string]uint64 {
		counts := make(map[string]uint64, k)
		left, rest := float64(sum), n
		for i, w := range weights {
			if rest == 0 {
				break
			}
			x := rest
			if i < k-1 {
				x = binomial(r, rest, min(w/left, 1))
			}
			if x > 0 {
				counts[names[i]] = uint64(x)
			}
			rest, left = rest-x, left-w
		}
		return counts
	}
	methods := []string{"jensen_shannon", "psi", "chi2"}
	return pValueCase{
		name: name, reference: reference, methods: methods,
		short: func(rows int) bool {
			return rows == 200 && reference <= 1000 && k <= 200 || rows == 2000 && reference == 1000 && k == 200
		},
		draw: func(r *rand.Rand, rows []int, yield func(int, string, stats.Result)) {
			c := profile.NewCategorical("x", count(r, reference), 0, profile.DefaultMaxCategories)
			for _, n := range rows {
				pair, err := CompareCategories(c, count(r, n))
				if err != nil {
					panic(err)
				}
				yieldAll(pair, n, methods, yield)
			}
		},
	}
}

func missingCase(p float64, reference int) pValueCase {
	return pValueCase{
		name: fmt.Sprintf("missing %g %%", 100*p), reference: reference, methods: []string{missingMethod},
		short: func(int) bool { return true },
		draw: func(r *rand.Rand, rows []int, yield func(int, string, stats.Result)) {
			ref := share{missing: uint64(binomial(r, reference, p)), rows: uint64(reference)}
			for _, n := range rows {
				cur := share{missing: uint64(binomial(r, n, p)), rows: uint64(n)}
				res, _ := compareShares(ref, cur, 1, 1)
				yield(n, missingMethod, res)
			}
		},
	}
}

func yieldAll(pair *distribution.Pair, rows int, methods []string, yield func(int, string, stats.Result)) {
	for _, m := range methods {
		res, err := pair.Compare(stats.Method(m))
		if err != nil {
			panic(fmt.Sprintf("%s: %v", m, err))
		}
		yield(rows, m, res)
	}
}

// binomial draws a binomial count: waiting for the next hit skips the misses.
func binomial(r *rand.Rand, n int, p float64) int {
	switch {
	case p >= 1:
		return n
	case p > 0.5:
		return n - binomial(r, n, 1-p)
	case p <= 0:
		return 0
	}
	hits, scale := 0, 1/math.Log1p(-p)
	for at := -1; ; hits++ {
		skip := math.Log(1-r.Float64()) * scale
		if skip >= float64(n-at-1) {
			return hits
		}
		at += 1 + int(skip)
	}
}
