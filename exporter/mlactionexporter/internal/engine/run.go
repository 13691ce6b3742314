// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/journal"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/procedure"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// The procedures of an action.
const (
	procedureDo      = "do"
	procedureUpdate  = "update"
	procedureResolve = "resolve"
)

// part is one procedure of a run.
type part struct {
	name     string
	steps    []action.Step
	progress *journal.Progress
}

func (e *Engine) part(r *journal.Run, a *Action, name string) part {
	switch name {
	case procedureUpdate:
		return part{name, a.Definition.Update, &r.Update}
	case procedureResolve:
		return part{name, a.Definition.Resolve, &r.Resolve}
	default:
		return part{name, a.Definition.Do, &r.Do}
	}
}

// start has a procedure carried out in a goroutine, where there is a slot.
func (e *Engine) start(fingerprint string, c *journal.Case, r *journal.Run, a *Action, name string) {
	select {
	case e.slots <- struct{}{}:
	default:
		return // at the next look
	}
	p := e.part(r, a, name)
	if name == procedureDo {
		r.Phase = journal.Acting
		if !p.progress.Begun() {
			r.News = nil // what it says has it
		}
	}
	if name == procedureUpdate && !p.progress.Begun() {
		r.Told++
		p.progress.Tries = 0
	}
	p.progress.Started = time.Now()
	e.journal.Change(c)
	l := e.liveOf(r)
	l.working = true
	h := &hooks{e: e, c: c, r: r, a: a, p: p}
	request := procedure.Request{
		Steps: p.steps, Name: p.name, Data: e.data(fingerprint, c, r, a, name), With: a.With, Files: e.o.Evidence.Files(fingerprint),
		Before: maps.Clone(p.progress.Steps), DryRun: a.Mode == DryRun,
		Journal: h,
	}
	if name == procedureUpdate {
		request.Name = fmt.Sprintf("%s-%d", name, r.Told)
	}
	told := slices.Clone(r.News)
	own := alert.TraceURL(e.o.TraceURL, c.Alert.TraceID, pcommon.SpanID{})
	ctx, cancel := context.WithTimeout(e.stopping, a.Timeout)
	e.work.Go(func() {
		defer func() { <-e.slots }()
		defer cancel()
		request.Data["evidence"] = withoutLink(e.o.Evidence.Describe(ctx, fingerprint), own)
		result := a.Run(ctx, &request)
		e.mu.Lock()
		defer e.mu.Unlock()
		l.working = false
		if e.stopping.Err() != nil {
			return // the journal has all that the next start needs
		}
		if h.objected && (result.Outcome == procedure.Broken || result.Outcome == procedure.Unknown) {
			result.Outcome = procedure.Held // it goes on from here when nobody objects any more
		}
		e.finish(c, r, a, p, result, told)
		_ = e.write()
	})
}

// withoutLink leaves out the link to the alert's own trace, which the alert has, with its span.
func withoutLink(evidence map[string]any, own string) map[string]any {
	links, _ := evidence["links"].([]any)
	evidence["links"] = slices.DeleteFunc(links, func(l any) bool {
		m, _ := l.(map[string]any)
		return own != "" && m["href"] == own
	})
	return evidence
}

// resume goes on with a run that was acting when the process ended, or decides anew if nothing had
// been sent.
func (e *Engine) resume(fingerprint string, c *journal.Case, r *journal.Run, a *Action, l *live) {
	if !r.Do.Begun() {
		r.Phase = journal.Waiting
		e.journal.Change(c)
		l.next = time.Time{}
		return
	}
	if leading, _ := e.o.Leader.Leading(); !leading || e.killed() != "" {
		return
	}
	if at := r.Do.Ended.Add(backoff(r.Do.Tries)); r.Do.Tries > 0 && time.Now().Before(at) {
		l.next = at
		return
	}
	var sent []string
	for step, record := range r.Do.Steps {
		if record.State == procedure.Sent {
			sent = append(sent, step)
		}
	}
	slices.Sort(sent)
	reason := "it goes on"
	if len(sent) > 0 {
		reason = "it goes on: whether " + strings.Join(sent, ", ") + " had its effect is not known, and is verified"
	}
	e.say(c, r, verdictResumed, "", reason)
	e.start(fingerprint, c, r, a, procedureDo)
}

// finish notes what became of a procedure.
func (e *Engine) finish(c *journal.Case, r *journal.Run, a *Action, p part, result procedure.Result, told []string) {
	p.progress.Outcome, p.progress.Reason, p.progress.Ended = result.Outcome, result.Reason, time.Now()
	p.progress.Output = result.Output
	p.progress.Tries++
	e.journal.Change(c)
	reason := cmp.Or(result.Reason, outcomeOf(r, p, result.Outcome))
	if result.Step != "" && result.Reason != "" {
		reason = result.Step + ": " + reason
	}
	for _, note := range result.Notes {
		reason = strings.TrimSuffix(reason, ".") + "; " + note
	}
	switch p.name {
	case procedureDo:
		e.finishDo(c, r, a, p, result, reason)
	case procedureUpdate:
		e.finishUpdate(c, r, p, result, told, reason)
	case procedureResolve:
		e.finishResolve(c, r, p, result, reason)
	}
}

// outcomeOf says what became of a procedure that ended well.
func outcomeOf(r *journal.Run, p part, o procedure.Outcome) string {
	switch {
	case o == procedure.Tried:
		return "a dry run: nothing was changed"
	case p.name == procedureUpdate:
		return "the incident was told the news"
	case p.name == procedureResolve:
		return "the incident was closed"
	case r.Kind == action.Rollback && o == procedure.Already:
		return fmt.Sprintf("version %s is there already in place of %s", r.To, r.From)
	case r.Kind == action.Rollback:
		return fmt.Sprintf("version %s is back in place of %s: %s", r.To, r.From, r.Why)
	case o == procedure.Already:
		return "it was done already"
	case r.Kind == action.Incident:
		return "the incident was opened"
	}
	return "it was done"
}

// report says what became of a procedure, whatever was said before.
func (e *Engine) report(c *journal.Case, r *journal.Run, p part, verdict, reason string, result *procedure.Result) {
	r.Verdict, r.Guard, r.Reason, r.At = verdict, "", reason, time.Now()
	r.Decisions++
	l := e.liveOf(r)
	said := p.name + "/" + verdict + "/" + reason
	if good := result.Outcome == procedure.Completed || result.Outcome == procedure.Already; l.said == said && !good {
		return // the same failure again
	}
	l.said = said
	e.emit(c, r, Decision{
		Started: p.progress.Started, Procedure: p.name, Verdict: verdict, Reason: reason, Steps: maps.Clone(p.progress.Steps), Would: result.Would,
	})
}

func (e *Engine) finishDo(c *journal.Case, r *journal.Run, a *Action, p part, result procedure.Result, reason string) {
	l := e.liveOf(r)
	e.report(c, r, p, string(result.Outcome), reason, &result)
	switch result.Outcome {
	case procedure.Completed, procedure.Already:
		r.Phase = journal.Over
		if len(a.Definition.Update)+len(a.Definition.Resolve) > 0 {
			r.Phase = journal.Open
			l.next = time.Time{}
		}
		if r.Kind.Changes() {
			e.tell(c, r, fmt.Sprintf("%s: %s.", r.Action, strings.TrimSuffix(reason, ".")))
		}
		return
	case procedure.Tried:
		r.Phase = journal.Over
		return
	case procedure.Held:
		if p.progress.Tries--; !p.progress.Begun() {
			r.Phase = journal.Waiting
		}
		return
	}
	if !p.progress.Begun() || allFailed(p.progress.Steps) { // nothing was changed: it may be tried again
		e.journal.Undid(r.Key)
		p.progress.Steps = nil
		if result.Outcome != procedure.Unknown && p.progress.Tries < maxTries {
			r.Phase = journal.Waiting
			return
		}
	}
	r.Phase = journal.Over
	e.tell(c, r, fmt.Sprintf("%s did not end well (%s): %s.", r.Action, strings.ReplaceAll(string(result.Outcome), "_", " "), strings.TrimSuffix(reason, ".")))
}

// allFailed reports whether no step has had an effect, as far as is known.
func allFailed(steps map[string]procedure.Record) bool {
	for _, s := range steps {
		if s.State != procedure.Failed {
			return false
		}
	}
	return true
}

func (e *Engine) finishUpdate(c *journal.Case, r *journal.Run, p part, result procedure.Result, told []string, reason string) {
	e.report(c, r, p, outcomeOr(result.Outcome, verdictTold), reason, &result)
	if settled(p, result.Outcome) {
		r.News = slices.DeleteFunc(r.News, func(s string) bool { return slices.Contains(told, s) })
		p.progress.Steps = nil
	}
}

func (e *Engine) finishResolve(c *journal.Case, r *journal.Run, p part, result procedure.Result, reason string) {
	e.report(c, r, p, outcomeOr(result.Outcome, verdictClosed), reason, &result)
	if settled(p, result.Outcome) {
		r.Phase = journal.Over
	}
}

// settled reports whether an update or a closing is over: it was done, or it is not to be tried again.
func settled(p part, o procedure.Outcome) bool {
	switch o {
	case procedure.Held:
		p.progress.Tries--
		return false
	case procedure.Completed, procedure.Already, procedure.Unknown, procedure.Tried:
		return true
	}
	return p.progress.Tries >= maxTries
}

// outcomeOr gives a good outcome another name.
func outcomeOr(o procedure.Outcome, name string) string {
	if o == procedure.Completed || o == procedure.Already {
		return name
	}
	return string(o)
}

// hooks are the journal of one procedure.
type hooks struct {
	e *Engine
	c *journal.Case
	r *journal.Run
	a *Action
	p part
	// objected says that a request was not sent, as something spoke against it.
	objected bool
}

// Before checks once more what may have changed, and writes what is about to be done.
func (h *hooks) Before(_ context.Context, step string, record procedure.Record) error {
	e := h.e
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := h.objection(); err != nil {
		h.objected = true
		return err
	}
	if h.p.progress.Steps == nil {
		h.p.progress.Steps = map[string]procedure.Record{}
	}
	before, had := h.p.progress.Steps[step]
	h.p.progress.Steps[step] = record
	e.journal.Change(h.c)
	if h.p.name == procedureDo {
		id, _ := e.modelOf(h.c.Alert)
		e.journal.Did(journal.Done{
			At: time.Now(), Action: h.r.Action, Kind: h.r.Kind, Target: h.r.Target, Model: id, From: h.rolledFrom(), To: h.rolledTo(), Key: h.r.Key,
		})
	}
	if err := e.write(); err != nil {
		h.objected = true
		if had {
			h.p.progress.Steps[step] = before
		} else {
			delete(h.p.progress.Steps, step)
		}
		return fmt.Errorf("the journal cannot be written, so that nothing is sent: %w", err)
	}
	return nil
}

func (h *hooks) rolledFrom() string {
	if h.r.Kind == action.Rollback {
		return h.r.From
	}
	return ""
}

func (h *hooks) rolledTo() string {
	if h.r.Kind == action.Rollback {
		return h.r.To
	}
	return ""
}

var errStopping = errors.New("the collector is stopping")

// objection says why nothing may be sent now.
func (h *hooks) objection() error {
	e := h.e
	if !e.active || e.stopping.Err() != nil {
		return errStopping
	}
	if leading, note := e.o.Leader.Leading(); !leading {
		return fmt.Errorf("another replica acts: %s", note)
	}
	if why := e.killed(); why != "" {
		return fmt.Errorf("the kill switch is on: %s", why)
	}
	begun := h.p.progress.Begun()
	if !begun && h.r.Kind.Changes() && h.c.Alert.State != alert.Firing {
		return errors.New("the alert does not fire any more")
	}
	if !begun && h.r.Kind.Changes() {
		if losses := e.losses(&h.a.Policy, time.Now()); len(losses) > 0 {
			return fmt.Errorf("what is measured may be wrong: %s", strings.Join(losses, ", "))
		}
	}
	return nil
}

// After writes what has become of a request. Where it cannot be written, it is kept and written
// later; a process that ends before that finds the step as sent, and verifies it.
func (h *hooks) After(_ context.Context, step string, record procedure.Record) error {
	e := h.e
	e.mu.Lock()
	defer e.mu.Unlock()
	if h.p.progress.Steps == nil {
		h.p.progress.Steps = map[string]procedure.Record{}
	}
	h.p.progress.Steps[step] = record
	e.journal.Change(h.c)
	return e.write()
}
