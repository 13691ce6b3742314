// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// base is when the runs of tests start, in event time and on the collector's clock.
var base = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return base.Add(time.Duration(seconds) * time.Second) }

// options are ml_job's defaults.
var options = Options{MaxRowDrop: 0.2, MaxNullIncrease: 0.05, MinRuns: 5, Runs: 7, Absence: 2 * time.Minute}

func expect(card *catalog.Job, h *History) Expect {
	return Expect{Options: options, Card: card, History: h}
}

// script is a run of recsys that is written down span by span. Span 1 is the root.
type script struct {
	id    string
	spans []run.Span
	// arrived is when the last span came, in seconds; 0 if at its end.
	arrived int
}

func scripted(id string) *script { return &script{id: id} }

func spanID(n int) (id run.SpanID) {
	binary.BigEndian.PutUint64(id[:], uint64(n))
	return id
}

// add adds a span from start to end seconds, in the trace 1, below the root.
func (s *script) add(kind run.Kind, start, end int, change ...func(*run.Span)) *script {
	sp := run.Span{
		Kind: kind, TraceID: run.TraceID{15: 1}, SpanID: spanID(len(s.spans) + 2), ParentID: spanID(1), Environment: "", Job: "recsys", RunID: s.id,
		Start: at(start), End: at(end), RowsIn: -1, RowsOut: -1,
	}
	if kind == run.KindStage {
		sp.Outcome, sp.Explicit = run.Success, true
	}
	for _, c := range change {
		c(&sp)
	}
	s.spans = append(s.spans, sp)
	return s
}

func (s *script) stage(name string, start, end int, change ...func(*run.Span)) *script {
	return s.add(run.KindStage, start, end, append([]func(*run.Span){task(name)}, change...)...)
}

// root adds the root, with its status unset unless that is changed.
func (s *script) root(start, end int, change ...func(*run.Span)) *script {
	return s.add(run.KindRoot, start, end, append([]func(*run.Span){func(sp *run.Span) {
		sp.SpanID, sp.ParentID, sp.Outcome = spanID(1), run.SpanID{}, run.Success
	}}, change...)...)
}

// run is the run after all spans, which came at their ends.
func (s *script) run() *run.Run {
	r := run.New(run.Key{Job: "recsys"}, s.id, false, run.DefaultLimits)
	for i := range s.spans {
		came := s.spans[i].End
		if s.arrived > 0 && i == len(s.spans)-1 {
			came = at(s.arrived)
		}
		r.Add(&s.spans[i], came)
	}
	return r
}

// arriving says when the last span came.
func (s *script) arriving(second int) *script {
	s.arrived = second
	return s
}

func task(name string) func(*run.Span)     { return func(s *run.Span) { s.Task = name } }
func instance(name string) func(*run.Span) { return func(s *run.Span) { s.Instance = name } }
func instances(n int) func(*run.Span)      { return func(s *run.Span) { s.Instances = n } }
func nth(n int) func(*run.Span)            { return func(s *run.Span) { s.Attempt = n } }
func parent(n int) func(*run.Span)         { return func(s *run.Span) { s.ParentID = spanID(n) } }
func retried(s *run.Span)                  { s.Retried = true }
func dropped(s *run.Span)                  { s.Dropped = true }
func okay(s *run.Span)                     { s.OK, s.Explicit = true, false }
func read(rows int64) func(*run.Span)      { return func(s *run.Span) { s.RowsIn = rows } }
func wrote(rows int64) func(*run.Span)     { return func(s *run.Span) { s.RowsOut = rows } }
func cause(text string) func(*run.Span)    { return func(s *run.Span) { s.Cause = text } }
func resumes(id string) func(*run.Span)    { return func(s *run.Span) { s.Resumes = id } }
func dated(date string) func(*run.Span)    { return func(s *run.Span) { s.LogicalDate = date } }
func metric(name string, v float64) func(*run.Span) {
	return func(s *run.Span) { s.Metrics = append(s.Metrics, run.Value{Name: name, Value: v}) }
}

func nulls(name string, v float64) func(*run.Span) {
	return func(s *run.Span) { s.NullRatios = append(s.NullRatios, run.Value{Name: name, Value: v}) }
}

func result(o run.Outcome) func(*run.Span) {
	return func(s *run.Span) { s.Outcome, s.Explicit = o, true }
}

func fails(exceptionType, message string) func(*run.Span) {
	return func(s *run.Span) {
		s.Outcome, s.Explicit, s.ExceptionType, s.Message = run.Failure, s.Kind == run.KindStage, exceptionType, message
	}
}

func named(name, service string) func(*run.Span) {
	return func(s *run.Span) { s.Name, s.Service = name, service }
}

// learned is a history of n good runs, one a day before the one at base.
func learned(n int, write func(day int, s *script)) *History {
	h := &History{}
	for day := range n {
		s := scripted(fmt.Sprint("good-", day))
		write(day, s)
		for i := range s.spans {
			s.spans[i].Start = s.spans[i].Start.AddDate(0, 0, day-n)
			s.spans[i].End = s.spans[i].End.AddDate(0, 0, day-n)
		}
		h.learn(s.run())
	}
	return h
}

// learn adds a good run.
func (h *History) learn(r *run.Run) {
	h.Learn(r, Expect{Options: options}, Verdict{Good: true, Feeds: true})
}

// card is a job's card with these stages.
func card(stages ...catalog.Stage) *catalog.Job {
	return &catalog.Job{Name: "recsys", Stages: stages}
}

// kinds lists faults. Example: "StageRows:load, JobSlow".
func kinds(faults []Fault) string {
	var out []string
	for _, f := range faults {
		text := string(f.Kind)
		if f.Stage != "" {
			text += ":" + f.Stage
		}
		if f.Warning {
			text += "?"
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

// verdict writes a verdict down. Example: "success, StageRows:load, also JobSlow?".
func verdict(v Verdict) string {
	out := []string{v.Outcome.String()}
	if v.Good {
		out = append(out, "good")
	}
	if v.Waits {
		out = append(out, "waits")
	}
	if v.Fault != nil {
		out = append(out, kinds([]Fault{*v.Fault}))
	}
	if len(v.Also) > 0 {
		out = append(out, "also "+kinds(v.Also))
	}
	if len(v.Warnings) > 0 {
		out = append(out, "warnings "+kinds(v.Warnings))
	}
	return strings.Join(out, ", ")
}

// sentences are the summaries of faults.
func sentences(faults []Fault) []string {
	var out []string
	for _, f := range faults {
		out = append(out, f.Summary)
	}
	return out
}

func wantVerdict(t *testing.T, want string, got Verdict) {
	t.Helper()
	if text := verdict(got); text != want {
		t.Errorf("verdict %s\n   want %s\n%s", text, want, strings.Join(allSentences(got), "\n"))
	}
}

func allSentences(v Verdict) []string {
	var faults []Fault
	if v.Fault != nil {
		faults = append(faults, *v.Fault)
	}
	return sentences(slices.Concat(faults, v.Also, v.Warnings))
}

func wantSummary(t *testing.T, want string, f *Fault) {
	t.Helper()
	switch {
	case f == nil:
		t.Errorf("no fault, want %s", want)
	case f.Summary != want:
		t.Errorf("summary\n     %s\nwant %s", f.Summary, want)
	}
}

func wantAnnotations(t *testing.T, f *Fault, want map[string]string) {
	t.Helper()
	if f == nil {
		t.Error("no fault")
		return
	}
	for name, value := range want {
		if f.Annotations[name] != value {
			t.Errorf("annotation %s is %q, want %q", name, f.Annotations[name], value)
		}
	}
}
