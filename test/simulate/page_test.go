// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	write = flag.String("write", "", "the page to write with the results of all simulations; nothing simulates none")
	only  = flag.Bool("only-kept", false, "simulate nothing: the page is of what -cells has")
	kept  = flag.String("cells", "", "a file of results: those in it are not simulated again, but for -nulls and -powers")
)

// The models of each cell of the page. Changes at 20 rows an hour have one.
const (
	modelsQuiet  = 3 // without a change, at 20 and 200 rows an hour
	modelsMany   = 2 // at 2,000
	modelsChange = 2
	modelsBar    = 3 // of a change that has a bar
)

// results are those of all simulations, by scenario and rate.
type results struct {
	mu     sync.Mutex
	Nulls  map[string]cell
	Powers map[string]power
}

// cellOf is the key of a scenario at a rate.
func cellOf(name string, rate float64) string { return fmt.Sprintf("%s, %v/h", name, rate) }

// newResults reads what is kept.
func newResults(t *testing.T) *results {
	r := &results{}
	if data, err := os.ReadFile(*kept); err == nil {
		require.NoError(t, json.Unmarshal(data, r))
	}
	if r.Nulls == nil {
		r.Nulls, r.Powers = map[string]cell{}, map[string]power{}
	}
	return r
}

// keep takes a result, and writes all there are.
func (r *results) keep(what string, put func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	put()
	fmt.Println(what)
	if *kept == "" {
		return
	}
	data, err := json.MarshalIndent(r, "", " ")
	if err == nil {
		err = os.WriteFile(*kept, data, 0o600)
	}
	if err != nil {
		panic(err)
	}
}

// nullJobs are the simulations without a change that are not there yet.
func (r *results) nullJobs() (jobs []func()) {
	for _, s := range nulls() {
		s = s.chosen()
		for _, rate := range s.rates {
			n := modelsQuiet
			if rate > 200 {
				n = modelsMany
			}
			if _, ok := r.Nulls[cellOf(s.name, rate)]; ok && !wanted(*onlyNulls, s.name) {
				continue
			}
			s := s
			s.peers = rate == 200
			jobs = append(jobs, func() {
				c := simulateNull(s, rate, n)
				r.keep(c.String(), func() { r.Nulls[cellOf(s.name, rate)] = c })
			})
		}
	}
	return jobs
}

// powerJobs are those with a change that are not there yet: those that have a bar, those beside the
// peers, and the others.
func (r *results) powerJobs() (jobs [3][]func()) {
	for _, s := range powers() {
		s = s.chosen()
		for _, rate := range s.rates {
			n, beside := modelsChange, slices.Contains(besidePeers, s.name)
			if rate < 200 {
				n = 1
			}
			if _, ok := r.Powers[cellOf(s.name, rate)]; ok && !wanted(*onlyPowers, s.name) {
				continue
			}
			s := s
			s.peers = rate >= 200 && beside
			kind := 2
			switch {
			case slices.ContainsFunc(bars, func(b bar) bool { return b.change == s.name && b.rate == rate }):
				kind, n = 0, modelsBar
			case s.peers:
				kind = 1
			}
			jobs[kind] = append(jobs[kind], func() {
				p := simulatePower(s, rate, n)
				r.keep(p.String(), func() { r.Powers[cellOf(s.name, rate)] = p })
			})
		}
	}
	return jobs
}

// TestSimulate runs everything, writes the page, and checks it: make simulate.
func TestSimulate(t *testing.T) {
	if *write == "" {
		return // TestVerdicts is the short form
	}
	r := newResults(t)
	changes := r.powerJobs()
	if !*only {
		inParallel(slices.Concat(changes[0], changes[1], r.nullJobs(), changes[2]))
	}
	require.NoError(t, os.WriteFile(*write, []byte(r.page()), 0o600))
	var f findings
	for name, c := range r.Nulls {
		if !slices.Contains(overBar, name) {
			c.quiet(&f)
		}
	}
	for _, b := range bars {
		if p := r.Powers[cellOf(b.change, b.rate)]; !slices.Contains(overBar, cellOf(b.change, b.rate)) {
			b.meets(&f, &p)
		}
	}
	f.report(t, !known)
}

func inParallel(jobs []func()) {
	next := make(chan func())
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for job := range next {
				job()
			}
		})
	}
	for _, job := range jobs {
		next <- job
	}
	close(next)
	wait.Wait()
}

const intro = `# Simulations

Months of traffic in which nothing drifts, and months with one change, as
[ml_drift](../connector/mldriftconnector/README.md) judges them with its defaults. ` + "`make simulate`" + `
runs them and writes this page; ` + "`make test`" + ` runs some of them.

A model has 20 features and a baseline of 10,000 rows, unless the name says otherwise. Rows come in
Poisson numbers, at 20, 200 or 2,000 an hour, for 30 days (60 where weekends matter; 10 of the many
categories). Every hour is counted into the bins of the baseline, and the verdicts are taken hour by
hour: [test/simulate](../test/simulate) drives the engine through its public interface. Model i has
the seed PCG(1000+i, 1) for the baseline, and PCG(1000+i, 2) for traffic. The baseline's rows are
drawn from all hours of a week, one apart from the other.

In the names: ` + "`diurnal-0.2`" + ` is a mean that follows the day by ±0.2 sd, ` + "`weekend`" + ` one that is half a
standard deviation higher on Saturday and Sunday, ` + "`cluster-5`" + ` users who send the same row 5 times,
` + "`ar-0.9`" + ` rows that follow each other, ` + "`missing-0.2-sd-0.1`" + ` 20 % missing values with a standard
deviation of 10 points from hour to hour, ` + "`reference-100`" + ` a baseline of 100 rows,
` + "`categories-150-zipf-1`" + ` 150 categories with shares 1/rank (` + "`zipf-0`" + `: equal ones), ` + "`-zone`" + ` a model whose
` + "`time_zone`" + ` is set, ` + "`holiday`" + ` a Wednesday that is like a Sunday, which is a change that lasts a day.

`

func (r *results) page() string {
	var b strings.Builder
	b.WriteString(intro)
	fmt.Fprintf(&b, "Without a change there are at least %d models of each kind at 20 and 200 rows an hour, and %d at\n2,000; with one %d, or %d where there is a bar, and 1 at 20.\n\n", modelsQuiet, modelsMany, modelsChange, modelsBar)
	r.barTable(&b)
	r.quietTable(&b)
	r.changeTable(&b)
	r.delayTable(&b)
	r.falseTable(&b)
	return b.String()
}

// barTable says what is held, and what is not.
func (r *results) barTable(b *strings.Builder) {
	var over []string
	cells := 0
	for _, s := range nulls() {
		for _, rate := range []float64{20, 200, 2000} {
			c, ok := r.Nulls[cellOf(s.name, rate)]
			if !ok {
				continue
			}
			var f findings
			cells++
			if c.quiet(&f); len(f) > 0 {
				over = append(over, fmt.Sprintf("| %s | %v | %s (%s) |\n", s.name, rate, short(c.Mean), short(c.Most)))
			}
		}
	}
	fmt.Fprintf(b, "## The bars\n\nWithout a drift: at most 2 false episodes in any model of a month, and 0.2 in the mean. %d of %d cells of\nthe table below hold it. These do not:\n\n", cells-len(over), cells)
	b.WriteString("| traffic | rows an hour | false episodes: mean (most) |\n|---|---|---|\n" + strings.Join(over, "") + "\n")
	b.WriteString("With a change: found in all models, in the median within so many hours, and as one episode.\n\n")
	b.WriteString("| change | rows an hour | bar | hours | holds |\n|---|---|---|---|---|\n")
	for _, one := range bars {
		p, ok := r.Powers[cellOf(one.change, one.rate)]
		if !ok {
			continue
		}
		var f findings
		one.meets(&f, &p)
		holds := "yes"
		if len(f) > 0 {
			holds = "**no**"
		}
		fmt.Fprintf(b, "| %s | %v | %d | %s | %s |\n", one.change, one.rate, one.within, p.cell(), holds)
	}
	b.WriteString("\n")
}

func (r *results) quietTable(b *strings.Builder) {
	b.WriteString("## Without a drift\n\nFalse episodes of drift a model and month: the mean, and in parentheses the most of one model.\n\n")
	b.WriteString("| traffic | 20/h | 200/h | 2,000/h |\n|---|---|---|---|\n")
	for _, s := range nulls() {
		if !has(r.Nulls, s.name) {
			continue
		}
		fmt.Fprintf(b, "| %s ", s.name)
		for _, rate := range []float64{20, 200, 2000} {
			c, ok := r.Nulls[cellOf(s.name, rate)]
			switch {
			case !ok:
				b.WriteString("| ")
			case c.Most == 0:
				b.WriteString("| 0 ")
			default:
				fmt.Fprintf(b, "| %s (%s) ", short(c.Mean), short(c.Most))
			}
		}
		b.WriteString("|\n")
	}
	b.WriteString("\n")
}

// has tells whether there is a result of a scenario.
func has[T any](results map[string]T, name string) bool {
	for _, rate := range []float64{20, 200, 2000} {
		if _, ok := results[cellOf(name, rate)]; ok {
			return true
		}
	}
	return false
}

// short is a number with two digits at most that count.
func short(v float64) string {
	switch {
	case v == 0 || v >= 10:
		return fmt.Sprintf("%.0f", v)
	case v >= 1:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
	}
	return strings.TrimPrefix(fmt.Sprintf("%.2g", v), "0")
}

func (r *results) changeTable(b *strings.Builder) {
	b.WriteString("## With a change\n\nThe first of 20 features changes on day 15, for good. Hours until drift is said: the median of the models, in parentheses the\n")
	b.WriteString("slowest; then the share of models that have found it, where it is not all; ×n is the mean number of episodes, where it is not one.\n\n")
	b.WriteString("| change | 20/h | 200/h | 2,000/h |\n|---|---|---|---|\n")
	for _, s := range powers() {
		if !has(r.Powers, s.name) {
			continue
		}
		fmt.Fprintf(b, "| %s ", s.name)
		for _, rate := range []float64{20, 200, 2000} {
			p, ok := r.Powers[cellOf(s.name, rate)]
			if !ok {
				b.WriteString("| ")
				continue
			}
			fmt.Fprintf(b, "| %s ", p.cell())
		}
		b.WriteString("|\n")
	}
	b.WriteString("\n")
}

// cell is the power in a table.
func (p *power) cell() string {
	if len(p.Delays) == 0 {
		return "never"
	}
	out := "–"
	if d, ok := p.median(); ok {
		out = fmt.Sprint(d)
	}
	if worst := p.Delays[len(p.Delays)-1]; fmt.Sprint(worst) != out {
		out += fmt.Sprintf(" (%d)", worst)
	}
	if p.found() < 1 {
		out += fmt.Sprintf(", %.0f %%", 100*p.found())
	}
	if per := p.Lasting / p.found(); per > 1.05 {
		out += fmt.Sprintf(", ×%s", short(per))
	}
	return out
}

// peerNames are the columns of the peers' tables.
func peerNames() []string {
	var out []string
	for _, name := range []string{"Evidently", "NannyML", "TFDV", "PSI ≥ 0.1", "p < 0.05"} {
		out = append(out, name+", hourly", name+", daily")
	}
	return out
}

func (r *results) delayTable(b *strings.Builder) {
	b.WriteString(`## Beside other tools' default rules

The same rows, judged by the default rules of other tools, hour by hour and day by day: Evidently's
(with more than 1,000 rows in the reference a distance of Wasserstein by sd, or of Jensen-Shannon, of
0.1; else p ≤ 0.05), NannyML's (Jensen-Shannon over mean + 3 sd of ten chunks of the reference),
TFDV's (Jensen-Shannon divergence of ten buckets of equal width, or L∞, with Vertex AI's 0.3, as TFDV
has no default); then the rules of thumb PSI ≥ 0.1 and p < 0.05 a column. Values are taken from the
240 bins of the baseline. Hours until the first alarm of the feature that changed, as above; a rule
that cries every hour finds everything, so mind the false episodes of the other 19 features in the
same month, in brackets.

`)
	for _, rate := range []float64{200, 2000} {
		fmt.Fprintf(b, "At %v rows an hour:\n\n| change | ml_drift |", rate)
		for _, name := range peerNames() {
			fmt.Fprintf(b, " %s |", name)
		}
		b.WriteString("\n|---|---|" + strings.Repeat("---|", len(peerNames())) + "\n")
		for _, s := range powers() {
			p, ok := r.Powers[cellOf(s.name, rate)]
			if !ok || !slices.Contains(besidePeers, s.name) {
				continue
			}
			fmt.Fprintf(b, "| %s | %s [%s] |", s.name, p.delay(), short(p.Others))
			for _, name := range peerNames() {
				if peer := p.Peers[name]; peer == nil {
					b.WriteString(" |")
				} else {
					fmt.Fprintf(b, " %s [%s] |", peer.delay(), short(peer.Others))
				}
			}
			b.WriteString("\n")
		}
		b.WriteString("\n")
	}
}

// delay is the median delay in a table.
func (p *power) delay() string {
	if d, ok := p.median(); ok {
		return fmt.Sprint(d)
	}
	return "never"
}

// besidePeers are the changes that are shown beside the peers' rules.
var besidePeers = []string{
	"mean +0.1 sd", "mean +0.2 sd", "mean +0.25 sd", "mean +0.5 sd", "mean +1 sd", "spread ×1.2", "spread ×1.5", "spread ×2", "2 % of rows at +20 sd", "8 % of rows at +20 sd",
	"category .40 → .45", "category .05 → .10", "class .01 → .02", "class .01 → .05", "new category 1 %", "new category 3 %",
	"mean +0.5 sd, diurnal-0.5", "mean +0.5 sd, weekend-of-20", "mean +0.5 sd, cluster-20-normal",
}

func (r *results) falseTable(b *strings.Builder) {
	b.WriteString("False episodes of a model in a month without a drift, at 200 rows an hour; of other tools, of the first model:\n\n| traffic | ml_drift |")
	for _, name := range peerNames() {
		fmt.Fprintf(b, " %s |", name)
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(peerNames())) + "\n")
	for _, s := range nulls() {
		c, ok := r.Nulls[cellOf(s.name, 200)]
		if !ok || len(c.Peers) == 0 {
			continue
		}
		fmt.Fprintf(b, "| %s | %s |", s.name, short(c.Mean))
		for _, name := range peerNames() {
			fmt.Fprintf(b, " %s |", short(c.Peers[name]))
		}
		b.WriteString("\n")
	}
}
