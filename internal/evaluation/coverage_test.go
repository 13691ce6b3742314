// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

// coverageTrials is the environment variable with the number of trials for each interval; with it the
// table of docs/evaluation.md is written (make coverage).
const coverageTrials = "EVALUATION_COVERAGE_TRIALS"

var coverageSizes = []int{30, 300, 3000}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 20261129)) }

// normalModel is a binary model whose score is expit(slope·x + shift) of a number x that is normal
// with the mean up in positive rows and down in negative ones.
type normalModel struct{ rate, up, down, slope, shift float64 }

var binaryModel = normalModel{rate: 0.35, up: 1, down: -0.5, slope: 1.3, shift: -0.6}

func (m normalModel) draw(rnd *rand.Rand) (score float64, y bool) {
	y = rnd.Float64() < m.rate
	x := rnd.NormFloat64() + m.down
	if y {
		x += m.up - m.down
	}
	return expit(m.slope*x + m.shift), y
}

// truth is what the measures are of infinitely many rows, by the rectangle rule over x.
func (m normalModel) truth() map[Measure]float64 {
	const step = 1e-4
	cut := -m.shift / m.slope // the score 0.5
	phi := distuv.UnitNormal.CDF
	tp, fp := m.rate*(1-phi(cut-m.up)), (1-m.rate)*(1-phi(cut-m.down))
	fn, tn := m.rate-tp, 1-m.rate-fp
	out := map[Measure]float64{
		MeasurePrecision: tp / (tp + fp), MeasureRecall: tp / m.rate, MeasureFPR: fp / (1 - m.rate), MeasureFNR: fn / m.rate,
		MeasureAccuracy: tp + tn, MeasureF1: 2 * tp / (2*tp + fp + fn),
		MeasureMCC:    (tp*tn - fp*fn) / math.Sqrt((tp+fp)*(tp+fn)*(tn+fp)*(tn+fn)),
		MeasureROCAUC: phi((m.up - m.down) / math.Sqrt2),
	}
	var gaps [calibrationBins]float64
	for x := -9.0; x < 9; x += step {
		score := expit(m.slope*x + m.shift)
		p, n := m.rate*distuv.UnitNormal.Prob(x-m.up)*step, (1-m.rate)*distuv.UnitNormal.Prob(x-m.down)*step
		above, all := m.rate*(1-phi(x-m.up)), m.rate*(1-phi(x-m.up))+(1-m.rate)*(1-phi(x-m.down))
		out[MeasurePRAUC] += p / m.rate * above / all
		out[MeasureLogLoss] += p*loss(score) + n*loss(1-score)
		out[MeasureBrier] += p*(1-score)*(1-score) + n*score*score
		gaps[min(int(score*calibrationBins), calibrationBins-1)] += p - (p+n)*score
	}
	for _, g := range gaps {
		out[MeasureECE] += math.Abs(g)
	}
	return out
}

// hits is how often intervals held the truth, and how often there was one.
type hits struct {
	name         string
	held, trials [3]int
}

// table collects hits by name.
type table struct {
	mu    sync.Mutex
	names []string
	rows  map[string]*hits
}

func (c *table) add(name string, size int, truth float64, i Interval) {
	if !i.Defined() {
		return
	}
	c.addHeld(name, size, i.Lower <= truth && truth <= i.Upper)
}

func (c *table) addHeld(name string, size int, held bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.rows[name]
	if h == nil {
		h = &hits{name: name}
		c.rows[name] = h
		c.names = append(c.names, name)
	}
	at := slices.Index(coverageSizes, size)
	h.trials[at]++
	h.held[at] += count(held)
}

// scenarios draw n rows and add what their intervals hold.
var scenarios = []func(c *table, rnd *rand.Rand, n int){
	coverRates, coverBinary, coverClasses, coverRegression, coverRanking, coverDifferences, coverEstimates, coverMeans,
}

// A share of n rows whose true value is drawn anew in each trial: counts are whole, so that for one
// value coverage steps about the level.
func coverRates(c *table, rnd *rand.Rand, n int) {
	p := 0.05 + 0.9*rnd.Float64()
	var yes, no, heavy, light cell
	for range n {
		at, weighed := &no, &light
		if rnd.Float64() < p {
			at, weighed = &yes, &heavy
		}
		at.count(1, 1)
		weighed.count(weights[rnd.IntN(len(weights))], 1)
	}
	c.add("a rate (accuracy, precision, recall, FPR, FNR, hit rate)", n, p, share(yes, no, 0.95))
	c.add("a rate, rows of weight 0.5, 1, 2", n, p, share(heavy, light, 0.95))
	// As precision and recall have it: the rows that the rate is of are a matter of chance themselves.
	for _, rare := range []float64{0.01, 0.05} {
		var yes, no cell
		for range n {
			if rnd.Float64() < rare {
				yes.count(1, 1)
			} else {
				no.count(1, 1)
			}
		}
		c.add(fmt.Sprintf("a rate of %.0f %%", rare*100), n, rare, share(yes, no, 0.95))
	}
}

var binaryTruth = sync.OnceValue(binaryModel.truth)

func coverBinary(c *table, rnd *rand.Rand, n int) {
	s, confusion := NewScores(DefaultBins), NewConfusion(2)
	for range n {
		score, y := binaryModel.draw(rnd)
		s.Add(score, y, 1)
		confusion.Add(class(y), class(score >= 0.5), 1)
	}
	truth := binaryTruth()
	for _, v := range append(s.Scores(0.95), confusion.Scores("yes", 0.95)...) {
		switch v.Measure {
		case MeasurePrecision, MeasureRecall, MeasureFPR, MeasureFNR, MeasureAccuracy:
			continue // those of coverRates
		}
		c.add("binary: "+string(v.Measure), n, truth[v.Measure], v.Interval)
	}
}

// joint are the probabilities of actual (row) and predicted class.
var joint = [3][3]float64{{0.35, 0.08, 0.03}, {0.06, 0.2, 0.04}, {0.05, 0.04, 0.15}}

var jointTruth = sync.OnceValue(func() *Confusion {
	c := NewConfusion(3)
	for i, row := range joint {
		for j, p := range row {
			c.Add(fmt.Sprint(i), fmt.Sprint(j), p)
		}
	}
	return c
})

func coverClasses(c *table, rnd *rand.Rand, n int) {
	confusion := NewConfusion(3)
	for range n {
		u := rnd.Float64()
		for i, row := range joint {
			for j, p := range row {
				if u >= 0 && u < p {
					confusion.Add(fmt.Sprint(i), fmt.Sprint(j), 1)
				}
				u -= p
			}
		}
	}
	truth := jointTruth()
	want := truth.Scores("", 0.95)
	got := confusion.Scores("", 0.95)
	for _, v := range want {
		if v.Average != Macro && v.Measure != MeasureMCC {
			continue
		}
		name := "3 classes: " + v.Average + " " + string(v.Measure)
		for _, g := range got {
			if g.Measure == v.Measure && g.Average == v.Average && g.Class == "" {
				c.add(strings.ReplaceAll(name, ":  ", ": "), n, v.Point, g.Interval)
			}
		}
	}
	c.add("3 classes: kappa", n, Kappa(truth, 0.95).Point, Kappa(confusion, 0.95))
}

// Errors are normal with the mean 0.3 and the standard deviation 1, actual values normal with the
// standard deviation 2; or errors are Laplace's, whose tails are longer.
func coverRegression(c *table, rnd *rand.Rand, n int) {
	const mean, spread = 0.3, 2
	for _, name := range []string{"normal", "Laplace"} {
		r := NewRegression()
		draw := func() float64 { return mean + rnd.NormFloat64() }
		variance, absolute := 1.0, math.Sqrt(2/math.Pi)*math.Exp(-mean*mean/2)+mean*math.Erf(mean/math.Sqrt2)
		if name == "Laplace" {
			draw = func() float64 { return mean + math.Copysign(rnd.ExpFloat64(), rnd.Float64()-0.5) }
			variance, absolute = 2, mean+math.Exp(-mean)
		}
		for range n {
			y := 10 + spread*rnd.NormFloat64()
			r.Add(y+draw(), y, 1)
		}
		c.add("bias, "+name+" errors", n, mean, Bias(r, 0.95))
		c.add("MAE, "+name+" errors", n, absolute, MAE(r, 0.95))
		c.add("RMSE, "+name+" errors", n, math.Sqrt(variance+mean*mean), RMSE(r, 0.95))
		c.add("R², "+name+" errors", n, 1-(variance+mean*mean)/(spread*spread), R2(r, 0.95))
	}
	// Errors of about a fifth of the actual value.
	r := NewRegression()
	for range n {
		y := 1 + 9*rnd.Float64()
		r.Add(y+y*0.2*rnd.NormFloat64(), y, 1)
	}
	c.add("MAPE", n, 0.2*math.Sqrt(2/math.Pi), MAPE(r, 0.95))
}

// One of ten items is relevant, at the rank r with a probability in proportion to 1/r.
func coverRanking(c *table, rnd *rand.Rand, n int) {
	r := NewRanking(5)
	total, truth := 0.0, 0.0
	for rank := 1; rank <= 10; rank++ {
		total += 1 / float64(rank)
		if rank <= 5 {
			truth += 1 / float64(rank) / math.Log2(float64(rank+1))
		}
	}
	list := make([]float64, 10)
	for range n {
		u := rnd.Float64() * total
		at := 0
		for rank := 1; rank < 10; rank++ {
			if u -= 1 / float64(rank); u < 0 {
				break
			}
			at = rank
		}
		clear(list)
		list[at] = 1
		r.Add(list, nil, 1)
	}
	c.add("NDCG@5", n, truth/total, NDCG(r, 0.95))
}

func coverDifferences(c *table, rnd *rand.Rand, n int) {
	p, q := 0.05+0.9*rnd.Float64(), 0.05+0.9*rnd.Float64()
	sides := [2]Interval{}
	for i, rate := range []float64{p, q} {
		k := 0
		for range n {
			k += count(rnd.Float64() < rate)
		}
		sides[i] = wilson(float64(k)/float64(n), float64(n), 0.95)
	}
	c.add("difference of two rates", n, q-p, Difference(sides[0], sides[1]))

	// Paired: what one side has, the other has more often.
	var pairs Pairs
	common := rnd.Float64() * 0.6
	only := rnd.Float64() * (1 - common)
	other := rnd.Float64() * (1 - common - only)
	for range n {
		u := rnd.Float64()
		first := u < common+only
		second := u < common || u >= common+only && u < common+only+other
		pairs.Add(first, second, 1)
	}
	c.add("difference of two rates, paired", n, other-only, pairs.Difference(0.95))

	scores := [2]Interval{}
	worse := normalModel{rate: 0.35, up: 0.7, down: -0.5, slope: 1.3, shift: -0.6}
	for i, m := range []normalModel{binaryModel, worse} {
		s := NewScores(DefaultBins)
		for range n {
			score, y := m.draw(rnd)
			s.Add(score, y, 1)
		}
		scores[i], _ = ROCAUC(s, 0.95)
	}
	phi := distuv.UnitNormal.CDF
	c.add("difference of two ROC AUC", n, phi(1.2/math.Sqrt2)-phi(1.5/math.Sqrt2), Difference(scores[0], scores[1]))
}

// The estimates of CBPE hold what the labels of the same rows show.
func coverEstimates(c *table, rnd *rand.Rand, n int) {
	base, u, s, confusion := NewScores(DefaultBins), NewUnlabelled(DefaultBins), NewScores(DefaultBins), NewConfusion(2)
	for range 2000 {
		score, y := binaryModel.draw(rnd)
		base.Add(score, y, 1)
	}
	for range n {
		score, y := binaryModel.draw(rnd)
		u.Add(score, score >= 0.5, 1)
		s.Add(score, y, 1)
		confusion.Add(class(y), class(score >= 0.5), 1)
	}
	calibration, _ := FitIsotonic(base)
	measured := append(s.Scores(0.95), confusion.Scores("yes", 0.95)...)
	for _, e := range u.Estimate(calibration, 0.95) {
		for _, m := range measured {
			if m.Measure == e.Measure && m.Defined() {
				c.add("estimated (CBPE): "+string(e.Measure), n, m.Point, e.Interval)
			}
		}
	}
}

// beside are the intervals that are not within 93.5 and 96.5 % everywhere; docs/evaluation.md says of
// each why.
var beside = []string{
	"a rate of 1 %", "a rate of 5 %", "binary: ece", "R², Laplace errors", "estimated (CBPE): log_loss", "estimated (CBPE): brier",
}

// Scores of evaluators: one to five stars, mostly five; and 0 or 1 with a half now and then, of which
// few rows have only 0 and 1.
func coverMeans(c *table, rnd *rand.Rand, n int) {
	stars, halves := &Mean{}, &Mean{}
	for range n {
		u, score := rnd.Float64(), 1.0
		for _, p := range []float64{0.05, 0.1, 0.2, 0.4} {
			score += float64(count(u >= p))
		}
		stars.Add(score, 1)
		halves.Add(float64(count(u >= 0.25)+count(u >= 0.27))/2, 1)
	}
	c.add("a mean of one to five stars", n, 0.05+0.1+0.3+0.8+3, stars.Interval(0.95))
	c.add("a mean of 0, 1, and a half in 50", n, 0.01+0.73, halves.Interval(0.95))
}

func TestCoverage(t *testing.T) {
	trials := 300
	full := os.Getenv(coverageTrials) != ""
	if full {
		_, err := fmt.Sscan(os.Getenv(coverageTrials), &trials)
		require.NoError(t, err)
	}
	c := &table{rows: map[string]*hits{}}
	// Names in one order, whoever is first.
	for _, scenario := range scenarios {
		scenario(c, newRand(0), 300)
	}
	for _, h := range c.rows {
		*h = hits{name: h.name}
	}
	var jobs sync.WaitGroup
	work := make(chan func())
	for range runtime.GOMAXPROCS(0) {
		jobs.Go(func() {
			for f := range work {
				f()
			}
		})
	}
	for _, n := range coverageSizes {
		if n == 3000 && !full {
			continue
		}
		for trial := range trials {
			for i, scenario := range scenarios {
				work <- func() { scenario(c, newRand(uint64(n)<<32|uint64(trial)<<8|uint64(i)), n) }
			}
		}
	}
	close(work)
	jobs.Wait()
	if full {
		writeCoverage(t, c)
	}
	for _, name := range c.names {
		h := c.rows[name]
		if slices.Contains(beside, name) {
			continue
		}
		for i, n := range coverageSizes {
			if h.trials[i] == 0 {
				continue
			}
			share := float64(h.held[i]) / float64(h.trials[i])
			// Few trials may be four standard errors beside the bar.
			slack := 0.0
			if !full {
				slack = 4 * math.Sqrt(0.95*0.05/float64(h.trials[i]))
			}
			assert.GreaterOrEqual(t, share, 0.935-slack, "%s, n = %d: %d of %d", name, n, h.held[i], h.trials[i])
			assert.LessOrEqual(t, share, 0.965+slack, "%s, n = %d: %d of %d", name, n, h.held[i], h.trials[i])
		}
	}
}

const (
	coverageBegin = "<!-- coverage: written by make coverage -->\n"
	coverageEnd   = "<!-- end of coverage -->"
)

// writeCoverage writes the table into docs/evaluation.md.
func writeCoverage(t *testing.T, c *table) {
	t.Helper()
	var b strings.Builder
	b.WriteString("\n| interval | n = 30 | n = 300 | n = 3000 |\n|---|---|---|---|\n")
	for _, name := range c.names {
		h := c.rows[name]
		fmt.Fprintf(&b, "| %s |", name)
		for i := range coverageSizes {
			if h.trials[i] == 0 {
				b.WriteString(" |")
				continue
			}
			fmt.Fprintf(&b, " %.1f %% |", 100*float64(h.held[i])/float64(h.trials[i]))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
	const page = "../../docs/evaluation.md"
	data, err := os.ReadFile(page)
	if err != nil {
		t.Log(b.String())
		return
	}
	before, rest, ok := strings.Cut(string(data), coverageBegin)
	_, after, ok2 := strings.Cut(rest, coverageEnd)
	require.True(t, ok && ok2, "%s has no place for the table", page)
	require.NoError(t, os.WriteFile(page, []byte(before+coverageBegin+b.String()+coverageEnd+after), 0o600))
}
