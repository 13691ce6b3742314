// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"
)

var onlyPowers = flag.String("powers", "", "parts of the names of the changes to run, by comma; all runs all, nothing none")

// power is what several models with the same change came to at one rate.
type power struct {
	Scenario string
	Rate     float64
	Models   int
	// Delays are the hours until a change was found, of the models in which it was, in order.
	Delays []int
	// Lasting are the episodes of drift of the one change, a model, Most those of one model; Others
	// are those of series that had not changed.
	Lasting, Others float64
	Most            int
	How             map[string]int
	// Peers are those of their rules, by name.
	Peers map[string]*power
	Took  time.Duration
}

func simulatePower(s scenario, rate float64, n int) power {
	begin := time.Now()
	p := power{Scenario: s.name, Rate: rate, Models: n, How: map[string]int{}, Peers: map[string]*power{}}
	for i := range n {
		o := run(s, rate, *first+i)
		p.add(o.found, o.lasting, o.episodes)
		if o.found >= 0 {
			p.How[o.how]++
		}
		for _, r := range o.peers {
			name := r.String()
			if p.Peers[name] == nil {
				p.Peers[name] = &power{Scenario: name, Rate: rate, Models: n}
			}
			p.Peers[name].add(r.found, r.lasting, r.episodes)
		}
	}
	p.Took = time.Since(begin)
	return p
}

// add takes what came of one of the models.
func (p *power) add(found, lasting, others int) {
	if found >= 0 {
		p.Delays = append(p.Delays, found)
		slices.Sort(p.Delays)
	}
	p.Lasting += float64(lasting) / float64(p.Models)
	p.Most = max(p.Most, lasting)
	p.Others += float64(others) / float64(p.Models)
}

func (p *power) found() float64 { return float64(len(p.Delays)) / float64(p.Models) }

// median is the delay of half of the models, in hours; false where fewer have found the change.
func (p *power) median() (int, bool) {
	if i := (p.Models - 1) / 2; i < len(p.Delays) {
		return p.Delays[i], true
	}
	return 0, false
}

func (p *power) String() string {
	delay := "–"
	if d, ok := p.median(); ok {
		delay = fmt.Sprint(d)
	}
	how := ""
	for _, k := range slices.SortedFunc(maps.Keys(p.How), func(a, b string) int { return p.How[b] - p.How[a] }) {
		how += fmt.Sprintf(" %s×%d", k, p.How[k])
	}
	return fmt.Sprintf("%-38s %5v/h %2d models: found %3.0f%%, median %4s h, %.1f episodes (most %d), others %.2f, %.1f s%s",
		p.Scenario, p.Rate, p.Models, 100*p.found(), delay, p.Lasting, p.Most, p.Others, p.Took.Seconds(), how)
}

// TestPower prints how soon changes are found.
func TestPower(t *testing.T) {
	for _, s := range powers() {
		if !wanted(*onlyPowers, s.name) {
			continue
		}
		s = s.chosen()
		for _, rate := range s.rates {
			n := 4
			if *models > 0 {
				n = *models
			}
			p := simulatePower(s, rate, n)
			fmt.Println(p.String())
			for _, name := range slices.Sorted(maps.Keys(p.Peers)) {
				fmt.Println("  ", p.Peers[name].String())
			}
		}
	}
}
