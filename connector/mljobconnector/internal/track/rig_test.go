// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/judge"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// day0 is a Sunday, 01:00 UTC.
var day0 = time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)

// memory is a Store. It can fail, and a test can look at it at every batch.
type memory struct {
	mu      sync.Mutex
	values  map[string][]byte
	batches int
	bytes   int
	sizes   map[string]int // bytes written by kind of key
	fail    error
	// at is called for every batch, before it is written and after, with the kinds of keys in it.
	at func(before, quiet bool)
}

func newMemory() *memory { return &memory{values: map[string][]byte{}, sizes: map[string]int{}} }

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.values[key], m.fail
}

func (m *memory) Batch(_ context.Context, set map[string][]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	m.batches++
	quiet := len(set) == 2 && set[keyMeta] != nil && set[keyServices] != nil
	if m.at != nil {
		m.at(true, quiet)
	}
	for key, value := range set {
		m.bytes += len(value)
		for i, c := range key {
			if c == '/' {
				m.sizes[key[:i]] += len(value)
			}
		}
		if value == nil {
			delete(m.values, key)
		} else {
			m.values[key] = slices.Clone(value)
		}
	}
	if m.at != nil {
		m.at(false, quiet)
	}
	return nil
}

// script says what the judge says of runs, by run id. It stands for package judge where a test is
// on the tracker alone.
type script struct {
	runs    map[string]line
	learned []string
}

type line struct {
	// stage is at fault if the run failed.
	stage string
	// fault and warnings are said of a run that ended well.
	fault    *judge.Fault
	also     []judge.Fault
	warnings []judge.Fault
	// missing is a stage whose absence is a fault.
	missing string
	// during gives the faults while the run goes on.
	during func(r *run.Run, now time.Time) ([]judge.Fault, time.Time)
	// ends says that the run ends without a root, when it was silent for Absence.
	ends bool
}

func (s *script) Ended(r *run.Run, e judge.Expect, now time.Time) (bool, time.Time) {
	if r.Root != nil {
		return true, r.Root.Arrived
	}
	if s.runs[r.ID].ends {
		at := r.LastSeen.Add(e.Absence)
		return !now.Before(at), at
	}
	return false, time.Time{}
}

func (s *script) Judge(r *run.Run, _ judge.Expect, deadlinePassed bool) judge.Verdict {
	l := s.runs[r.ID]
	v := judge.Verdict{}
	switch {
	case r.Root != nil:
		v.Outcome = r.Root.Outcome
	case l.ends:
		v.Outcome = run.Failure
	default:
		return v
	}
	switch {
	case v.Outcome == run.Skip:
	case v.Outcome == run.Cancellation:
		v.Fault = &judge.Fault{Kind: judge.JobCancelled, Warning: true, Summary: "It was cancelled."}
	case v.Outcome == run.Failure:
		v.Fault = &judge.Fault{Kind: judge.JobFailed, Stage: l.stage, Summary: fmt.Sprintf("%s failed.", l.stage)}
		if r.Root != nil {
			v.Fault.TraceID, v.Fault.SpanID = r.Root.TraceID, r.Root.SpanID
		}
	case l.fault != nil:
		v.Fault, v.Also = l.fault, l.also
	case l.missing != "" && !slices.ContainsFunc(r.Stages, func(s *run.Stage) bool { return s.Name == l.missing }):
		if !deadlinePassed {
			v.Waits = true
			break
		}
		v.Fault = &judge.Fault{Kind: judge.StageMissing, Stage: l.missing, Summary: l.missing + " is missing."}
	default:
		v.Good, v.Feeds, v.Warnings = true, true, l.warnings
	}
	return v
}

func (s *script) Running(r *run.Run, _ judge.Expect, now time.Time) ([]judge.Fault, time.Time) {
	if d := s.runs[r.ID].during; d != nil {
		return d(r, now)
	}
	return nil, time.Time{}
}

func (s *script) Overdue(r *run.Run, e judge.Expect, slot, deadline time.Time) judge.Fault {
	return judge.Overdue(r, e, slot, deadline)
}

func (s *script) Learn(_ *judge.History, r *run.Run, _ judge.Expect, _ judge.Verdict) []judge.Accepted {
	if !slices.Contains(s.learned, r.ID) {
		s.learned = append(s.learned, r.ID)
	}
	return nil
}

func (s *script) Forget(_ *judge.History, r *run.Run) {
	s.learned = slices.DeleteFunc(s.learned, func(id string) bool { return id == r.ID })
}

func options(cards ...*catalog.Job) Options {
	set := catalog.NewSet(nil, cards)
	return Options{
		Options: judge.Options{MaxRowDrop: .2, MaxNullIncrease: .05, MinRuns: 5, Runs: 7, Absence: 2 * time.Minute},
		Cards:   func() *catalog.Set { return set },

		DecisionWait: 10 * time.Second, ScheduleGrace: 30 * time.Minute, NoTelemetry: 15 * time.Minute,
		Severity: alert.Critical, TraceURL: "http://jaeger:16686/trace/{trace_id}?uiFind={span_id}",
		Resend: time.Minute, KeepResolved: 15 * time.Minute,
		Limits: Limits{Limits: run.DefaultLimits, Jobs: 100, Runs: 1000, Closed: 1000, Alerts: 1000, Pending: 100},
	}
}

// identity is an alert as Alertmanager tells it from others.
type identity struct {
	fingerprint string
	starts      time.Time
}

// rig runs a tracker through a story, on a clock of its own.
type rig struct {
	t       testing.TB
	options Options
	script  *script
	store   *memory
	w       *Tracker
	now     time.Time
	// emitted is what was emitted of each alert last; order its order.
	emitted map[identity]alert.Alert
	order   []identity
	// sends counts emissions.
	sends map[identity]int
	// next is the step of the story that has not been acknowledged.
	next int
}

func newRig(t testing.TB, o Options) *rig {
	r := &rig{
		t: t, options: o, script: &script{runs: map[string]line{}}, store: newMemory(), now: day0,
		emitted: map[identity]alert.Alert{}, sends: map[identity]int{},
	}
	r.start()
	return r
}

// start starts a process on what is stored.
func (r *rig) start() {
	r.t.Helper()
	r.w = New(r.options)
	if r.script != nil {
		r.w.judge = r.script
	}
	failed, err := r.w.Load(context.Background(), r.store, r.now)
	require.NoError(r.t, err)
	require.Empty(r.t, failed)
}

// emit takes what is due.
func (r *rig) emit() {
	due := r.w.Due(r.now)
	for _, a := range due {
		id := identity{a.Fingerprint(), a.StartsAt}
		if _, ok := r.emitted[id]; !ok {
			r.order = append(r.order, id)
		}
		r.emitted[id] = a
		r.sends[id]++
	}
	r.w.Sent(r.now)
}

func (r *rig) observe(spans ...run.Span) {
	r.t.Helper()
	require.NoError(r.t, r.w.Observe(context.Background(), r.now, spans))
	r.emit()
}

func (r *rig) tick() {
	r.t.Helper()
	require.NoError(r.t, r.w.Tick(context.Background(), r.now))
	r.emit()
}

// to lets time pass up to an offset from day0.
func (r *rig) to(offset time.Duration) {
	r.t.Helper()
	r.until(day0.Add(offset))
}

func (r *rig) until(target time.Time) {
	r.t.Helper()
	for steps := 0; r.now.Before(target); steps++ {
		require.Less(r.t, steps, 1_000_000, "Next does not advance")
		next := r.w.Next()
		if next.IsZero() || next.After(target) {
			next = target
		}
		if next.After(r.now) {
			r.now = next
		}
		r.tick()
		if again := r.w.Next(); !again.IsZero() {
			require.True(r.t, again.After(r.now), "Next is %s, which has been done at %s", again, r.now)
		}
	}
}

func (r *rig) pass(d time.Duration) { r.t.Helper(); r.until(r.now.Add(d)) }

// active returns the alerts that fire, as they were emitted, by "Kind job stage".
func (r *rig) active() []string {
	var out []string
	for _, id := range r.order {
		if a := r.emitted[id]; a.State == alert.Firing {
			out = append(out, name(a))
		}
	}
	slices.Sort(out)
	return out
}

// all returns what was ever emitted, in order, with a "+" for firing and a "-" for resolved.
func (r *rig) all() []string {
	var out []string
	for _, id := range r.order {
		a := r.emitted[id]
		sign := "+"
		if a.State == alert.Resolved {
			sign = "-"
		}
		out = append(out, sign+name(a))
	}
	return out
}

func name(a alert.Alert) string {
	s := a.Name
	for _, l := range []string{"job", "environment", "stage"} {
		if a.Labels[l] != "" {
			s += " " + a.Labels[l]
		}
	}
	return s
}

// last returns the alert that was emitted first under a name, in its latest state; the newest of
// several.
func (r *rig) last(want string) alert.Alert {
	r.t.Helper()
	for _, id := range slices.Backward(r.order) {
		if a := r.emitted[id]; name(a) == want {
			return a
		}
	}
	require.Fail(r.t, "no alert", "%s is not among %v", want, r.all())
	return alert.Alert{}
}

func trace(n int) (id run.TraceID) {
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	id[0] = 1
	return id
}

func span(n int) (id run.SpanID) {
	binary.BigEndian.PutUint64(id[:], uint64(n))
	return id
}

// of builds the spans of one run of the job "daily", in the trace n.
type of struct {
	job, environment, id, date, resumes string
	trace                               int
	start                               time.Time
}

func (o of) span(kind run.Kind, n int, start, end time.Time) run.Span {
	if o.job == "" {
		o.job = "daily"
	}
	return run.Span{
		Kind: kind, TraceID: trace(o.trace), SpanID: span(n), Environment: o.environment, Job: o.job, RunID: o.id,
		LogicalDate: o.date, Resumes: o.resumes, Service: "trainer", Start: start, End: end, RowsIn: -1, RowsOut: -1,
	}
}

// inner is a sign of life.
func (o of) inner(n int, at time.Time) run.Span {
	s := o.span(run.KindInner, n, o.start, at)
	s.Name = "epoch"
	s.Outcome = run.Success
	return s
}

func (o of) stage(n int, name string, outcome run.Outcome, start, end time.Time) run.Span {
	s := o.span(run.KindStage, n, start, end)
	s.Name, s.Task, s.Outcome = name, name, outcome
	return s
}

func (o of) root(outcome run.Outcome, end time.Time) run.Span {
	s := o.span(run.KindRoot, 1, o.start, end)
	s.Name, s.Outcome, s.Explicit = "run", outcome, true
	return s
}

// whole is a run of one stage that has just ended after ten minutes.
func (r *rig) whole(o of, outcome run.Outcome) {
	r.t.Helper()
	o.start = r.now.Add(-10 * time.Minute)
	stage := run.Success
	if outcome == run.Failure {
		stage = run.Failure
	}
	r.observe(o.stage(2, "train", stage, o.start, r.now), o.root(outcome, r.now))
}

func keysOf[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
