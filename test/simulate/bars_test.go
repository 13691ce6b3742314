// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
)

// bar is how soon a change has to be found: in all models, in the median within hours, and as one
// episode.
type bar struct {
	change string
	rate   float64
	within int
}

var bars = []bar{
	{"mean +0.5 sd", 200, 6},
	{"mean +0.5 sd", 2000, 3},
	{"mean +0.5 sd, normal", 200, 6},
	{"mean +0.5 sd, normal", 2000, 3},
	{"mean +0.5 sd, diurnal-0.2", 200, 6},
	{"mean +0.5 sd, diurnal-0.2", 2000, 3},
	{"mean +0.5 sd, diurnal-0.5", 200, 6},
	{"mean +0.5 sd, diurnal-0.5", 2000, 3},
	{"mean +0.5 sd, weekend-of-20", 200, 6},
	{"mean +0.5 sd, weekend-of-20", 2000, 3},
	{"mean +0.5 sd, cluster-20-normal", 200, 3 * 24},
	{"mean +0.5 sd, cluster-20-normal", 2000, 3 * 24},
	{"mean +0.2 sd", 2000, 4 * 24},
	{"class .01 → .02", 2000, 4 * 24},
	{"missing 0.01 → 0.03", 2000, 4 * 24},
	{"spread ×1.2", 2000, 4 * 24},
	{"new category 1 %", 2000, 4 * 24},
}

// meets checks what several models came to.
func (b *bar) meets(f *findings, p *power) {
	median, found := p.median()
	f.check(found && p.found() == 1 && median <= b.within && p.Most == 1, "%s (within %d h, once)", p, b.within)
}

// quiet checks that there are no more than 2 false episodes in any model, and 0.2 in the mean.
func (c *cell) quiet(f *findings) {
	f.check(c.Mean <= 0.2 && c.Most <= 2, "%s", c)
}

// overBar are the cells that are known not to hold; docs/simulations.md has their figures.
var overBar = []string{
	"new-york-day-0.2, 2000/h", // clocks go back, and time_zone is not set
	"new-york-day-0.5, 2000/h",
	"new-york-day-and-weekend, 200/h",
	"new-york-day-and-weekend, 2000/h",
	"holiday, 20/h", // a change that lasts a day
	"holiday, 200/h",
	"holiday, 2000/h",
	"first-day-drifts-diurnal, 200/h",
	"first-day-drifts-diurnal, 2000/h",
}

// few are the nulls of "make test", with their rates.
var few = map[string][]float64{
	"independent":                          {200},
	"volume-by-day":                        {20},
	"weekend-window-week":                  {200},
	"diurnal-0.5":                          {200, 2000},
	"weekend-of-20":                        {200},
	"cluster-5":                            {200},
	"cluster-20-normal":                    {2000},
	"ar-0.9":                               {200},
	"missing-0.2-sd-0.1":                   {200},
	"reference-100":                        {200},
	"categories-200-zipf-1-reference-2000": {200},
	"categories-by-day":                    {200},
	"restart-after-a-week-diurnal":         {200},
}

// TestVerdicts is the short form of "make simulate": one model of some nulls, and of the changes
// that have a bar.
func TestVerdicts(t *testing.T) {
	var f findings
	var mu sync.Mutex
	var jobs []func()
	for _, s := range nulls() {
		for _, rate := range few[s.name] {
			jobs = append(jobs, func() {
				c := simulateNull(s.chosen(), rate, 1)
				mu.Lock()
				defer mu.Unlock()
				t.Log(c.String())
				c.quiet(&f)
			})
		}
	}
	for _, s := range powers() {
		for _, b := range bars {
			if b.change == s.name && (b.rate == 2000 || os.Getenv("SIMULATE") != "") {
				jobs = append(jobs, func() {
					p := simulatePower(s.chosen(), b.rate, 1)
					mu.Lock()
					defer mu.Unlock()
					t.Log(p.String())
					b.meets(&f, &p)
				})
			}
		}
	}
	inParallel(jobs)
	f.report(t, !known)
}

// TestNames: every null and change that is named exists, under one name.
func TestNames(t *testing.T) {
	all := map[string]bool{}
	for _, s := range append(nulls(), powers()...) {
		assert.False(t, all[s.name], "two are called %s", s.name)
		all[s.name] = true
	}
	for name := range few {
		assert.True(t, all[name], name)
	}
	for _, b := range bars {
		assert.True(t, all[b.change], b.change)
	}
}
