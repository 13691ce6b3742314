// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A plain drift ends as soon as it begins, a faint one takes six calm windows in a row.
func TestEndOfADrift(t *testing.T) {
	s := settings{forWindows: 2, calendar: newCalendar(SeasonAuto, time.UTC, 3600)}
	for _, c := range []struct {
		name     string
		plain    []bool // of the windows that begin it
		findings []finding
		want     Verdict
	}{
		{"plain", []bool{true, true}, []finding{calm, calm}, OK},
		{"plain, not yet", []bool{true, true}, []finding{calm}, Drift},
		{"faint", []bool{false, true}, []finding{calm, calm, calm, calm, calm}, Drift},
		{"faint, over", []bool{true, false}, []finding{calm, calm, calm, calm, calm, calm}, OK},
		{"faint, broken", []bool{false, false}, []finding{calm, calm, calm, between, calm, calm, calm}, Drift},
	} {
		var j judgement
		for i, plain := range c.plain {
			j.apply(hit, Fast, s.needs(Fast), int64(i)*3600, plain)
		}
		assert.Equal(t, Drift, j.verdict, c.name)
		for _, f := range c.findings {
			j.apply(f, Fast, s.needs(Fast), 0, true)
		}
		assert.Equal(t, c.want, j.verdict, c.name)
	}
	s.calendar = newCalendar(SeasonAuto, time.UTC, day)
	assert.Equal(t, needs{2, 2}, s.needs(Fast), "of days")
}

// What a working day and a day of a weekend differ by is no dependence of rows.
func TestPairsAreOfTheSameKindOfDay(t *testing.T) {
	cal := newCalendar(SeasonAuto, time.UTC, 3600)
	h := newHistory(cal, stripShape{cells: 2})
	const friday = 20 * 7 * 24 // hours since 1970-01-01, a Thursday
	first := cal.unitOf(friday*3600) + 24
	for i := range int64(4 * 24) { // Friday to Monday
		u := first + i
		counts := []uint32{100, 100}
		if weekend(cal.dayOf(u)) {
			counts = []uint32{150, 50}
		}
		h.observe(period{start: cal.start(u), end: cal.start(u + 1)}, &strip{counts: counts})
	}
	assert.Len(t, h.hourly.chi, 23+24, "Friday's hours with the one before, and Sunday's with Saturday's")
	assert.Len(t, h.daily.chi, 2, "Sunday with Saturday, Monday with Friday")
	fast, slow, _ := h.design()
	assert.InDelta(t, 1, fast, 1e-9)
	assert.InDelta(t, 1, slow, 1e-9)
}
