// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package guard decides whether an action may be carried out now. It looks at what is known and
// says act, wait or refuse, and why; it has no clock and no state.
//
//	Situation ─► guards, in the order of Guards ─► the first that objects: Wait or Refuse
//	                                              └► none: Act
//
// Wait may become Act by itself, when time has passed or something has changed. Refuse holds for as
// long as the alert does.
package guard

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
)

// Verdict is what a guard, or all of them, say.
type Verdict string

// The verdicts.
const (
	Act    Verdict = "act"
	Wait   Verdict = "wait"
	Refuse Verdict = "refuse"
)

// Name is a guard's.
type Name string

// The guards, in the order in which they are asked.
const (
	Leader           Name = "leader"
	KillSwitch       Name = "kill_switch"
	Firing           Name = "firing"
	WarmUp           Name = "warm_up"
	Sustained        Name = "sustained"
	InsufficientData Name = "insufficient_data"
	DataLoss         Name = "data_loss"
	Busy             Name = "busy"
	Target           Name = "target"
	Blame            Name = "blame"
	PingPong         Name = "ping_pong"
	Cooldown         Name = "cooldown"
	PerTarget        Name = "max_per_target"
	PerDay           Name = "max_per_day"
)

// Day is what "a day" is: the last 24 hours.
const Day = 24 * time.Hour

// Policy is how strict the guards of one action are. A zero turns a guard off.
type Policy struct {
	// Sustained is how long the alert must have fired without a pause.
	Sustained time.Duration
	// WarmUp is how long is listened to what else is wrong before anything is changed.
	WarmUp time.Duration
	// SourceTimeout is how long the alert's source may be silent.
	SourceTimeout time.Duration
	// MinSamples is how many events the alert must rest on, if it says.
	MinSamples int
	// NoData are names of alerts that say that nothing is known; HoldOn of those that say that the
	// collector loses data.
	NoData, HoldOn []string
	// BlameWindow is how long after a new version a breach may have begun for the version to be at
	// fault.
	BlameWindow time.Duration
	// PingPong is how long a version that was restored is not rolled back itself.
	PingPong time.Duration
	// Cooldown is the time between two actions on a target; it doubles with each of the last day, up
	// to MaxCooldown.
	Cooldown, MaxCooldown time.Duration
	// MaxPerTarget and MaxPerDay are how many actions of a day there may be on a target, and in all.
	MaxPerTarget, MaxPerDay int
}

// Situation is what is known when an action is to be decided.
type Situation struct {
	Now  time.Time
	Kind action.Kind
	// Leading says that no other replica acts; LeaderNote who does.
	Leading    bool
	LeaderNote string
	// Killed is why the kill switch is on, empty if it is off.
	Killed string
	// Alert is the alert's name.
	Alert string
	// Firing says that the alert holds; StartsAt since when, HeardAt when its source said so last.
	Firing            bool
	StartsAt, HeardAt time.Time
	// StartedAt is when the collector began to listen.
	StartedAt time.Time
	// Samples is how many events the alert rests on, as the alert has it; empty if it does not say.
	Samples *Samples
	// Losses are the names of alerts that fire and say that the collector loses data.
	Losses []string
	// Busy is the action that works on the target at this moment, empty for none.
	Busy string
	// Target is what is acted on.
	Target string
	// Versions is what was found out about versions; nil for actions that need none.
	Versions *Versions
	// Past are actions that were carried out, in any order.
	Past []Past
}

// Samples is the number of events that an alert says it rests on.
type Samples struct {
	N     float64
	Known bool
}

// Versions is what is to be rolled back.
type Versions struct {
	From, To string
	// Problem is why there is no version to go back to, empty if there is one.
	Problem string
	// ChangedAt is when From came, zero if nobody saw it come.
	ChangedAt time.Time
}

// Past is an action that was carried out, or may have been.
type Past struct {
	At       time.Time
	Target   string
	Kind     action.Kind
	From, To string
}

// Decision is what is to be done.
type Decision struct {
	Verdict Verdict
	// Guard is the one that objects, empty with Act.
	Guard Name
	// Reason is a sentence.
	Reason string
	// Until is when it is worth looking again; zero if only news can change it.
	Until time.Time
}

// check is one guard. A zero Decision is no objection.
type check func(p *Policy, s *Situation) Decision

// guards are all, with those first that speak of us, then of the alert, then of the target. Those
// that tell somebody, and change nothing, are stopped by the general ones alone.
var guards = []struct {
	name  Name
	check check
	all   bool
}{
	{Leader, leader, true},
	{KillSwitch, killSwitch, true},
	{Firing, firing, true},
	{WarmUp, warmUp, false},
	{Sustained, sustained, true},
	{InsufficientData, insufficientData, false},
	{DataLoss, dataLoss, false},
	{Busy, busy, false},
	{Target, target, false},
	{Blame, blame, false},
	{PingPong, pingPong, false},
	{Cooldown, cooldown, false},
	{PerTarget, perTarget, false},
	{PerDay, perDay, true},
}

// Decide asks all guards that are for the kind of the action.
func Decide(p *Policy, s *Situation) Decision {
	for _, g := range guards {
		if !g.all && !s.Kind.Changes() {
			continue
		}
		if d := g.check(p, s); d.Verdict != "" {
			d.Guard = g.name
			return d
		}
	}
	return Decision{Verdict: Act, Reason: "all guards agree"}
}

func wait(until time.Time, format string, args ...any) Decision {
	return Decision{Verdict: Wait, Reason: fmt.Sprintf(format, args...), Until: until}
}

func refuse(format string, args ...any) Decision {
	return Decision{Verdict: Refuse, Reason: fmt.Sprintf(format, args...)}
}

func leader(_ *Policy, s *Situation) Decision {
	if s.Leading {
		return Decision{}
	}
	return wait(time.Time{}, "another replica acts: %s", s.LeaderNote)
}

func killSwitch(_ *Policy, s *Situation) Decision {
	if s.Killed == "" {
		return Decision{}
	}
	return wait(time.Time{}, "the kill switch is on: %s", s.Killed)
}

func firing(p *Policy, s *Situation) Decision {
	if !s.Firing {
		return wait(time.Time{}, "the alert does not fire any more")
	}
	if silent := s.Now.Sub(s.HeardAt); p.SourceTimeout > 0 && silent > p.SourceTimeout {
		return wait(time.Time{}, "nothing was heard of the alert for %s, more than %s: whether it still holds is not known", span(silent), span(p.SourceTimeout))
	}
	return Decision{}
}

func warmUp(p *Policy, s *Situation) Decision {
	if until := s.StartedAt.Add(p.WarmUp); s.Now.Before(until) {
		return wait(until, "the collector has just started: until %s it listens to what else is wrong", clock(until))
	}
	return Decision{}
}

func sustained(p *Policy, s *Situation) Decision {
	if p.Sustained <= 0 {
		return Decision{}
	}
	if until := s.StartsAt.Add(p.Sustained); s.Now.Before(until) {
		return wait(until, "the alert must have fired for %s, which it will have at %s", span(p.Sustained), clock(until))
	}
	return Decision{}
}

func insufficientData(p *Policy, s *Situation) Decision {
	if slices.Contains(p.NoData, s.Alert) {
		return refuse("%s says that too little is known; nothing is changed for want of data", s.Alert)
	}
	if p.MinSamples <= 0 || s.Samples == nil {
		return Decision{}
	}
	if !s.Samples.Known {
		return wait(time.Time{}, "the alert does not say what number of events it rests on")
	}
	if s.Samples.N < float64(p.MinSamples) {
		return wait(time.Time{}, "the alert rests on %g events, fewer than %d", s.Samples.N, p.MinSamples)
	}
	return Decision{}
}

func dataLoss(_ *Policy, s *Situation) Decision {
	if len(s.Losses) == 0 {
		return Decision{}
	}
	return wait(time.Time{}, "what is measured may be wrong: %s", strings.Join(s.Losses, ", "))
}

func busy(_ *Policy, s *Situation) Decision {
	if s.Busy == "" {
		return Decision{}
	}
	return wait(time.Time{}, "%s works on %s at this moment", s.Busy, s.Target)
}

func target(_ *Policy, s *Situation) Decision {
	if s.Versions == nil {
		return Decision{}
	}
	switch v := s.Versions; {
	case v.Problem != "":
		return wait(time.Time{}, "%s", v.Problem)
	case v.From == v.To:
		return refuse("version %s is the current one already", v.To)
	}
	return Decision{}
}

func blame(p *Policy, s *Situation) Decision {
	if s.Versions == nil || p.BlameWindow <= 0 {
		return Decision{}
	}
	v := s.Versions
	switch {
	case v.ChangedAt.IsZero():
		return refuse("it is not known when version %s came, so that it cannot be blamed", v.From)
	case s.StartsAt.Before(v.ChangedAt):
		return refuse("the breach began at %s, before version %s came at %s", clock(s.StartsAt), v.From, clock(v.ChangedAt))
	case s.StartsAt.Sub(v.ChangedAt) > p.BlameWindow:
		return refuse("the breach began %s after version %s came, more than %s: something else has changed", span(s.StartsAt.Sub(v.ChangedAt)), v.From, span(p.BlameWindow))
	}
	return Decision{}
}

func pingPong(p *Policy, s *Situation) Decision {
	if s.Versions == nil || p.PingPong <= 0 {
		return Decision{}
	}
	for _, past := range s.Past {
		if past.Target != s.Target || past.Kind != action.Rollback || s.Now.Sub(past.At) > p.PingPong {
			continue
		}
		if past.To == s.Versions.From {
			return refuse("version %s was restored at %s in place of %s; that it is in breach, too, says that the version is not the cause", past.To, clock(past.At), past.From)
		}
	}
	return Decision{}
}

func cooldown(p *Policy, s *Situation) Decision {
	if p.Cooldown <= 0 {
		return Decision{}
	}
	n, latest := onTarget(s)
	if n == 0 {
		return Decision{}
	}
	pause := p.Cooldown
	for range n - 1 {
		if pause *= 2; p.MaxCooldown > 0 && pause >= p.MaxCooldown {
			pause = p.MaxCooldown
			break
		}
	}
	if until := latest.Add(pause); s.Now.Before(until) {
		return wait(until, "%s was acted on at %s; the next time is %s later, at %s", s.Target, clock(latest), span(pause), clock(until))
	}
	return Decision{}
}

// onTarget counts the last day's actions on the target.
func onTarget(s *Situation) (n int, latest time.Time) {
	for _, past := range s.Past {
		if past.Target == s.Target && past.Kind == s.Kind && s.Now.Sub(past.At) < Day {
			n++
			if past.At.After(latest) {
				latest = past.At
			}
		}
	}
	return n, latest
}

func perTarget(p *Policy, s *Situation) Decision {
	if p.MaxPerTarget <= 0 {
		return Decision{}
	}
	n, _ := onTarget(s)
	if n < p.MaxPerTarget {
		return Decision{}
	}
	return wait(freeAgain(p.MaxPerTarget, s, func(past Past) bool { return past.Target == s.Target && past.Kind == s.Kind }),
		"%s was acted on %d times in the last 24 hours, which is the limit", s.Target, n)
}

func perDay(p *Policy, s *Situation) Decision {
	if p.MaxPerDay <= 0 {
		return Decision{}
	}
	ofKind := func(past Past) bool { return past.Kind == s.Kind }
	n := 0
	for _, past := range s.Past {
		if ofKind(past) && s.Now.Sub(past.At) < Day {
			n++
		}
	}
	if n < p.MaxPerDay {
		return Decision{}
	}
	return wait(freeAgain(p.MaxPerDay, s, ofKind), "there were %d actions of the kind %s in the last 24 hours, which is the limit", n, s.Kind)
}

// freeAgain is when fewer than most of the actions that count are of the last day.
func freeAgain(most int, s *Situation, counts func(Past) bool) time.Time {
	var latest []time.Time // the most latest ones, the oldest of which has to grow a day old
	for _, past := range s.Past {
		if counts(past) && s.Now.Sub(past.At) < Day {
			latest = append(latest, past.At)
		}
	}
	if len(latest) < most {
		return time.Time{}
	}
	slices.SortFunc(latest, func(a, b time.Time) int { return b.Compare(a) })
	return latest[most-1].Add(Day)
}

// clock writes a time.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// span writes a duration without what does not matter.
func span(d time.Duration) string {
	if d >= time.Minute {
		d = d.Round(time.Second)
	}
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = strings.TrimSuffix(text, zero[1:])
		}
	}
	return text
}
