// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// seasonal answers whether a window differs from its season by what begins a drift, or ends one.
type seasonal struct {
	kind
	answers [2]bool
}

func (s seasonal) offSeason(_, _ *series, _ *comparand, _ *Result, _ []float64, asks question) bool {
	return s.answers[asks]
}

// A drift goes on by less than what begins one.
func TestADriftGoesOnByLess(t *testing.T) {
	cal := newCalendar(SeasonDay, time.UTC, 3600)
	h := newHistory(cal, stripShape{cells: 2})
	for phase := range h.seen {
		h.seen[phase], h.phases[2*phase] = seenEnough, 100
	}
	h.firstDay, h.lastDay = 0, 100
	m := &model{settings: settings{calendar: cal}}
	for _, c := range []struct {
		verdict Verdict
		answers [2]bool
		want    finding
	}{
		{OK, [2]bool{begins: true, lasts: true}, hit},
		{OK, [2]bool{begins: false, lasts: true}, calm},
		{Drift, [2]bool{begins: true, lasts: true}, hit},
		{Drift, [2]bool{begins: false, lasts: true}, between},
		{Drift, [2]bool{begins: false, lasts: false}, calm},
	} {
		w := comparand{start: epoch, end: epoch + 3600, known: true, history: h}
		one := &hypothesis{kind: seasonal{answers: c.answers}, judgement: &judgement{verdict: c.verdict}, window: w, result: Result{Reference: Baseline}}
		assert.Equal(t, c.want, m.finding(one, true), "%+v", c)
	}
}
