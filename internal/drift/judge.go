// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"fmt"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// judgedAt is the minute into which Judge takes all deltas, seconds since 1970.
const judgedAt = 1_800_000_000

// Judge says what an engine with these options says of one window of one model beside the model's
// baseline, and of nothing else: methods, thresholds, min_samples and significance are those of the
// options and of the card. What tells windows apart has no meaning for one: its length, max_window,
// for, season, slow windows, other references.
//
// deltas are what the window has counted, at whatever minutes. design returns by how many times
// fewer independent values a subject has than it has values, at least 1, and is asked with the
// Subject and Name of a key alone: a segment has the design effect of the total. Nil takes all values
// for independent.
//
// The results are in the order in which the engine closes windows. It is an error if a delta cannot
// be counted.
func (o Options) Judge(set *catalog.Set, deltas []Delta, design func(Key) float64) ([]Result, error) {
	o.Learn, o.Window, o.MaxWindow = 0, eventtime.Window{Length: time.Hour}, time.Hour
	e, err := New(o)
	if err != nil {
		return nil, err
	}
	e.SetCatalog(set)
	now := time.Unix(judgedAt, 0)
	for i := range deltas {
		d := deltas[i]
		d.Minute = judgedAt
		bound(&d)
		if outcome := e.addOnce(now, &d, design); outcome != Counted {
			return nil, fmt.Errorf("%s: %s", d.Key, outcome)
		}
	}
	results, _ := e.CloseAll(now)
	for i := range results {
		if results[i].Verdict != Insufficient {
			results[i].Reason = NoReason
		}
	}
	return results, nil
}

// addOnce adds a delta to a model that is judged once.
func (e *Engine) addOnce(now time.Time, d *Delta, design func(Key) float64) Outcome {
	if !valid(d) {
		return Invalid
	}
	m := e.lockModel(d, now)
	if m == nil {
		return Overflowed
	}
	defer m.mu.Unlock()
	if m.design == nil {
		m.judgeOnce(e.opts.Window, design)
	}
	return e.addDelta(m, now, d)
}

// MethodTypes returns the types of columns that a method of Options.Methods is for, numeric first. Its
// error says why there is none.
func MethodTypes(name string) (types []profile.Type, err error) {
	var errs []error
	for _, t := range []profile.Type{profile.Numeric, profile.Categorical} {
		if _, err := newMethod(name, t); err != nil {
			errs = append(errs, err)
			continue
		}
		types = append(types, t)
	}
	if len(types) == 0 {
		return nil, errs[0]
	}
	return types, nil
}

// judgeOnce makes the first window decide, by its values and the baseline alone.
func (m *model) judgeOnce(window eventtime.Window, design func(Key) float64) {
	m.design = design
	if design == nil {
		m.design = func(Key) float64 { return 1 }
	}
	s := &m.settings
	s.grid, s.maxWindow, s.forWindows = eventtime.NewGrid(window), int64(window.Length/time.Second), 1
	s.references, s.champion, s.slow = []reference{refBaseline}, "", [speeds]bool{}
	s.calendar = newCalendar(SeasonNone, time.UTC, s.maxWindow)
}
