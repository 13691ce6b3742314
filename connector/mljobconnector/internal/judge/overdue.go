// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/words"
)

// running is since when a stage is running, on the collector's clock; false if it is not known to
// run. inferred says that only the end of the stages before it tells.
//
// A stage without instances whose attempt is to be followed by another one runs since that attempt
// came. One that markers, inner spans or other instances tell of runs since the first of them
// began. Else it runs since the last of the stages before it, on the card, has come to a good end;
// not if one of them has not.
func (v *view) running(s *stage) (since time.Time, inferred, ok bool) {
	switch {
	case s.done || s.ended():
		return time.Time{}, false, false
	case s.seen != nil && s.seen.Ended() && s.named == 0:
		return s.seen.Arrived(), false, true
	case s.seen != nil && !s.seen.Began().IsZero():
		return s.seen.Began(), false, true
	case s.card == nil || len(s.card.After) == 0 || !s.expected:
		return time.Time{}, false, false
	}
	for _, name := range s.card.After {
		before := v.byName[name]
		switch {
		case before == nil:
			return time.Time{}, false, false
		case before.done && before.seen == nil:
			since = later(since, v.run.Began())
			continue
		}
		if o := before.outcome(false); o != run.Success && o != run.Skip || before.because(upstreamFailed) {
			return time.Time{}, false, false
		}
		since = later(since, before.seen.Arrived())
	}
	return since, true, true
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// lateStage finds out whether a stage is overdue or stalled by now; else at is when it would be.
func (v *view) lateStage(s *stage, now time.Time) (f *Fault, at time.Time) {
	if s.card == nil || s.card.Timeout <= 0 && s.card.Heartbeat <= 0 {
		return nil, time.Time{}
	}
	since, inferred, ok := v.running(s)
	if !ok {
		return nil, time.Time{}
	}
	var margin time.Duration
	if inferred {
		margin = v.expect.Absence
	}
	var overdue, stalled, sign time.Time
	if s.card.Timeout > 0 {
		overdue = since.Add(s.card.Timeout + margin)
	}
	if s.card.Heartbeat > 0 {
		sign = since
		if s.seen != nil {
			sign = later(sign, s.seen.Sign())
		}
		sign = later(sign, v.run.Sign())
		stalled = sign.Add(s.card.Heartbeat + margin)
	}
	isOverdue := !overdue.IsZero() && !now.Before(overdue)
	isStalled := !stalled.IsZero() && !now.Before(stalled)
	switch {
	case isOverdue && (!isStalled || overdue.Before(stalled)):
		return v.stageOverdue(s, since, inferred), time.Time{}
	case isStalled:
		return v.stageStalled(s, sign), time.Time{}
	}
	return nil, sooner(overdue, stalled)
}

func (v *view) stageOverdue(s *stage, since time.Time, inferred bool) *Fault {
	f := v.lateFault(StageOverdue, s)
	f.Annotations["running_since"], f.Annotations["timeout"] = words.Moment(since), words.Lasting(s.card.Timeout)
	if inferred {
		f.Summary = fmt.Sprintf("%s: %s has not come to an end within its timeout of %s after %s, at %s",
			v.title(), s.name, words.Lasting(s.card.Timeout), words.List(s.card.After), v.clock(since))
	} else {
		f.Summary = fmt.Sprintf("%s: %s has been running since %s, longer than its timeout of %s", v.title(), s.name, v.clock(since), words.Lasting(s.card.Timeout))
	}
	v.endLate(f, s)
	return f
}

func (v *view) stageStalled(s *stage, sign time.Time) *Fault {
	f := v.lateFault(StageStalled, s)
	f.Annotations["last_sign"], f.Annotations["heartbeat"] = words.Moment(sign), words.Lasting(s.card.Heartbeat)
	f.Summary = fmt.Sprintf("%s: no sign of life from %s since %s, longer than its heartbeat of %s", v.title(), s.name, v.clock(sign), words.Lasting(s.card.Heartbeat))
	v.endLate(f, s)
	return f
}

// lateFault starts the fault of a stage that has not come to an end. Its evidence is an error in it
// if there is one, else the run's trace.
func (v *view) lateFault(kind Kind, s *stage) *Fault {
	f := &Fault{Kind: kind, Stage: s.name, Warning: s.optional(), Annotations: map[string]string{}}
	if len(v.run.Traces) > 0 {
		f.TraceID = v.run.Traces[len(v.run.Traces)-1]
	}
	if first := s.first(); first != nil {
		f.TraceID, f.SpanID = v.run.TraceOf(first.Final()), first.Final().SpanID
	}
	return f
}

// endLate adds how many instances have ended, and the run.
func (v *view) endLate(f *Fault, s *stage) {
	if s.named > 0 && s.want > 0 {
		late := s.missing + len(s.open)
		text := fmt.Sprintf("%s of %s instances %s not ended", humanize.Comma(int64(late)), humanize.Comma(int64(s.want)), words.Plural(late, "has", "have"))
		names := s.missingInstances(maxAnnotation)
		for _, i := range s.open {
			names = append(names, i.Name)
		}
		f.Annotations["instances"] = words.Clip(text+": "+strings.Join(names, ", "), maxAnnotation)
		f.Summary += "; " + text
		if short := words.ListOf(names, late); short != "" {
			f.Summary += ": " + short
		}
	}
	f.Summary += fmt.Sprintf(" (run %s).", v.run.ID)
}

// lateRun finds out whether the run as a whole is overdue: by finish_within where there is no
// scheduled slot to count it from, else by the longest of what good runs of any kind take, where the
// card has no finish_within. Else at is when it would be.
func (v *view) lateRun(now time.Time) (f *Fault, at time.Time) {
	began := v.run.Began()
	if v.expect.Slotted || began.IsZero() {
		return nil, time.Time{}
	}
	f = &Fault{Kind: JobOverdue, Annotations: map[string]string{"running_since": words.Moment(began)}}
	if card := v.expect.Card; card != nil && card.FinishWithin > 0 {
		if at = began.Add(card.FinishWithin + v.expect.Absence); now.Before(at) {
			return nil, at
		}
		f.Annotations["finish_within"] = words.Lasting(card.FinishWithin)
		f.Summary = fmt.Sprintf("%s has been running since %s, longer than the %s that it has", v.title(), v.clock(began), words.Lasting(card.FinishWithin))
	} else {
		limit, usual, runs, ok := v.longest()
		if !ok {
			return nil, time.Time{}
		}
		if at = began.Add(limit + v.expect.Absence); now.Before(at) {
			return nil, at
		}
		f.Annotations["duration_expected"], f.Annotations["duration_limit"] = words.Lasting(usual), words.Lasting(limit)
		f.Summary = fmt.Sprintf("%s has been running since %s, longer than its limit of %s (median of the last %d good runs: %s)",
			v.title(), v.clock(began), words.Lasting(limit), runs, words.Lasting(usual))
	}
	v.nameOpen(f)
	f.Summary += fmt.Sprintf(" (run %s).", v.run.ID)
	return f, time.Time{}
}

// nameOpen adds the stages that are missing.
func (v *view) nameOpen(f *Fault) {
	if len(v.run.Traces) > 0 {
		f.TraceID = v.run.Traces[0]
	}
	if v.resumesUnknown() {
		return
	}
	if names := v.open(); len(names) > 0 {
		f.Summary += "; still missing: " + words.List(names)
		f.Annotations["missing"] = words.Clip(joined(names), maxAnnotation)
	}
}

// Overdue words the fault of a run that has not ended by the deadline of its scheduled slot; it
// names the stages that are missing.
func Overdue(r *run.Run, e Expect, slot, deadline time.Time) Fault {
	v := newView(r, e)
	f := Fault{Kind: JobOverdue, Annotations: map[string]string{"scheduled_at": words.Moment(slot), "deadline": words.Moment(deadline), "finish_within": words.Lasting(deadline.Sub(slot))}}
	f.Summary = fmt.Sprintf("%s, scheduled at %s, should have ended within %s", v.title(), v.clock(slot), words.Lasting(deadline.Sub(slot)))
	v.nameOpen(&f)
	f.Summary += fmt.Sprintf(" (run %s).", v.run.ID)
	return f
}

func joined(names []string) string { return strings.Join(names, ", ") }
