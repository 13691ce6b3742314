// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/language"
	"github.com/otelcol-ml/otelcol-ml/internal/scrub"
)

// sending is one request on its way, over all of its attempts.
type sending struct {
	step *action.Step
	rec  Record
	// journaled is whether it may change something.
	journaled bool
	// maybe is set once it may have had its effect.
	maybe bool
	// last is what the last attempt gave.
	last *answer
}

// send sends a request until it has an answer that means something.
func (x *run) send(ctx context.Context, steps []action.Step, i int, p *prepared) *stop {
	s := &steps[i]
	t := &sending{step: s, rec: x.record(s), journaled: !s.ReadsOnly() && !x.request.DryRun}
	t.maybe = t.journaled && t.rec.State == Sent // which may be sent again, as it is always the same
	for attempt := 1; ; attempt++ {
		if ctx.Err() != nil {
			return x.unfinished(ctx, t, "the time of the procedure was over")
		}
		if st := x.before(ctx, t); st != nil {
			return st
		}
		a := x.attempt(ctx, s, p)
		t.last, t.rec.Status = a, a.status
		if a.meaning == unauthorized && x.login(ctx, steps, i) {
			again, err := x.prepareStep(ctx, s)
			if err != nil {
				return x.broken(s, "%v", err)
			}
			p = again
			continue
		}
		switch a.meaning {
		case good, wasThere:
			return x.finished(ctx, t)
		case bad, unauthorized:
			return x.refused(ctx, t, a.reason)
		case unknown:
			t.maybe = t.maybe || t.journaled
			if st := x.lost(ctx, t); st != nil {
				return st
			}
		case later:
		}
		if attempt >= x.options.Attempts {
			return x.unfinished(ctx, t, fmt.Sprintf("%d attempts", attempt))
		}
		if err := x.pause(ctx, max(x.backoff(attempt), a.wait)); err != nil {
			return x.unfinished(ctx, t, err.Error())
		}
	}
}

// before asks the journal.
func (x *run) before(ctx context.Context, t *sending) *stop {
	if !t.journaled {
		return nil
	}
	if t.rec.State == Undone {
		x.forgetUndo(ctx, t.step)
		t.rec = Record{}
	}
	if t.rec.State != Sent && len(t.step.Undo) > 0 {
		t.rec.Was = x.now()
		x.was[t.step.Name] = maps.Clone(x.steps)
		delete(x.was[t.step.Name], t.step.Name)
	}
	changed := x.changed()
	t.rec = Record{State: Sent, At: time.Now(), Status: t.rec.Status, Was: t.rec.Was}
	if x.request.Journal != nil {
		if err := x.request.Journal.Before(ctx, x.prefix+t.step.Name, x.withoutSecrets(t.rec)); err != nil {
			st := x.broken(t.step, "%v", err)
			st.final = true
			switch {
			case t.maybe:
				st.outcome, st.reason = Unknown, fmt.Sprintf("it may have had its effect (%s), and is not sent again: %v", t.why(), err)
			case !changed:
				st.outcome = Held
			}
			return st
		}
	}
	x.records[x.prefix+t.step.Name] = t.rec
	return nil
}

func (t *sending) why() string {
	if t.last == nil {
		return "it was sent before, and no answer is known"
	}
	return t.last.reason
}

// lost decides what follows where it is not known whether a request had its effect; nil sends it
// again.
func (x *run) lost(ctx context.Context, t *sending) *stop {
	if !t.journaled || t.step.Repeat == action.Always {
		return nil
	}
	x.sent[x.prefix+t.step.Name]++
	t.rec.Error = t.last.reason
	x.after(ctx, t.step, t.rec)
	st := x.broken(t.step, "%s", t.last.reason)
	st.outcome = Unknown
	switch {
	case t.step.Repeat == action.Never:
		st.reason = "it may have had its effect, and is not to be sent again: " + t.last.reason
	case x.sent[x.prefix+t.step.Name] >= x.options.Attempts:
		st.reason = fmt.Sprintf("it may have had its effect; %d attempts: %s", x.options.Attempts, t.last.reason)
	default:
		st.again = true
	}
	return st
}

// finished takes an answer that is a success.
func (x *run) finished(ctx context.Context, t *sending) *stop {
	s, a := t.step, t.last
	env := withAnswer(x.data, a)
	if a.meaning == good {
		for _, check := range s.Expect {
			ok, err := x.holds(check.That, env)
			if !ok {
				return x.refused(ctx, t, x.otherwise(check, env, err)+x.incomplete(a))
			}
		}
	}
	err := x.taken(s, a)
	if err != nil {
		x.ran(s, nil)
		if a.meaning == wasThere { // its answer is no success's, and need not have the fields
			err = nil
		}
	}
	if t.journaled {
		rec := Record{State: Done, Status: a.status, At: time.Now(), Was: t.rec.Was, Already: a.meaning == wasThere && !t.maybe}
		if err != nil {
			rec.Error = err.Error()
		} else if output, ok := x.steps[s.Name].(map[string]any); ok {
			rec.Output = x.public(s, output)
			delete(rec.Output, "ran")
		}
		x.after(ctx, s, rec)
	}
	if err != nil {
		return x.broken(s, "%v", err)
	}
	if a.cut && a.body == nil {
		x.note(s.Name + ":" + x.incomplete(a))
	}
	return nil
}

// refused takes an answer that is a failure for good.
func (x *run) refused(ctx context.Context, t *sending, reason string) *stop {
	if t.maybe {
		return x.unfinished(ctx, t, reason)
	}
	if t.journaled {
		x.after(ctx, t.step, Record{State: Failed, Status: t.rec.Status, At: time.Now(), Error: reason})
	}
	return x.broken(t.step, "%s", reason)
}

// unfinished ends a request that is not sent again.
func (x *run) unfinished(ctx context.Context, t *sending, why string) *stop {
	if t.last != nil && t.last.reason != why {
		why += ": " + t.last.reason
	}
	if !t.maybe {
		if t.journaled && t.last != nil {
			x.after(ctx, t.step, Record{State: Failed, Status: t.rec.Status, At: time.Now(), Error: why})
		}
		return x.broken(t.step, "%s", why)
	}
	t.rec.Error = why
	x.after(ctx, t.step, t.rec)
	st := x.broken(t.step, "it may have had its effect; %s", why)
	st.outcome = Unknown
	return st
}

// login carries out the step before that gave a secret again, once for each step that needs it.
func (x *run) login(ctx context.Context, steps []action.Step, i int) bool {
	name := x.prefix + steps[i].Name
	if x.relogged[name] {
		return false
	}
	for j := i - 1; j >= 0; j-- {
		if len(steps[j].Hide) == 0 || !x.hidden[steps[j].Name] {
			continue
		}
		x.relogged[name] = true
		delete(x.hidden, steps[j].Name)
		return x.step(ctx, steps, j) == nil
	}
	return false
}

// backoff is the wait after so many attempts, from 1.
func (x *run) backoff(attempt int) time.Duration {
	wait := x.options.Backoff
	for range min(attempt-1, 32) {
		wait = min(2*wait, x.options.MaxBackoff)
	}
	return wait
}

// now is what the steps so far have extracted, without secrets.
func (x *run) now() map[string]any {
	now := make(map[string]any, len(x.steps))
	for i := range x.request.Steps {
		s := &x.request.Steps[i]
		if fields, ok := x.steps[s.Name].(map[string]any); ok {
			now[s.Name] = x.public(s, fields)
		}
	}
	return now
}

// poll repeats a request that reads until something holds.
func (x *run) poll(ctx context.Context, steps []action.Step, i int, p *prepared) *stop {
	s := &steps[i]
	end := time.Now().Add(s.Poll.Timeout)
	for {
		a := x.attempt(ctx, s, p)
		if a.meaning == unauthorized && x.login(ctx, steps, i) {
			again, err := x.prepareStep(ctx, s)
			if err != nil {
				return x.broken(s, "%v", err)
			}
			p = again
			continue
		}
		last := a.reason
		switch a.meaning {
		case bad, unauthorized:
			return x.broken(s, "%s", a.reason)
		case good, wasThere:
			env := withAnswer(x.data, a)
			done, err := x.holds(s.Poll.Until, env)
			if done {
				return x.finished(ctx, &sending{step: s, last: a})
			}
			last = x.seen(s.Poll.Until, env)
			if err != nil {
				last = strings.TrimPrefix(last+": "+err.Error(), ": ") + x.incomplete(a)
			}
			if s.Poll.Fail != "" {
				if failed, err := x.holds(s.Poll.Fail, env); err == nil && failed {
					why := x.seen(s.Poll.Fail, env)
					return x.broken(s, "%s", strings.TrimSuffix(fmt.Sprintf("%q holds: %s", s.Poll.Fail, why), ": "))
				}
			}
		case later, unknown:
		}
		wait := max(s.Poll.Interval, a.wait)
		if time.Now().Add(wait).After(end) {
			return x.broken(s, "still not %q after %s: %s", s.Poll.Until, s.Poll.Timeout, last)
		}
		if err := x.pause(ctx, wait); err != nil {
			return x.broken(s, "still not %q: %s; %v", s.Poll.Until, last, err)
		}
	}
}

// maxShown is how much of a body a dry run shows, in bytes.
const maxShown = 500

// wouldSend says what a dry run leaves out. What is shown is written again, with [REDACTED] for
// every secret.
func (x *run) wouldSend(ctx context.Context, s *action.Step, p *prepared, err error) *stop {
	if err != nil {
		if !x.unsent {
			return x.broken(s, "%v", err)
		}
		// It is written from what steps before would have got.
		x.would = append(x.would, fmt.Sprintf("%s: %s %s, once the steps before it are done", s.Name, s.Method, s.Path))
		x.left(s)
		return nil
	}
	line := fmt.Sprintf("%s: %s %s", s.Name, p.method, x.shown(ctx, s, p))
	if s.DryRun != nil {
		line += " (the system is asked what would happen)"
	}
	x.would = append(x.would, line)
	if s.DryRun == nil {
		x.unsent = true
		x.steps[s.Name] = map[string]any{"ran": true}
	}
	return nil
}

// shown is the URL and the beginning of the body.
func (x *run) shown(ctx context.Context, s *action.Step, p *prepared) string {
	data := maps.Clone(x.data)
	if secrets, ok := data["secrets"].(map[string]any); ok {
		data["secrets"] = blank(secrets)
	}
	steps := maps.Clone(x.steps)
	for i := range x.request.Steps {
		before := &x.request.Steps[i]
		if fields, ok := steps[before.Name].(map[string]any); ok && len(before.Hide) > 0 {
			public := maps.Clone(fields)
			for _, field := range before.Hide {
				if _, ok := public[field]; ok {
					public[field] = scrub.Mark
				}
			}
			steps[before.Name] = public
		}
	}
	data["steps"] = steps
	var u *url.URL
	public := &prepared{shown: true}
	path, err := language.ParsePath(s.Path)
	if err == nil {
		var written string
		query := url.Values{}
		if written, err = path.Execute(data); err == nil {
			err = texts("query", s.Query, data, query.Set)
		}
		if err == nil {
			u, err = x.url(written, query)
		}
	}
	if err != nil {
		return "(a URL with secrets)"
	}
	text := strings.ReplaceAll(u.Redacted(), url.PathEscape(scrub.Mark), scrub.Mark)
	if len(p.body) == 0 {
		return text
	}
	if s.Body.Attachment != "" {
		return fmt.Sprintf("%s, %d bytes with the attachment %q", text, len(p.body), s.Body.Attachment)
	}
	if _, err := x.body(ctx, s, data, public); err != nil {
		return fmt.Sprintf("%s, %d bytes", text, len(p.body))
	}
	body := x.scrub.Text(string(public.body))
	if len(body) > maxShown {
		body = strings.ToValidUTF8(body[:maxShown], "") + "…"
	}
	return fmt.Sprintf("%s, %d bytes: %s", text, len(p.body), scrub.OneLine(body))
}

// blank is a map with [REDACTED] for each value that there is.
func blank(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for name, v := range m {
		out[name] = v
		if v != "" && v != nil {
			out[name] = scrub.Mark
		}
	}
	return out
}
