// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	onlyNulls = flag.String("nulls", "", "parts of the names of the nulls to run, by comma; all runs all")
	rates     = flag.String("rates", "", "rows an hour, by comma, instead of each scenario's own")
	models    = flag.Int("models", 0, "models of each scenario and rate, instead of each scenario's own")
	days      = flag.Int("days", 0, "days of each scenario, instead of its own")
	first     = flag.Int("first", 0, "number of the first model: its seed")
)

// wanted tells whether a name is among those of a flag.
func wanted(only, name string) bool {
	for part := range strings.SplitSeq(only, ",") {
		if part == "all" || part != "" && strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// chosen applies the flags to a scenario.
func (s scenario) chosen() scenario {
	s = s.defaults()
	s.peers = *withPeers
	if *days > 0 {
		s.days = *days
	}
	if *rates != "" {
		s.rates = nil
		for part := range strings.SplitSeq(*rates, ",") {
			rate, err := strconv.ParseFloat(part, 64)
			if err != nil {
				panic("-rates: " + err.Error())
			}
			s.rates = append(s.rates, rate)
		}
	}
	return s
}

// cell is what several models of a scenario at one rate came to, a month of 30 days.
type cell struct {
	Scenario string
	Rate     float64
	Models   int
	// Mean and Most are false episodes a model.
	Mean, Most float64
	Names      map[string]int
	OK         float64 // share of series that have the verdict ok in the end
	// Peers are the episodes of their rules on the first model, by name.
	Peers map[string]float64
	Took  time.Duration
}

func simulateNull(s scenario, rate float64, n int) cell {
	begin := time.Now()
	c := cell{Scenario: s.name, Rate: rate, Models: n, Names: map[string]int{}, Peers: map[string]float64{}}
	ok, series := 0, 0
	for i := range n {
		s.peers = s.peers && i == 0 // one model shows what they do
		o := run(s, rate, *first+i)
		episodes := float64(o.episodes) * 30 / float64(max(s.days, 30))
		c.Mean += episodes / float64(n)
		c.Most = max(c.Most, episodes)
		for name, count := range o.names {
			c.Names[name] += count
		}
		for _, r := range o.peers {
			c.Peers[r.String()] = float64(r.episodes) * 30 / float64(max(s.days, 30))
		}
		ok, series = ok+o.ok, series+o.series
	}
	c.OK = float64(ok) / float64(max(series, 1))
	c.Took = time.Since(begin)
	return c
}

func (c *cell) String() string {
	names := slices.SortedFunc(maps.Keys(c.Names), func(a, b string) int { return c.Names[b] - c.Names[a] })
	top := ""
	for i, name := range names {
		if i == 4 {
			top += fmt.Sprintf(" … %d more", len(names)-i)
			break
		}
		top += fmt.Sprintf(" [%s ×%d]", strings.TrimPrefix(name, "fraud 7 "), c.Names[name])
	}
	for _, name := range slices.Sorted(maps.Keys(c.Peers)) {
		top += fmt.Sprintf("; %s %.1f", name, c.Peers[name])
	}
	bar := "  "
	if c.Mean > 0.2 || c.Most > 2 {
		bar = "✗ "
	}
	return fmt.Sprintf("%s%-36s %5v/h %2d models: mean %7.2f max %5.0f episodes a month, %3.0f%% ok at the end, %.1f s%s",
		bar, c.Scenario, c.Rate, c.Models, c.Mean, c.Most, 100*c.OK, c.Took.Seconds(), top)
}

// TestNulls judges the nulls that -nulls names: without a drift there are at most 2 false episodes
// in any model, and at most 0.2 in the mean over the models of a null.
func TestNulls(t *testing.T) {
	for _, s := range nulls() {
		if !wanted(*onlyNulls, s.name) {
			continue
		}
		s = s.chosen()
		for _, rate := range s.rates {
			n := 4
			if *models > 0 {
				n = *models
			}
			c := simulateNull(s, rate, n)
			fmt.Println(c.String())
			if c.Mean > 0.2 || c.Most > 2 {
				t.Errorf("%s at %v/h: mean %.2f, most %.0f", s.name, rate, c.Mean, c.Most)
			}
		}
	}
}
