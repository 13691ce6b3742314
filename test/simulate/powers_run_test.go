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
	scenario string
	rate     float64
	models   int
	// delays are the hours until a change was found, of the models in which it was, in order.
	delays []int
	// lasting are the episodes of drift of the one change, a model, most those of one model; others
	// are those of series that had not changed.
	lasting, others float64
	most            int
	how             map[string]int
	// peers are those of their rules, by name.
	peers map[string]*power
	took  time.Duration
}

func simulatePower(s scenario, rate float64, n int) power {
	begin := time.Now()
	p := power{scenario: s.name, rate: rate, models: n, how: map[string]int{}, peers: map[string]*power{}}
	for i := range n {
		o := run(s, rate, *first+i)
		p.add(o.found, o.lasting, o.episodes)
		if o.found >= 0 {
			p.how[o.how]++
		}
		for _, r := range o.peers {
			name := r.String()
			if p.peers[name] == nil {
				p.peers[name] = &power{scenario: name, rate: rate, models: n}
			}
			p.peers[name].add(r.found, r.lasting, r.episodes)
		}
	}
	p.took = time.Since(begin)
	return p
}

// add takes what came of one of the models.
func (p *power) add(found, lasting, others int) {
	if found >= 0 {
		p.delays = append(p.delays, found)
		slices.Sort(p.delays)
	}
	p.lasting += float64(lasting) / float64(p.models)
	p.most = max(p.most, lasting)
	p.others += float64(others) / float64(p.models)
}

func (p *power) found() float64 { return float64(len(p.delays)) / float64(p.models) }

// median is the delay of half of the models, in hours; false where fewer have found the change.
func (p *power) median() (int, bool) {
	if i := (p.models - 1) / 2; i < len(p.delays) {
		return p.delays[i], true
	}
	return 0, false
}

func (p *power) String() string {
	delay := "–"
	if d, ok := p.median(); ok {
		delay = fmt.Sprint(d)
	}
	how := ""
	for _, k := range slices.SortedFunc(maps.Keys(p.how), func(a, b string) int { return p.how[b] - p.how[a] }) {
		how += fmt.Sprintf(" %s×%d", k, p.how[k])
	}
	return fmt.Sprintf("%-38s %5v/h %2d models: found %3.0f%%, median %4s h, %.1f episodes (most %d), others %.2f, %.1f s%s",
		p.scenario, p.rate, p.models, 100*p.found(), delay, p.lasting, p.most, p.others, p.took.Seconds(), how)
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
			for _, name := range slices.Sorted(maps.Keys(p.peers)) {
				fmt.Println("  ", p.peers[name].String())
			}
		}
	}
}
