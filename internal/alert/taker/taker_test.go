// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package taker

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/goleak"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/alert/alerttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var epoch = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return epoch.Add(d) }

type entry struct {
	Entry
	unfinished bool
}

func newTaker(limit int) *Taker[*entry] {
	return New(Options[*entry]{
		Limit: limit, SourceTimeout: 3 * time.Minute,
		Make: func() *entry { return &entry{} }, Unfinished: func(e *entry) bool { return e.unfinished },
	})
}

func take(tk *Taker[*entry], now time.Time, a *alert.Alert) Outcome {
	_, outcome, _ := tk.Take(now, a.Fingerprint(), a)
	return outcome
}

func TestTheLatestStateIsHeld(t *testing.T) {
	tk := newTaker(2)
	first := alerttest.Firing("a", epoch)
	e, outcome, evicted := tk.Take(at(0), first.Fingerprint(), first)
	assert.Equal(t, Fresh, outcome)
	assert.Nil(t, evicted)
	assert.Equal(t, at(3*time.Minute), tk.SilentAt(e))
	assert.Equal(t, Same, take(tk, at(time.Minute), alerttest.Firing("a", epoch)))
	assert.Same(t, first, e.Alert)
	assert.Equal(t, at(4*time.Minute), tk.SilentAt(e), "its source was heard")
	for name, change := range map[string]func(*alert.Alert){
		"summary":     func(a *alert.Alert) { a.Summary = "other" },
		"annotation":  func(a *alert.Alert) { a.Annotations["attempt"] = "2" },
		"trace":       func(a *alert.Alert) { a.TraceID = pcommon.TraceID{1} },
		"span":        func(a *alert.Alert) { a.SpanID = pcommon.SpanID{1} },
		"another one": func(a *alert.Alert) { a.StartsAt = at(time.Hour) },
		"end":         func(a *alert.Alert) { a.State, a.EndsAt = alert.Resolved, at(2*time.Hour) },
	} {
		tk := newTaker(2)
		take(tk, at(0), first)
		a := alerttest.Firing("a", epoch)
		change(a)
		assert.Equal(t, Changed, take(tk, at(0), a), name)
		e, ok := tk.Get(first.Fingerprint())
		require.True(t, ok)
		assert.Same(t, a, e.Alert, name)
	}
	tk.Forget(first.Fingerprint())
	assert.Zero(t, tk.Len())
}

func TestStatesThatComeLateAreStale(t *testing.T) {
	tk := newTaker(1)
	assert.Equal(t, Fresh, take(tk, epoch, alerttest.Firing("a", at(10))))
	assert.Equal(t, Changed, take(tk, epoch, alerttest.Resolved("a", at(10), at(20))))
	assert.Equal(t, Stale, take(tk, at(time.Hour), alerttest.Firing("a", at(10))), "of the alert that has ended")
	assert.Equal(t, Stale, take(tk, at(time.Hour), alerttest.Firing("a", at(9))), "of one before")
	for _, e := range tk.All() {
		assert.Equal(t, epoch, e.ReportedAt)
	}
	assert.Equal(t, Changed, take(tk, epoch, alerttest.Firing("a", at(15))), "a new one, even if it began before the other's end")
	assert.Equal(t, Changed, take(tk, epoch, alerttest.Firing("a", at(14))), "the same alert from another source")
	assert.Equal(t, Changed, take(tk, epoch, alerttest.Firing("a", at(30))))
	assert.Equal(t, Stale, take(tk, epoch, alerttest.Resolved("a", at(10), at(20))), "the end of one before")
	assert.Equal(t, Changed, take(tk, epoch, alerttest.Resolved("a", at(10), at(31))), "an end that came after it began")
}

func TestResolvedAlertsMakeRoom(t *testing.T) {
	tk := newTaker(4)
	take(tk, at(0), alerttest.Firing("a", epoch))
	unfinished, _, _ := tk.Take(at(1), "b", alerttest.Resolved("b", epoch, epoch))
	unfinished.unfinished = true
	silent, _, _ := tk.Take(at(2), "c", alerttest.Resolved("c", epoch, epoch))
	last, _, _ := tk.Take(at(3), "d", alerttest.Resolved("d", epoch, epoch))
	for i, want := range []*entry{silent, last, unfinished} {
		_, outcome, evicted := tk.Take(at(4), fmt.Sprint(i), alerttest.Firing(fmt.Sprint(i), epoch))
		assert.Equal(t, Fresh, outcome)
		assert.Same(t, want, evicted)
	}
	_, outcome, evicted := tk.Take(at(5), "e", alerttest.Firing("e", epoch))
	assert.Equal(t, Full, outcome, "firing ones make no room")
	assert.Nil(t, evicted)
	assert.Equal(t, Changed, take(tk, at(6), alerttest.Resolved("a", epoch, at(6))), "a known one needs none")
	assert.Equal(t, 4, tk.Len())
}
