// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// TestPValues draws a reference and a sample of the same distribution, again and again, and counts
// how often the p-value is at most 0.05 and 0.001. A valid one is so in at most 5 % and 0.1 % of
// the draws. PVALUES=4000 sets the number of draws of all cases, of which docs/p-values.md is
// printed; PVALUES_OF picks those whose line contains it. Without PVALUES a part of the cases is
// drawn less often.
func TestPValues(t *testing.T) {
	draws, err := strconv.Atoi(os.Getenv("PVALUES"))
	whole := err == nil
	if !whole {
		draws = 300
	}
	var printed summary
	for _, c := range pValueCases() {
		if !whole && !c.short || !strings.Contains(c.String(), os.Getenv("PVALUES_OF")) {
			continue
		}
		r := rand.New(rand.NewPCG(uint64(c.reference), uint64(c.rows)))
		tails := map[string]*tail{}
		for range draws {
			c.draw(r, func(method string, res stats.Result) {
				if tails[method] == nil {
					tails[method] = &tail{}
				}
				tails[method].add(res)
			})
		}
		for _, method := range c.methods {
			x := tails[method]
			require.NotNil(t, x, "%s: %s", c, method)
			n := float64(draws)
			printed.add(&c, method, x.at05/n, x.at001/n)
			if whole {
				t.Logf("%s: %s: p ≤ 0.05 %.4f, p ≤ 0.001 %.5f, score %.3f", c, method, x.at05/n, x.at001/n, x.score/n)
			}
			// Three standard deviations of such a count of draws.
			if limit := n*0.06 + 3*math.Sqrt(n*0.06*0.94); x.at05 > limit {
				t.Errorf("%s: %s: p ≤ 0.05 in %.1f %% of the draws", c, method, 100*x.at05/n)
			}
			if limit := n*0.002 + 3*math.Sqrt(n*0.002); x.at001 > limit {
				t.Errorf("%s: %s: p ≤ 0.001 in %.2f %% of the draws", c, method, 100*x.at001/n)
			}
		}
	}
	if whole {
		fmt.Print(printed.String())
	}
}

// summary is a line for each kind of values and test: by the rows of the reference, the largest
// share of p ≤ 0.05 over the sizes of the sample; over all sizes, the mean share of p ≤ 0.001.
type summary struct {
	lines   []string
	largest map[string]map[int]float64
	at001   map[string][]float64
}

var referenceSizes = []int{300, 1000, 10_000, 100_000}

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

func (s *summary) add(c *pValueCase, method string, at05, at001 float64) {
	line := c.name + " | " + testOf(c, method)
	if s.largest == nil {
		s.largest, s.at001 = map[string]map[int]float64{}, map[string][]float64{}
	}
	if s.largest[line] == nil {
		s.lines = append(s.lines, line)
		s.largest[line] = map[int]float64{}
	}
	s.largest[line][c.reference] = max(s.largest[line][c.reference], at05)
	s.at001[line] = append(s.at001[line], at001)
}

func (s *summary) String() string {
	var out strings.Builder
	out.WriteString("| values | test | 300 | 1,000 | 10,000 | 100,000 | p ≤ 0.001 |\n|---|---|---|---|---|---|---|\n")
	for _, line := range s.lines {
		fmt.Fprintf(&out, "| %s |", line)
		for _, n := range referenceSizes {
			fmt.Fprintf(&out, " %.3f |", s.largest[line][n])
		}
		mean := 0.0
		for _, v := range s.at001[line] {
			mean += v / float64(len(s.at001[line]))
		}
		fmt.Fprintf(&out, " %.4f |\n", mean)
	}
	return out.String()
}

// tail counts small p-values.
type tail struct{ at05, at001, score float64 }

func (t *tail) add(r stats.Result) {
	if r.PValue <= 0.05 {
		t.at05++
	}
	if r.PValue <= 0.001 {
		t.at001++
	}
	t.score += r.Effect
}

// pValueCase is a distribution with the sizes of a reference and a sample.
type pValueCase struct {
	name            string
	reference, rows int
	methods         []string
	short           bool // drawn without PVALUES, too
	draw            func(r *rand.Rand, yield func(method string, res stats.Result))
}

func (c pValueCase) String() string {
	return fmt.Sprintf("%s, %d rows of reference, %d rows", c.name, c.reference, c.rows)
}

func pValueCases() []pValueCase {
	var out []pValueCase
	for _, reference := range referenceSizes {
		for _, rows := range []int{20, 200, 2000} {
			for _, k := range []int{2, 5, 20, 50, 200, 1000, 5000} {
				for _, zipf := range []bool{false, true} {
					out = append(out, categoryCase(k, zipf, reference, rows))
				}
			}
			for _, g := range numberShapes {
				out = append(out, numberCase(g.name, g.draw, reference, rows))
			}
			for _, share := range []float64{0.0005, 0.005, 0.01, 0.05, 0.2} {
				out = append(out, missingCase(share, reference, rows))
			}
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

func numberCase(name string, draw func(r *rand.Rand) float64, reference, rows int) pValueCase {
	methods := []string{"ks", "wasserstein", "psi", "jensen_shannon", "chi2"}
	return pValueCase{
		name: name, reference: reference, rows: rows, methods: methods, short: reference <= 1000 && rows == 200,
		draw: func(r *rand.Rand, yield func(string, stats.Result)) {
			x, y := make([]float64, reference), make([]float64, rows)
			for i := range x {
				x[i] = draw(r)
			}
			lo, hi := math.Inf(1), math.Inf(-1)
			for i := range y {
				y[i] = draw(r)
				lo, hi = min(lo, y[i]), max(hi, y[i])
			}
			c := profile.NewNumeric("x", x, 0, distribution.DefaultBins)
			bins, err := distribution.NewBins(c.Numeric.Bounds)
			if err != nil {
				panic(err)
			}
			pair, err := CompareNumeric(c, bins.Count(y), lo, hi)
			if err != nil {
				panic(err)
			}
			yieldAll(pair, methods, yield)
		},
	}
}

func categoryCase(k int, zipf bool, reference, rows int) pValueCase {
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
		name: name, reference: reference, rows: rows, methods: methods,
		short: rows == 200 && reference <= 1000 && k <= 200 || rows == 2000 && reference == 1000 && k == 200,
		draw: func(r *rand.Rand, yield func(string, stats.Result)) {
			c := profile.NewCategorical("x", count(r, reference), 0, profile.DefaultMaxCategories)
			pair, err := CompareCategories(c, count(r, rows))
			if err != nil {
				panic(err)
			}
			yieldAll(pair, methods, yield)
		},
	}
}

func missingCase(p float64, reference, rows int) pValueCase {
	return pValueCase{
		name: fmt.Sprintf("missing %g %%", 100*p), reference: reference, rows: rows, methods: []string{missingMethod},
		short: true,
		draw: func(r *rand.Rand, yield func(string, stats.Result)) {
			ref := share{missing: uint64(binomial(r, reference, p)), rows: uint64(reference)}
			cur := share{missing: uint64(binomial(r, rows, p)), rows: uint64(rows)}
			res, _ := compareShares(ref, cur, 1, 1)
			yield(missingMethod, res)
		},
	}
}

func yieldAll(pair *distribution.Pair, methods []string, yield func(string, stats.Result)) {
	for _, m := range methods {
		res, err := pair.Compare(stats.Method(m))
		if err != nil {
			panic(fmt.Sprintf("%s: %v", m, err))
		}
		yield(m, res)
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
