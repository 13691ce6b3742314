// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package replica

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/alert/alerttest"
	"github.com/otelcol-ml/otelcol-ml/internal/alert/taker"
)

var epoch = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return epoch.Add(d) }

func testLedger(change func(*Options)) *ledger {
	o := &Options{ResendInterval: time.Minute, SourceTimeout: 3 * time.Minute, MaxAlerts: 10_000}
	if change != nil {
		change(o)
	}
	return newLedger(o)
}

func mustPut(t *testing.T, l *ledger, now time.Time, a *alert.Alert) {
	t.Helper()
	result, lost := l.put(now, a.Fingerprint(), a)
	require.Less(t, result, taker.Stale)
	require.False(t, lost)
}

func postDue(l *ledger, now time.Time) []posting {
	fingerprints, _ := l.due(now)
	postings := l.latest(now, fingerprints)
	l.delivered(now, postings)
	return postings
}

func TestLedgerFiring(t *testing.T) {
	l := testLedger(nil)
	_, ok := l.next()
	require.False(t, ok)
	a := alerttest.Firing("a", epoch)
	mustPut(t, l, at(0), a)
	require.Len(t, postDue(l, at(0)), 1)
	next, ok := l.next()
	require.True(t, ok)
	assert.Equal(t, at(time.Minute), next)
	mustPut(t, l, at(50*time.Second), alerttest.Firing("a", epoch))
	require.Empty(t, postDue(l, at(59*time.Second)), "the same is no news")
	require.Len(t, postDue(l, at(time.Minute)), 1)

	changed := alerttest.Firing("a", epoch)
	changed.Annotations["attempt"] = "2"
	mustPut(t, l, at(61*time.Second), changed)
	postings := postDue(l, at(61*time.Second))
	require.Len(t, postings, 1, "a change is")
	assert.Same(t, changed, postings[0].alert)

	fingerprints, expired := l.due(at(61*time.Second + 3*time.Minute))
	assert.Empty(t, fingerprints)
	assert.Equal(t, 1, expired)
	assert.Zero(t, l.alerts.Len())
}

func TestLedgerKeepsAFiringAlertUntilItIsTaken(t *testing.T) {
	l := testLedger(nil)
	mustPut(t, l, at(0), alerttest.Firing("a", epoch))
	fingerprints, expired := l.due(at(24 * time.Hour))
	assert.Len(t, fingerprints, 1, "silent for long, but never told")
	assert.Zero(t, expired)
	l.delivered(at(24*time.Hour), l.latest(at(24*time.Hour), fingerprints))
	fingerprints, expired = l.due(at(24*time.Hour + time.Minute))
	assert.Empty(t, fingerprints)
	assert.Equal(t, 1, expired)
}

func TestLedgerResolved(t *testing.T) {
	l := testLedger(nil)
	mustPut(t, l, at(0), alerttest.Firing("a", epoch))
	require.Len(t, postDue(l, at(0)), 1)
	end := alerttest.Resolved("a", epoch, at(30*time.Second))
	mustPut(t, l, at(30*time.Second), end)
	require.Len(t, postDue(l, at(30*time.Second)), 1)
	require.Empty(t, postDue(l, at(60*time.Second)), "taken: not posted again")
	mustPut(t, l, at(90*time.Second), alerttest.Resolved("a", epoch, at(30*time.Second)))
	require.Len(t, postDue(l, at(90*time.Second)), 1, "re-emitted: posted again")
	next, _ := l.next()
	assert.Equal(t, at(90*time.Second+3*time.Minute), next)
	require.Empty(t, postDue(l, next))
	assert.Zero(t, l.alerts.Len(), "and forgotten")

	mustPut(t, l, at(time.Hour), end)
	for range 3 {
		fingerprints, _ := l.due(at(48 * time.Hour))
		require.Len(t, fingerprints, 1, "not taken: kept")
	}
}

func TestLedgerNewerStateWins(t *testing.T) {
	l := testLedger(nil)
	mustPut(t, l, at(0), alerttest.Firing("a", epoch))
	fingerprints, _ := l.due(at(0))
	inFlight := l.latest(at(0), fingerprints)
	mustPut(t, l, at(time.Second), alerttest.Resolved("a", epoch, at(time.Second)))
	l.delivered(at(2*time.Second), inFlight)
	postings := postDue(l, at(2*time.Second))
	require.Len(t, postings, 1, "the newer state is still to be posted")
	assert.Equal(t, alert.Resolved, postings[0].alert.State)

	mustPut(t, l, at(time.Minute), alerttest.Firing("a", at(time.Minute)))
	fingerprints, _ = l.due(at(time.Minute))
	inFlight = l.latest(at(time.Minute), fingerprints)
	mustPut(t, l, at(2*time.Minute), alerttest.Resolved("a", at(time.Minute), at(2*time.Minute)))
	l.refused(inFlight[0])
	require.Len(t, postDue(l, at(2*time.Minute)), 1, "an older state was refused, not this one")
}

func TestLedgerRejected(t *testing.T) {
	l := testLedger(nil)
	mustPut(t, l, at(0), alerttest.Firing("a", epoch))
	fingerprints, _ := l.due(at(0))
	l.refused(l.latest(at(0), fingerprints)[0])
	for minute := time.Minute; minute <= 10*time.Minute; minute += time.Minute {
		mustPut(t, l, at(minute), alerttest.Firing("a", epoch))
		require.Empty(t, postDue(l, at(minute)), "the same state is not posted again")
	}
	changed := alerttest.Firing("a", epoch)
	changed.Summary = "other"
	mustPut(t, l, at(11*time.Minute), changed)
	require.Len(t, postDue(l, at(11*time.Minute)), 1)
}

func TestLedgerIsBounded(t *testing.T) {
	l := testLedger(func(o *Options) { o.MaxAlerts = 3 })
	mustPut(t, l, at(0), alerttest.Firing("a", epoch))
	mustPut(t, l, at(1), alerttest.Resolved("b", epoch, epoch))
	postDue(l, at(2))
	mustPut(t, l, at(3), alerttest.Resolved("c", epoch, epoch)) // not taken by the replica
	put := func(a *alert.Alert) (taker.Outcome, bool) { return l.put(at(4), a.Fingerprint(), a) }

	result, lost := put(alerttest.Firing("d", epoch))
	assert.Equal(t, taker.Fresh, result)
	assert.False(t, lost, "b goes: the replica knows of its end")
	result, lost = put(alerttest.Firing("e", epoch))
	assert.Equal(t, taker.Fresh, result)
	assert.True(t, lost, "c goes: the replica does not")
	result, _ = put(alerttest.Firing("f", epoch))
	assert.Equal(t, taker.Full, result, "firing ones make no room")
	result, _ = put(alerttest.Resolved("a", epoch, at(time.Second)))
	assert.Equal(t, taker.Changed, result, "a known one needs none")
	result, _ = put(alerttest.Firing("f", epoch))
	assert.Equal(t, taker.Fresh, result)
	assert.Equal(t, 3, l.alerts.Len())
}

func TestLedgerEvictsTheOneSilentForLongest(t *testing.T) {
	l := testLedger(func(o *Options) { o.MaxAlerts = 20 })
	for i := range 20 {
		mustPut(t, l, at(time.Duration((i*7)%20)), alerttest.Resolved(fmt.Sprint((i*7)%20), epoch, epoch))
	}
	postDue(l, at(30))
	for i := range 20 {
		mustPut(t, l, at(time.Duration(40+i)), alerttest.Firing("new"+fmt.Sprint(i), epoch))
		gone := alerttest.Resolved(fmt.Sprint(i), epoch, epoch)
		_, known := l.alerts.Get(gone.Fingerprint())
		require.False(t, known)
	}
}

func TestLedgerTriesTheOthersFirst(t *testing.T) {
	l := testLedger(nil)
	for i := range 10 {
		mustPut(t, l, at(0), alerttest.Firing(fmt.Sprint(i), epoch))
	}
	fingerprints, _ := l.due(at(1))
	require.Len(t, fingerprints, 10)
	l.latest(at(1), fingerprints[:5]) // and the post fails
	again, _ := l.due(at(2))
	assert.ElementsMatch(t, fingerprints[5:], again[:5])
	assert.ElementsMatch(t, fingerprints[:5], again[5:])
}

// Renewals of alerts that began at any time come together.
func TestLedgerRenewalsGrowTogether(t *testing.T) {
	l := testLedger(nil)
	r := rand.New(rand.NewPCG(1, 2))
	starts := map[int]int{}
	for i := range 200 {
		starts[i] = r.IntN(60)
	}
	posts := 0
	for second := range 600 {
		now := at(time.Duration(second) * time.Second)
		for i, start := range starts {
			if second == start || second%60 == 30 && second > start {
				mustPut(t, l, now, alerttest.Firing(fmt.Sprint(i), epoch))
			}
		}
		if n := len(postDue(l, now)); n > 0 && second >= 300 {
			posts++
		}
	}
	assert.Equal(t, 200, l.alerts.Len())
	assert.LessOrEqual(t, posts, 5*7, "posts in five minutes")
	assert.GreaterOrEqual(t, posts, 5)
}

func BenchmarkLedger(b *testing.B) {
	l := testLedger(nil)
	alerts := make([]*alert.Alert, 10_000)
	fingerprints := make([]string, len(alerts))
	for i := range alerts {
		alerts[i] = alerttest.Firing(fmt.Sprint(i), epoch)
		fingerprints[i] = alerts[i].Fingerprint()
	}
	b.ReportAllocs()
	now := epoch
	for b.Loop() {
		now = now.Add(time.Minute)
		for i, a := range alerts {
			l.put(now, fingerprints[i], a)
		}
		postDue(l, now)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(alerts)), "ns/alert")
}
