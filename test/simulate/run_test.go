// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"math/rand/v2"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

// outcome is what the engine said of one model.
type outcome struct {
	// episodes are the changes to drift, but those of the target after the change; by series.
	episodes int
	names    map[string]int
	// found is how many hours after the change the target drifted first, -1 never; lasting are the
	// changes to drift of the target after it, and on the hours in drift.
	found   int
	lasting int
	how     string
	// ok is how many series have the verdict ok in the end, and series how many there are.
	ok, series int
	// peers is what their rules said of the same rows.
	peers []*rule
}

// run simulates one model of a scenario.
func run(s scenario, rate float64, model int) *outcome {
	s = s.defaults()
	features := ofFeatures(s.features())
	base, rows := baseline(&s, features, rand.New(rand.NewPCG(uint64(1000+model), 1)))
	traffic := newTraffic(&s, rate, features, rows, rand.New(rand.NewPCG(uint64(1000+model), 2)))
	if s.peers {
		traffic.peers = newPeers(&s, rows, traffic.sources)
	}
	options := drift.DefaultOptions()
	if s.options != nil {
		s.options(&options)
	}
	m := &catalog.Model{Name: "fraud", Baseline: base}
	m.Versions = []*catalog.Version{{Model: m, Version: "7", Baseline: base}}
	set := catalog.NewSet([]*catalog.Model{m}, nil)
	engine := newEngine(options, set)

	out := &outcome{found: -1, names: map[string]int{}}
	restarts := s.restart
	for h := range s.days * 24 {
		switch {
		case s.after != nil && h == s.from:
			traffic.set(ofFeatures(s.after()), rows)
		case s.until > 0 && h == s.until:
			traffic.set(features, rows)
		}
		now := s.at(h + 1)
		if len(restarts) > 0 && h == restarts[0] {
			engine = restart(engine, options, set, s.at(h))
			restarts = restarts[1:]
		}
		engine.Add(now, traffic.hour(h))
		_, changes := engine.Advance(now)
		for i := range changes {
			out.take(&s, &changes[i])
		}
		if traffic.peers != nil {
			traffic.peers.end(h + 1)
		}
	}
	if traffic.peers != nil {
		out.peers = traffic.peers.rules
	}
	engine.Scores(func(r *drift.Result) {
		out.series++
		if r.Verdict == drift.OK {
			out.ok++
		}
	})
	return out
}

// take counts a change of verdict.
func (o *outcome) take(s *scenario, c *drift.Change) {
	if c.Verdict != drift.Drift {
		return
	}
	key := c.Key.String()
	after := int((c.End - s.at(s.from).Unix()) / 3600)
	changed := s.after != nil && after > 0 && (s.until == 0 || after <= s.until-s.from+24)
	if changed && key == s.target {
		o.lasting++
		if o.found < 0 {
			o.found, o.how = after, speed(c)
		}
		return
	}
	o.episodes++
	o.names[key]++
}

// speed is which window found a drift.
func speed(c *drift.Change) string {
	return (time.Duration(c.End-c.Start) * time.Second).String()
}

func newEngine(options drift.Options, set *catalog.Set) *drift.Engine {
	e, err := drift.New(options)
	if err != nil {
		panic(err) // not in the goroutine of a test
	}
	e.SetCatalog(set)
	return e
}

// restart takes a snapshot into a new engine.
func restart(e *drift.Engine, options drift.Options, set *catalog.Set, now time.Time) *drift.Engine {
	snapshot := e.Snapshot()
	after := newEngine(options, set)
	for _, key := range snapshot.Keys {
		if err := after.Restore(now, snapshot.Changed[key]); err != nil {
			panic(err)
		}
	}
	if err := after.RestoreDedupe(now, snapshot.Dedupe); err != nil {
		panic(err)
	}
	return after
}
