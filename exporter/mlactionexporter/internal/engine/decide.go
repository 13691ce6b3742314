// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/guard"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/journal"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/procedure"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/version"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// The verdicts that are no guard's and no procedure's.
const (
	verdictObserve   = "observe"
	verdictApprove   = "awaiting_approval"
	verdictApproved  = "approved"
	verdictRejected  = "rejected"
	verdictExpired   = "expired"
	verdictResumed   = "resumed"
	verdictTold      = "updated"
	verdictClosed    = "closed"
	verdictOpen      = "kept_open"
	verdictForgotten = "forgotten"
)

// look does what is due in all cases.
func (e *Engine) look(now time.Time) {
	if !e.active || e.stopping.Err() != nil {
		return
	}
	e.saveModels(now, false)
	e.forget(now)
	for fingerprint, c := range e.journal.Cases() {
		over := true
		for _, r := range c.Runs {
			if l := e.liveOf(r); !l.working && !now.Before(l.next) {
				e.lookAt(now, fingerprint, c, r, l)
			}
			over = over && r.Phase == journal.Over && !e.liveOf(r).working
		}
		if e.ended(now, fingerprint, c, over) {
			e.o.Evidence.Release(fingerprint)
			for _, r := range c.Runs {
				delete(e.live, r)
			}
			e.journal.Close(fingerprint)
		}
	}
}

// ended reports whether a case can be forgotten: the alert has been over for as long as it takes to
// believe it, and nothing is to be done. What nobody speaks of any more is over after a day.
func (e *Engine) ended(now time.Time, fingerprint string, c *journal.Case, over bool) bool {
	if !c.OverSince.IsZero() {
		if over || waitingOnly(c) {
			return now.Sub(c.OverSince) >= e.resolveAfter(c)
		}
		return now.Sub(c.OverSince) >= e.resolveAfter(c)+stuckAfter && e.abandon(c, fmt.Sprintf("the alert has been over for more than %s", stuckAfter))
	}
	h, known := e.alerts.Get(fingerprint)
	if !known || now.Sub(h.ReportedAt) < abandonedAfter {
		return false
	}
	return e.abandon(c, fmt.Sprintf("nothing was heard of the alert for %s, and whether it still holds is not known", abandonedAfter))
}

// abandon gives a case up, unless something is being done, and says what stays as it is.
func (e *Engine) abandon(c *journal.Case, why string) bool {
	for _, r := range c.Runs {
		if e.liveOf(r).working {
			return false
		}
	}
	for _, r := range c.Runs {
		if r.Phase != journal.Over {
			e.say(c, r, verdictForgotten, "", why+"; what is open stays open")
		}
	}
	return true
}

func waitingOnly(c *journal.Case) bool {
	for _, r := range c.Runs {
		if r.Phase != journal.Over && r.Phase != journal.Waiting {
			return false
		}
	}
	return true
}

// resolveAfter is how long the alert of a case must have been over: the longest of its actions.
func (e *Engine) resolveAfter(c *journal.Case) time.Duration {
	var longest time.Duration
	for _, r := range c.Runs {
		if a := e.action(r.Action); a != nil {
			longest = max(longest, a.ResolveAfter)
		}
	}
	return longest
}

// lookAt does what is due for one run.
func (e *Engine) lookAt(now time.Time, fingerprint string, c *journal.Case, r *journal.Run, l *live) {
	l.next = now.Add(lookAgain)
	a := e.action(r.Action)
	if a == nil {
		if r.Phase != journal.Over {
			e.finishRun(c, r, verdictForgotten, "the action is not configured any more")
		}
		return
	}
	if (r.Phase == journal.Acting || r.Phase == journal.Open) && r.Mode != string(a.Mode) && (a.Mode == Observe || a.Mode == DryRun) {
		e.say(c, r, verdictObserve, "", fmt.Sprintf("the mode is %s now: what was begun is left as it is", a.Mode))
		return
	}
	switch r.Phase {
	case journal.Waiting:
		e.decide(now, fingerprint, c, r, a, l)
	case journal.Approval:
		e.approval(now, c, r)
	case journal.Acting:
		e.resume(fingerprint, c, r, a, l)
	case journal.Open:
		e.lookAtOpen(now, fingerprint, c, r, a, l)
	case journal.Over:
	}
}

// decide asks the guards.
func (e *Engine) decide(now time.Time, fingerprint string, c *journal.Case, r *journal.Run, a *Action, l *live) {
	if !c.OverSince.IsZero() && r.Verdict == "" {
		l.next = now.Add(time.Hour) // it never came to anything
	}
	versions := e.choose(c, a)
	d := guard.Decide(&a.Policy, e.situation(now, c, r, a, versions))
	if !d.Until.IsZero() {
		l.next = later(now, d.Until)
	}
	if d.Verdict == guard.Act && r.Do.Tries > 0 {
		if at := r.Do.Ended.Add(backoff(r.Do.Tries)); now.Before(at) {
			l.next = at
			return
		}
	}
	if d.Verdict != guard.Act {
		e.say(c, r, string(d.Verdict), string(d.Guard), d.Reason)
		if d.Verdict == guard.Refuse {
			r.Phase = journal.Over
			e.tell(c, r, fmt.Sprintf("%s did nothing: %s.", r.Action, d.Reason))
		}
		return
	}
	e.freeze(c, r, a, versions)
	switch a.Mode {
	case Observe:
		e.finishRun(c, r, verdictObserve, "all guards agree; in the mode observe nothing is done")
	case Approve:
		if r.By == "" || !now.Before(r.ApprovalEnds) { // what was approved long ago is asked again
			r.By = ""
			r.Phase, r.ApprovalEnds = journal.Approval, now.Add(a.ApprovalExpires)
			reason := "all guards agree; it waits for approval until " + clock(r.ApprovalEnds)
			e.say(c, r, verdictApprove, "", reason)
			e.tell(c, r, fmt.Sprintf("%s: %s. Its key is %s.", r.Action, reason, r.Key))
			return
		}
		fallthrough
	case DryRun, Enforce:
		e.say(c, r, string(guard.Act), "", d.Reason)
		e.start(fingerprint, c, r, a, procedureDo)
	}
}

// freeze sets what a run is about for good, before anything is done.
func (e *Engine) freeze(c *journal.Case, r *journal.Run, a *Action, versions *journal.Version) {
	if c.Version == nil && a.Definition.Kind == action.Rollback {
		c.Version = versions
	}
	if versions != nil {
		r.From, r.To, r.Why = versions.From, versions.To, versions.Why
	}
	r.Mode = string(a.Mode)
	if r.Key == "" {
		r.Key = keyOf(c, r)
	}
	e.journal.Change(c)
}

// situation is what guards look at.
func (e *Engine) situation(now time.Time, c *journal.Case, r *journal.Run, a *Action, versions *journal.Version) *guard.Situation {
	leading, note := e.o.Leader.Leading()
	s := &guard.Situation{
		Now: now, Kind: a.Definition.Kind, Leading: leading, LeaderNote: note, Killed: e.killed(),
		Alert: c.Alert.Name, Firing: c.Alert.State == alert.Firing, StartsAt: breachAt(c.Alert, c.StartsAt), HeardAt: c.HeardAt,
		StartedAt: e.started, Samples: samples(c.Alert), Losses: e.losses(&a.Policy, now), Busy: e.busy(r), Target: r.Target,
	}
	if a.Definition.Kind == action.Rollback {
		s.Versions = &guard.Versions{From: versions.From, To: versions.To, Problem: versions.Problem, ChangedAt: versions.ChangedAt}
	}
	for _, d := range e.journal.Done() {
		s.Past = append(s.Past, guard.Past{At: d.At, Target: d.Target, Kind: d.Kind, From: d.From, To: d.To})
	}
	return s
}

// samples is the number of events that an alert says it rests on; nil if it says nothing of it.
func samples(a *alert.Alert) *guard.Samples {
	for _, key := range []string{"n", "samples"} {
		if text, ok := a.Annotations[key]; ok {
			n, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", ""), 64)
			return &guard.Samples{N: n, Known: err == nil}
		}
	}
	return nil
}

// busy is the action that works on the target of a run at this moment.
func (e *Engine) busy(r *journal.Run) string {
	for _, c := range e.journal.Cases() {
		for _, other := range c.Runs {
			if other != r && other.Target == r.Target && other.Kind.Changes() && other.Phase == journal.Acting {
				return other.Action
			}
		}
	}
	return ""
}

// killed says why the kill switch is on, empty if it is off. A file that cannot be looked at counts
// as there.
func (e *Engine) killed() string {
	if k := e.journal.Kill(); k.On {
		return fmt.Sprintf("turned on by %s at %s: %s", k.By, clock(k.At), k.Reason)
	}
	if e.o.KillFile == "" {
		return ""
	}
	_, err := os.Lstat(e.o.KillFile)
	switch {
	case err == nil:
		return "the file " + e.o.KillFile + " is there"
	case os.IsNotExist(err):
		return ""
	}
	return "the file " + e.o.KillFile + " cannot be looked at"
}

// approval ends the wait for a person.
func (e *Engine) approval(now time.Time, c *journal.Case, r *journal.Run) {
	switch {
	case !c.OverSince.IsZero():
		e.finishRun(c, r, verdictExpired, "the alert was resolved before anybody approved it")
	case !now.Before(r.ApprovalEnds):
		e.finishRun(c, r, verdictExpired, "nobody approved it until "+clock(r.ApprovalEnds))
	}
}

// lookAtOpen tells an open incident the news, and closes it.
func (e *Engine) lookAtOpen(now time.Time, fingerprint string, c *journal.Case, r *journal.Run, a *Action, l *live) {
	p := &r.Update
	if p.Outcome != "" && p.Outcome != procedure.Completed && p.Outcome != procedure.Already {
		if at := p.Ended.Add(backoff(p.Tries)); now.Before(at) {
			l.next = at
			return
		}
	}
	if len(r.News) > 0 && (len(a.Definition.Update) > 0 || p.Begun()) {
		e.start(fingerprint, c, r, a, procedureUpdate)
		return
	}
	r.News = nil
	if c.OverSince.IsZero() {
		return
	}
	if at := c.OverSince.Add(a.ResolveAfter); now.Before(at) {
		l.next = later(now, at)
		return
	}
	if why := e.notRestored(c, a); why != "" {
		e.say(c, r, verdictOpen, "", why)
		return
	}
	if p := &r.Resolve; p.Tries > 0 {
		if at := p.Ended.Add(backoff(p.Tries)); now.Before(at) {
			l.next = at
			return
		}
	}
	if len(a.Definition.Resolve) == 0 {
		e.finishRun(c, r, verdictClosed, "the alert is over; the preset has nothing to close")
		return
	}
	e.start(fingerprint, c, r, a, procedureResolve)
}

// notRestored says why an incident stays open though its alert is over: a rollback was done, and
// spans still come from the version that was to go. It is gone when none has come for as long as the
// alert must have been over, if that is shorter than it mostly takes to be sure.
func (e *Engine) notRestored(c *journal.Case, a *Action) string {
	id, _ := e.modelOf(c.Alert)
	quiet := max(shortestQuiet, min(a.ResolveAfter, version.SwitchAfter))
	for _, r := range c.Runs {
		if r.Kind != action.Rollback || r.Do.Outcome != procedure.Completed {
			continue
		}
		if slices.Contains(e.o.Versions.Serving(id, quiet), r.From) {
			return fmt.Sprintf("the alert is over, but version %s still serves, not version %s alone", r.From, r.To)
		}
	}
	return ""
}

// backoff is how long to wait after a number of attempts.
func backoff(tries int) time.Duration {
	d := firstRetry
	for range min(tries, maxTries) - 1 {
		if d *= 2; d >= longestRetry {
			return longestRetry
		}
	}
	return d
}

// later is until, but not sooner than the next tick and not later than in a minute: a clock may be
// set.
func later(now, until time.Time) time.Time {
	if most := now.Add(time.Minute); until.After(most) {
		return most
	}
	return until
}

// say notes a decision. The same one is not said again.
func (e *Engine) say(c *journal.Case, r *journal.Run, verdict, guard, reason string) {
	l := e.liveOf(r)
	said := verdict + "/" + guard
	if guard == "" {
		said += "/" + reason
	}
	if l.said == said || l.said == "" && r.Verdict+"/"+r.Guard == verdict+"/"+guard && guard != "" {
		l.said = said
		return
	}
	l.said = said
	r.Verdict, r.Guard, r.Reason, r.At = verdict, guard, reason, time.Now()
	r.Decisions++
	e.journal.Change(c)
	e.emit(c, r, Decision{Verdict: verdict, Guard: guard, Reason: reason})
}

// emit hands a decision on.
func (e *Engine) emit(c *journal.Case, r *journal.Run, d Decision) {
	d.At = time.Now()
	d.Run, d.Alert = r.Clone(), c.Alert
	if d.Run.Key == "" {
		d.Run.Key = keyOf(c, r)
	}
	d.Model, _ = e.modelOf(c.Alert)
	d.Traces = traceIDs(c.Traces)
	e.o.Say(d)
}

// finishRun ends a run for good.
func (e *Engine) finishRun(c *journal.Case, r *journal.Run, verdict, reason string) {
	r.Phase = journal.Over
	e.say(c, r, verdict, "", reason)
	e.journal.Change(c)
	if r.Kind.Changes() {
		e.tell(c, r, fmt.Sprintf("%s: %s. %s.", r.Action, strings.ReplaceAll(verdict, "_", " "), reason))
	}
}

// tell gives news to what hears of them in a case, such as open incidents, but for the run that they
// are about.
func (e *Engine) tell(c *journal.Case, about *journal.Run, news string) {
	for _, r := range c.Runs {
		if a := e.action(r.Action); r == about || a == nil || len(a.Definition.Update) == 0 || r.Phase == journal.Over {
			continue
		}
		if r.Phase != journal.Open && !r.Do.Begun() && !e.liveOf(r).working {
			continue // what it says when it begins has it
		}
		if len(r.News) == maxNews {
			r.News = append(r.News[:0:0], r.News[1:]...)
		}
		r.News = append(r.News, news)
		e.liveOf(r).next = time.Time{}
		e.journal.Change(c)
	}
}
