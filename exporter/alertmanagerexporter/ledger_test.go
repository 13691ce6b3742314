// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alertmanagerexporter

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

var epoch = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return epoch.Add(d) }

func testLedger(change func(*Config)) *ledger {
	cfg := createDefaultConfig().(*Config)
	if change != nil {
		change(cfg)
	}
	return newLedger(cfg)
}

func firing(job string, start time.Time) *alert.Alert {
	return &alert.Alert{
		Name: "JobFailed", Severity: alert.Critical, State: alert.Firing, Labels: map[string]string{"job": job},
		Annotations: map[string]string{}, Summary: job + " failed", StartsAt: start,
	}
}

func resolved(job string, start, end time.Time) *alert.Alert {
	a := firing(job, start)
	a.State, a.EndsAt = alert.Resolved, end
	return a
}

func mustPut(t *testing.T, l *ledger, now time.Time, a *alert.Alert) {
	t.Helper()
	result, lost := l.put(now, a.Fingerprint(), a)
	require.Equal(t, taken, result)
	require.False(t, lost)
}

func postDue(l *ledger, now time.Time) []posting {
	fingerprints, _ := l.due(now)
	postings := l.take(now, fingerprints)
	l.delivered(now, postings)
	return postings
}

func TestLedgerFiring(t *testing.T) {
	l := testLedger(nil)
	_, ok := l.next()
	require.False(t, ok)
	a := firing("a", epoch)
	mustPut(t, l, at(0), a)
	require.Len(t, postDue(l, at(0)), 1)
	next, ok := l.next()
	require.True(t, ok)
	assert.Equal(t, at(time.Minute), next)
	mustPut(t, l, at(50*time.Second), firing("a", epoch))
	require.Empty(t, postDue(l, at(59*time.Second)), "the same is no news")
	require.Len(t, postDue(l, at(time.Minute)), 1)

	changed := firing("a", epoch)
	changed.Annotations["attempt"] = "2"
	mustPut(t, l, at(61*time.Second), changed)
	postings := postDue(l, at(61*time.Second))
	require.Len(t, postings, 1, "a change is")
	assert.Same(t, changed, postings[0].alert)

	fingerprints, expired := l.due(at(61*time.Second + 3*time.Minute))
	assert.Empty(t, fingerprints)
	assert.Equal(t, 1, expired)
	assert.Empty(t, l.entries)
}

func TestLedgerKeepsAFiringAlertUntilItIsTaken(t *testing.T) {
	l := testLedger(nil)
	mustPut(t, l, at(0), firing("a", epoch))
	fingerprints, expired := l.due(at(24 * time.Hour))
	assert.Len(t, fingerprints, 1, "silent for long, but never told")
	assert.Zero(t, expired)
	l.delivered(at(24*time.Hour), l.take(at(24*time.Hour), fingerprints))
	fingerprints, expired = l.due(at(24*time.Hour + time.Minute))
	assert.Empty(t, fingerprints)
	assert.Equal(t, 1, expired)
}

func TestLedgerResolved(t *testing.T) {
	l := testLedger(nil)
	mustPut(t, l, at(0), firing("a", epoch))
	require.Len(t, postDue(l, at(0)), 1)
	end := resolved("a", epoch, at(30*time.Second))
	mustPut(t, l, at(30*time.Second), end)
	require.Len(t, postDue(l, at(30*time.Second)), 1)
	require.Empty(t, postDue(l, at(60*time.Second)), "taken: not posted again")
	mustPut(t, l, at(90*time.Second), resolved("a", epoch, at(30*time.Second)))
	require.Len(t, postDue(l, at(90*time.Second)), 1, "re-emitted: posted again")
	next, _ := l.next()
	assert.Equal(t, at(90*time.Second+3*time.Minute), next)
	require.Empty(t, postDue(l, next))
	assert.Empty(t, l.entries, "and forgotten")

	mustPut(t, l, at(time.Hour), end)
	for range 3 {
		fingerprints, _ := l.due(at(48 * time.Hour))
		require.Len(t, fingerprints, 1, "not taken: kept")
	}
}

func TestLedgerNewerStateWins(t *testing.T) {
	l := testLedger(nil)
	mustPut(t, l, at(0), firing("a", epoch))
	fingerprints, _ := l.due(at(0))
	inFlight := l.take(at(0), fingerprints)
	mustPut(t, l, at(time.Second), resolved("a", epoch, at(time.Second)))
	l.delivered(at(2*time.Second), inFlight)
	postings := postDue(l, at(2*time.Second))
	require.Len(t, postings, 1, "the newer state is still to be posted")
	assert.Equal(t, alert.Resolved, postings[0].alert.State)

	mustPut(t, l, at(time.Minute), firing("a", at(time.Minute)))
	fingerprints, _ = l.due(at(time.Minute))
	inFlight = l.take(at(time.Minute), fingerprints)
	mustPut(t, l, at(2*time.Minute), resolved("a", at(time.Minute), at(2*time.Minute)))
	l.refused(inFlight[0])
	require.Len(t, postDue(l, at(2*time.Minute)), 1, "an older state was refused, not this one")
}

func TestLedgerStale(t *testing.T) {
	l := testLedger(nil)
	put := func(a *alert.Alert) verdict {
		result, _ := l.put(at(0), a.Fingerprint(), a)
		return result
	}
	require.Equal(t, taken, put(firing("a", at(10))))
	require.Equal(t, taken, put(resolved("a", at(10), at(20))))
	assert.Equal(t, stale, put(firing("a", at(10))), "of the alert that has ended")
	assert.Equal(t, stale, put(firing("a", at(9))), "of one before")
	require.Equal(t, taken, put(firing("a", at(15))), "a new one, even if it began before the other's end")
	assert.Equal(t, taken, put(firing("a", at(14))), "the same alert from another source")
	require.Equal(t, taken, put(firing("a", at(30))))
	assert.Equal(t, stale, put(resolved("a", at(10), at(20))), "the end of one before")
	assert.Equal(t, taken, put(resolved("a", at(10), at(31))), "an end that came after it began")
}

func TestLedgerRejected(t *testing.T) {
	l := testLedger(nil)
	mustPut(t, l, at(0), firing("a", epoch))
	fingerprints, _ := l.due(at(0))
	l.refused(l.take(at(0), fingerprints)[0])
	for minute := time.Minute; minute <= 10*time.Minute; minute += time.Minute {
		mustPut(t, l, at(minute), firing("a", epoch))
		require.Empty(t, postDue(l, at(minute)), "the same state is not posted again")
	}
	changed := firing("a", epoch)
	changed.Summary = "other"
	mustPut(t, l, at(11*time.Minute), changed)
	require.Len(t, postDue(l, at(11*time.Minute)), 1)
}

func TestLedgerIsBounded(t *testing.T) {
	l := testLedger(func(cfg *Config) { cfg.MaxAlerts = 3 })
	mustPut(t, l, at(0), firing("a", epoch))
	mustPut(t, l, at(1), resolved("b", epoch, epoch))
	postDue(l, at(2))
	mustPut(t, l, at(3), resolved("c", epoch, epoch)) // not taken by the replica
	put := func(a *alert.Alert) (verdict, bool) { return l.put(at(4), a.Fingerprint(), a) }

	result, lost := put(firing("d", epoch))
	assert.Equal(t, taken, result)
	assert.False(t, lost, "b goes: the replica knows of its end")
	result, lost = put(firing("e", epoch))
	assert.Equal(t, taken, result)
	assert.True(t, lost, "c goes: the replica does not")
	result, _ = put(firing("f", epoch))
	assert.Equal(t, full, result, "firing ones make no room")
	result, _ = put(resolved("a", epoch, at(time.Second)))
	assert.Equal(t, taken, result, "a known one needs none")
	result, _ = put(firing("f", epoch))
	assert.Equal(t, taken, result)
	assert.Len(t, l.entries, 3)
}

func TestLedgerEvictsTheOneSilentForLongest(t *testing.T) {
	l := testLedger(func(cfg *Config) { cfg.MaxAlerts = 20 })
	for i := range 20 {
		mustPut(t, l, at(time.Duration((i*7)%20)), resolved(fmt.Sprint((i*7)%20), epoch, epoch))
	}
	postDue(l, at(30))
	for i := range 20 {
		mustPut(t, l, at(time.Duration(40+i)), firing("new"+fmt.Sprint(i), epoch))
		gone := resolved(fmt.Sprint(i), epoch, epoch)
		require.NotContains(t, l.entries, gone.Fingerprint())
	}
}

func TestLedgerTriesTheOthersFirst(t *testing.T) {
	l := testLedger(nil)
	for i := range 10 {
		mustPut(t, l, at(0), firing(fmt.Sprint(i), epoch))
	}
	fingerprints, _ := l.due(at(1))
	require.Len(t, fingerprints, 10)
	l.take(at(1), fingerprints[:5]) // and the post fails
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
				mustPut(t, l, now, firing(fmt.Sprint(i), epoch))
			}
		}
		if n := len(postDue(l, now)); n > 0 && second >= 300 {
			posts++
		}
	}
	assert.Len(t, l.entries, 200)
	assert.LessOrEqual(t, posts, 5*7, "posts in five minutes")
	assert.GreaterOrEqual(t, posts, 5)
}

func BenchmarkLedger(b *testing.B) {
	l := testLedger(nil)
	alerts := make([]*alert.Alert, 10_000)
	fingerprints := make([]string, len(alerts))
	for i := range alerts {
		alerts[i] = firing(fmt.Sprint(i), epoch)
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
