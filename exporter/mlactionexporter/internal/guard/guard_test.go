// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
)

var now = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

const fraud = "model fraud in production"

// policy has all guards on.
func policy() *Policy {
	return &Policy{
		WarmUp: time.Minute, Sustained: 15 * time.Minute, SourceTimeout: 3 * time.Minute, MinSamples: 100, NoData: []string{"SLONoData"},
		HoldOn: []string{"ExporterLosesData"}, BlameWindow: Day, PingPong: Day, Cooldown: time.Hour, MaxCooldown: 12 * time.Hour,
		MaxPerTarget: 3, MaxPerDay: 10,
	}
}

// situation is one in which no guard objects: version 7 came an hour ago, and has been in breach for
// half an hour.
func situation() *Situation {
	return &Situation{
		Now: now, Kind: action.Rollback, Leading: true, Alert: "SLOBreach", Firing: true, StartsAt: ago(30 * time.Minute), HeardAt: ago(time.Minute),
		StartedAt: ago(2 * time.Hour), Samples: &Samples{N: 5000, Known: true}, Target: fraud,
		Versions: &Versions{From: "7", To: "6", ChangedAt: ago(time.Hour)},
	}
}

func done(target string, kind action.Kind, at ...time.Duration) []Past {
	var out []Past
	for _, d := range at {
		out = append(out, Past{At: ago(d), Target: target, Kind: kind, From: "5", To: "4"})
	}
	return out
}

func TestGuards(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(p *Policy, s *Situation)
		verdict Verdict
		guard   Name
		reason  string
		until   time.Time
	}{
		{name: "nothing objects", change: func(*Policy, *Situation) {}, verdict: Act},

		{name: "another replica", change: func(_ *Policy, s *Situation) { s.Leading, s.LeaderNote = false, "pod-1" }, verdict: Wait, guard: Leader, reason: "pod-1"},
		{name: "killed", change: func(_ *Policy, s *Situation) { s.Killed = "by ada" }, verdict: Wait, guard: KillSwitch, reason: "by ada"},
		{name: "killed, and an incident", change: func(_ *Policy, s *Situation) { s.Killed, s.Kind = "by ada", action.Incident }, verdict: Wait, guard: KillSwitch},

		{name: "resolved", change: func(_ *Policy, s *Situation) { s.Firing = false }, verdict: Wait, guard: Firing},
		{name: "silent source", change: func(_ *Policy, s *Situation) { s.HeardAt = ago(181 * time.Second) }, verdict: Wait, guard: Firing, reason: "nothing was heard of the alert for 3m1s"},
		{name: "a source that may just be late", change: func(_ *Policy, s *Situation) { s.HeardAt = ago(3 * time.Minute) }, verdict: Act},

		{name: "just started", change: func(_ *Policy, s *Situation) { s.StartedAt = ago(59 * time.Second) }, verdict: Wait, guard: WarmUp, until: now.Add(time.Second)},
		{name: "started a minute ago", change: func(_ *Policy, s *Situation) { s.StartedAt = ago(time.Minute) }, verdict: Act},
		{name: "just started, and a note", change: func(_ *Policy, s *Situation) { s.StartedAt, s.Kind = now, action.Notify }, verdict: Act},

		{name: "14 of 15 minutes", change: func(_ *Policy, s *Situation) { s.StartsAt = ago(14 * time.Minute) }, verdict: Wait, guard: Sustained, until: now.Add(time.Minute)},
		{name: "15 of 15 minutes", change: func(_ *Policy, s *Situation) { s.StartsAt = ago(15 * time.Minute) }, verdict: Act},
		{name: "no time is asked for", change: func(p *Policy, s *Situation) { p.Sustained, s.StartsAt = 0, now }, verdict: Act},

		{name: "99 events", change: func(_ *Policy, s *Situation) { s.Samples.N = 99 }, verdict: Wait, guard: InsufficientData, reason: "99 events, fewer than 100"},
		{name: "100 events", change: func(_ *Policy, s *Situation) { s.Samples.N = 100 }, verdict: Act},
		{name: "a number that cannot be read", change: func(_ *Policy, s *Situation) { s.Samples.Known = false }, verdict: Wait, guard: InsufficientData},
		{name: "an alert that does not count", change: func(_ *Policy, s *Situation) { s.Samples = nil }, verdict: Act},
		{name: "an alert for want of data", change: func(_ *Policy, s *Situation) { s.Alert = "SLONoData" }, verdict: Refuse, guard: InsufficientData},
		{name: "a ticket for want of data", change: func(_ *Policy, s *Situation) { s.Alert, s.Kind, s.Versions = "SLONoData", action.Incident, nil }, verdict: Act},

		{name: "the collector loses data", change: func(_ *Policy, s *Situation) { s.Losses = []string{"ExporterLosesData"} }, verdict: Wait, guard: DataLoss, reason: "ExporterLosesData"},
		{name: "another action is at it", change: func(_ *Policy, s *Situation) { s.Busy = "retrain" }, verdict: Wait, guard: Busy, reason: "retrain works on " + fraud},

		{name: "no version", change: func(_ *Policy, s *Situation) { s.Versions = &Versions{From: "7", Problem: "no version is known"} }, verdict: Wait, guard: Target, reason: "no version is known"},
		{name: "the same version", change: func(_ *Policy, s *Situation) { s.Versions.To = "7" }, verdict: Refuse, guard: Target},

		{name: "breach before the version", change: func(_ *Policy, s *Situation) { s.Versions.ChangedAt = ago(29 * time.Minute) }, verdict: Refuse, guard: Blame, reason: "before version 7 came"},
		{name: "breach long after the version", change: func(_ *Policy, s *Situation) { s.Versions.ChangedAt = ago(Day + 31*time.Minute) }, verdict: Refuse, guard: Blame, reason: "something else has changed"},
		{name: "breach a day after the version", change: func(_ *Policy, s *Situation) { s.Versions.ChangedAt = ago(Day + 30*time.Minute) }, verdict: Act},
		{name: "nobody saw the version come", change: func(_ *Policy, s *Situation) { s.Versions.ChangedAt = time.Time{} }, verdict: Refuse, guard: Blame, reason: "not known when version 7 came"},
		{name: "nobody is blamed", change: func(p *Policy, s *Situation) { p.BlameWindow, s.Versions.ChangedAt = 0, time.Time{} }, verdict: Act},

		{name: "the version was restored", change: func(_ *Policy, s *Situation) {
			s.Past = []Past{{At: ago(23 * time.Hour), Target: fraud, Kind: action.Rollback, From: "8", To: "7"}}
		}, verdict: Refuse, guard: PingPong, reason: "version 7 was restored"},
		{name: "the version was restored long ago", change: func(_ *Policy, s *Situation) {
			s.Past = []Past{{At: ago(25 * time.Hour), Target: fraud, Kind: action.Rollback, From: "8", To: "7"}}
		}, verdict: Act},
		{name: "another model's version was restored", change: func(_ *Policy, s *Situation) {
			s.Past = []Past{{At: ago(2 * time.Hour), Target: "model churn", Kind: action.Rollback, From: "8", To: "7"}}
		}, verdict: Act},

		{name: "cool-down", change: func(_ *Policy, s *Situation) { s.Past = done(fraud, action.Rollback, 59*time.Minute) }, verdict: Wait, guard: Cooldown, until: now.Add(time.Minute)},
		{name: "cooled down", change: func(_ *Policy, s *Situation) { s.Past = done(fraud, action.Rollback, time.Hour) }, verdict: Act},
		{name: "the second cool-down is twice as long", change: func(_ *Policy, s *Situation) {
			s.Past = done(fraud, action.Rollback, 119*time.Minute, 5*time.Hour)
		}, verdict: Wait, guard: Cooldown, until: now.Add(time.Minute)},
		{name: "a cool-down has a bound", change: func(p *Policy, s *Situation) {
			p.MaxPerTarget, p.MaxCooldown = 0, 90*time.Minute
			s.Past = done(fraud, action.Rollback, 91*time.Minute, 3*time.Hour, 5*time.Hour, 8*time.Hour)
		}, verdict: Act},
		{name: "another target cools down", change: func(_ *Policy, s *Situation) { s.Past = done("model churn", action.Rollback, time.Minute) }, verdict: Act},
		{name: "another kind cools down", change: func(_ *Policy, s *Situation) { s.Past = done(fraud, action.Retrain, time.Minute) }, verdict: Act},

		{name: "three on the target", change: func(p *Policy, s *Situation) {
			p.Cooldown = 0
			s.Past = done(fraud, action.Rollback, 2*time.Hour, 10*time.Hour, 23*time.Hour, 30*time.Hour)
		}, verdict: Wait, guard: PerTarget, until: now.Add(time.Hour)},
		{name: "two on the target", change: func(p *Policy, s *Situation) {
			p.Cooldown = 0
			s.Past = done(fraud, action.Rollback, 2*time.Hour, 10*time.Hour, 24*time.Hour)
		}, verdict: Act},
		{name: "ten in all", change: func(_ *Policy, s *Situation) {
			for i := range 10 {
				s.Past = append(s.Past, done(string(rune('a'+i)), action.Rollback, time.Duration(i+2)*time.Hour)...)
			}
		}, verdict: Wait, guard: PerDay, until: now.Add(13 * time.Hour)},
		{name: "ten incidents", change: func(_ *Policy, s *Situation) {
			s.Kind, s.Versions = action.Incident, nil
			for range 10 {
				s.Past = append(s.Past, done("ticket", action.Incident, time.Hour)...)
			}
		}, verdict: Wait, guard: PerDay, until: now.Add(23 * time.Hour)},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, s := policy(), situation()
			c.change(p, s)
			d := Decide(p, s)
			assert.Equal(t, c.verdict, d.Verdict, d.Reason)
			assert.Equal(t, c.guard, d.Guard, d.Reason)
			assert.Contains(t, d.Reason, c.reason)
			assert.NotEmpty(t, d.Reason)
			if !c.until.IsZero() {
				assert.Equal(t, c.until, d.Until)
			}
		})
	}
}

// Each guard is asked for a kind that it is for, and has a case above that it decides.
func TestEveryGuardIsTested(t *testing.T) {
	seen := map[Name]bool{}
	for _, g := range guards {
		assert.False(t, seen[g.name], "twice: %s", g.name)
		seen[g.name] = true
	}
	assert.Len(t, seen, 14)
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		15 * time.Minute: "15m", time.Hour: "1h", 90 * time.Minute: "1h30m", 61 * time.Second: "1m1s", 30 * time.Second: "30s", 0: "0s",
		10 * time.Minute: "10m", 100 * time.Hour: "100h",
	} {
		assert.Equal(t, want, span(d))
	}
}
