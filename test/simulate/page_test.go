// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
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

var write = flag.String("write", "", "the page to write with the results of all simulations; nothing simulates none")

// The models of each cell of the page: at 2,000 rows an hour fewer, each of them says as much.
const (
	modelsMany = 10
	modelsFew  = 5
)

// results are those of all simulations, by scenario and rate.
type results struct {
	mu     sync.Mutex
	nulls  map[string]map[float64]cell
	powers map[string]map[float64]power
}

// TestSimulate runs everything, writes the page, and checks it: make simulate.
func TestSimulate(t *testing.T) {
	if *write == "" {
		return // TestVerdicts is the short form
	}
	r := &results{nulls: map[string]map[float64]cell{}, powers: map[string]map[float64]power{}}
	var jobs []func()
	count := func(rate float64) int {
		switch {
		case *models > 0:
			return *models
		case rate > 200:
			return modelsFew
		}
		return modelsMany
	}
	for _, s := range nulls() {
		s = s.chosen()
		r.nulls[s.name] = map[float64]cell{}
		for _, rate := range s.rates {
			s := s
			s.peers = rate == 200
			jobs = append(jobs, func() {
				c := simulateNull(s, rate, count(rate))
				r.mu.Lock()
				defer r.mu.Unlock()
				r.nulls[s.name][rate] = c
				fmt.Println(c.String())
			})
		}
	}
	for _, s := range powers() {
		s = s.chosen()
		r.powers[s.name] = map[float64]power{}
		for _, rate := range s.rates {
			s := s
			s.peers = rate >= 200 && slices.Contains(besidePeers, s.name)
			jobs = append(jobs, func() {
				p := simulatePower(s, rate, count(rate))
				r.mu.Lock()
				defer r.mu.Unlock()
				r.powers[s.name][rate] = p
				fmt.Println(p.String())
			})
		}
	}
	inParallel(jobs)
	page := r.page()
	fmt.Println(page)
	require.NoError(t, os.WriteFile(*write, []byte(page), 0o600))
	var f findings
	for _, s := range nulls() {
		for _, c := range r.nulls[s.name] {
			c.quiet(&f)
		}
	}
	for _, b := range bars {
		if p, ok := r.powers[b.change][b.rate]; ok {
			b.meets(&f, &p)
		}
	}
	f.report(t, known)
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

Months of traffic in which nothing drifts, and months with one change, as [ml_drift](../connector/mldriftconnector/README.md)
judges them with its defaults. ` + "`make simulate`" + ` runs them and writes this page; ` + "`make test`" + ` runs some of them.

A model has 20 features and a baseline of 10,000 rows, unless the name says otherwise. Rows come in
Poisson numbers, at 20, 200 or 2,000 an hour, for 30 days (60 where weekends matter; 10 of the many categories). Every hour is
counted into the bins of the baseline, and the verdicts are taken hour by hour: [test/simulate](../test/simulate)
drives the engine through its public interface. Model i has the seed PCG(1000+i, 1) for the baseline, and PCG(1000+i, 2)
for traffic. The baseline's rows are drawn from all hours of a week, one apart from the other.

`

func (r *results) page() string {
	var b strings.Builder
	b.WriteString(intro)
	fmt.Fprintf(&b, "There are %d models of each kind at 20 and 200 rows an hour, %d at 2,000.\n\n", modelsMany, modelsFew)
	r.quietTable(&b)
	r.changeTable(&b)
	r.delayTable(&b)
	r.falseTable(&b)
	return b.String()
}

func (r *results) quietTable(b *strings.Builder) {
	b.WriteString("## Without a drift\n\nFalse episodes of drift a model and month: the mean, and in parentheses the most of one model.\n\n")
	b.WriteString("| traffic | 20/h | 200/h | 2,000/h |\n|---|---|---|---|\n")
	for _, s := range nulls() {
		fmt.Fprintf(b, "| %s ", s.name)
		for _, rate := range []float64{20, 200, 2000} {
			c, ok := r.nulls[s.name][rate]
			switch {
			case !ok:
				b.WriteString("| ")
			case c.most == 0:
				b.WriteString("| 0 ")
			default:
				fmt.Fprintf(b, "| %s (%s) ", short(c.mean), short(c.most))
			}
		}
		b.WriteString("|\n")
	}
	b.WriteString("\n")
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
		fmt.Fprintf(b, "| %s ", s.name)
		for _, rate := range []float64{20, 200, 2000} {
			p, ok := r.powers[s.name][rate]
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
	if len(p.delays) == 0 {
		return "never"
	}
	out := "–"
	if d, ok := p.median(); ok {
		out = fmt.Sprint(d)
	}
	if worst := p.delays[len(p.delays)-1]; fmt.Sprint(worst) != out {
		out += fmt.Sprintf(" (%d)", worst)
	}
	if p.found() < 1 {
		out += fmt.Sprintf(", %.0f %%", 100*p.found())
	}
	if per := p.lasting / p.found(); per > 1.05 {
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

The same rows, judged by the default rules of other tools, hour by hour and day by day: Evidently's (with more than 1,000 rows
in the reference a distance of Wasserstein by sd, or of Jensen-Shannon, of 0.1; else p ≤ 0.05), NannyML's (Jensen-Shannon over mean + 3 sd of
ten chunks of the reference), TFDV's (Jensen-Shannon divergence of ten buckets of equal width, or L∞, with Vertex AI's 0.3, as TFDV has no
default); then the rules of thumb PSI ≥ 0.1 and p < 0.05 a column. Values are taken from the 240 bins of the baseline. Hours until
the first alarm of the feature that changed, as above; a rule that cries every hour finds everything, so mind the false episodes of the other 19
features in the same month, in brackets.

`)
	for _, rate := range []float64{200, 2000} {
		fmt.Fprintf(b, "At %v rows an hour:\n\n| change | ml_drift |", rate)
		for _, name := range peerNames() {
			fmt.Fprintf(b, " %s |", name)
		}
		b.WriteString("\n|---|---|" + strings.Repeat("---|", len(peerNames())) + "\n")
		for _, s := range powers() {
			p, ok := r.powers[s.name][rate]
			if !ok || !slices.Contains(besidePeers, s.name) {
				continue
			}
			fmt.Fprintf(b, "| %s | %s [%s] |", s.name, p.delay(), short(p.others))
			for _, name := range peerNames() {
				if peer := p.peers[name]; peer == nil {
					b.WriteString(" |")
				} else {
					fmt.Fprintf(b, " %s [%s] |", peer.delay(), short(peer.others))
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
	b.WriteString("False episodes a model and month without a drift, at 200 rows an hour:\n\n| traffic | ml_drift |")
	for _, name := range peerNames() {
		fmt.Fprintf(b, " %s |", name)
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(peerNames())) + "\n")
	for _, s := range nulls() {
		c, ok := r.nulls[s.name][200]
		if !ok || len(c.peers) == 0 {
			continue
		}
		fmt.Fprintf(b, "| %s | %s |", s.name, short(c.mean))
		for _, name := range peerNames() {
			fmt.Fprintf(b, " %s |", short(c.peers[name]))
		}
		b.WriteString("\n")
	}
}
