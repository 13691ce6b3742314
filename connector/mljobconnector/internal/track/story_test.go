// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// These tests have package judge judge.

// pipeline is a run of four stages of a minute, 1000 rows each, with a root.
type pipeline struct {
	of
	rows map[string]int64
	// fails is the stage that fails; those after it do not run. hangs is the one that never ends;
	// without is left out.
	fails, hangs, without string
}

var stages = []string{"query", "transform", "train", "publish"}

// spans returns the spans with the time at which each ends.
func (p pipeline) spans() []run.Span {
	var out []run.Span
	at, outcome := p.start, run.Success
	for n, name := range stages {
		if name == p.without {
			continue
		}
		end := at.Add(time.Minute)
		if name == p.hangs {
			marker := p.span(run.KindMarker, 20+n, at, at)
			marker.Name, marker.Task = "executing", name
			return append(out, marker)
		}
		s := p.stage(10+n, name, run.Success, at, end)
		s.RowsIn, s.RowsOut = 1000, 1000
		if rows, ok := p.rows[name]; ok {
			s.RowsOut = rows
		}
		if name == p.fails {
			s.Outcome, s.ExceptionType, s.Message = run.Failure, "MemoryError", "out of memory"
			outcome = run.Failure
		}
		out = append(out, s)
		at = end
		if name == p.fails {
			break
		}
	}
	return append(out, p.root(outcome, at))
}

func steps(p pipeline) []step {
	var out []step
	for _, s := range p.spans() {
		out = append(out, step{s.End.Sub(day0), []run.Span{s}})
	}
	return out
}

func (r *rig) play(p pipeline) {
	r.t.Helper()
	for _, s := range steps(p) {
		r.until(day0.Add(s.at))
		r.observe(s.spans...)
	}
}

func judged(t *testing.T, o Options) *rig {
	r := newRig(t, o)
	r.script = nil
	r.start()
	return r
}

// often is a job that is due every ten minutes.
func often() *catalog.Job {
	return &catalog.Job{Name: "daily", Environment: "prod", Schedule: "*/10 * * * *", FinishWithin: 8 * time.Minute, Stages: []catalog.Stage{
		{Name: "query"},
		{Name: "transform", After: []string{"query"}},
		{Name: "train", After: []string{"transform"}, Heartbeat: 3 * time.Minute},
		{Name: "publish", After: []string{"train"}},
	}}
}

// nth is the run of the n-th slot.
func nth(n int) pipeline {
	return pipeline{of: of{
		environment: "prod", id: fmt.Sprintf("r%02d", n), trace: n, date: day0.Add(time.Duration(n-1) * 10 * time.Minute).Format(time.RFC3339),
		start: day0.Add(time.Duration(n)*10*time.Minute + time.Minute),
	}}
}

func TestOneFailedRunOneAlert(t *testing.T) {
	for _, stage := range stages {
		r := judged(t, options(often()))
		bad := nth(1)
		bad.fails = stage
		r.play(bad)
		r.pass(3 * time.Minute)
		require.Equal(t, []string{"+JobFailed daily prod " + stage}, r.all())
		a := r.last("JobFailed daily prod " + stage)
		assert.Contains(t, a.Summary, stage)
		assert.Equal(t, "MemoryError", a.Annotations["exception_type"])
		assert.Equal(t, "r01", a.Annotations["run_id"])
		assert.Equal(t, span(10+placeOf(stage)), run.SpanID(a.SpanID))
		assert.Equal(t, "http://jaeger:16686/trace/"+traceName(trace(1))+"?uiFind="+fmt.Sprintf("%016x", 10+placeOf(stage)), a.Annotations["trace_url"])
		r.play(nth(2))
		r.pass(time.Minute)
		assert.Equal(t, []string{"-JobFailed daily prod " + stage}, r.all())
	}
}

func placeOf(stage string) int {
	for n, name := range stages {
		if name == stage {
			return n
		}
	}
	return -1
}

// A night of runs: five good ones teach what is normal, then rows fall, a stage is left out, one
// hangs, one does not come. A bad run does not become history.
func night() (Options, []step) {
	var all []step
	for n := 1; n <= 5; n++ {
		all = append(all, steps(nth(n))...)
	}
	fell, without, hangs, well := nth(6), nth(7), nth(8), nth(11)
	fell.rows = map[string]int64{"transform": 700}
	without.without = "publish"
	hangs.hangs = "train"
	all = append(all, steps(fell)...)
	all = append(all, steps(without)...)
	all = append(all, steps(hangs)...)
	all = append(all, steps(well)...) // nothing came for the two slots before
	return options(often()), all
}

func TestNight(t *testing.T) {
	o, all := night()
	r := judged(t, o)
	r.tell(all, 2*time.Hour)
	require.Equal(t, []string{
		"-StageRows daily prod transform", "-StageMissing daily prod publish", "-StageStalled daily prod train", "-JobMissedSchedule daily prod",
	}, r.all())
	rows := r.last("StageRows daily prod transform")
	assert.Contains(t, rows.Summary, "transform")
	assert.Equal(t, "StageMissing of publish", rows.Annotations["superseded_by"])
	assert.WithinDuration(t, nth(6).start.Add(2*time.Minute+10*time.Second), rows.StartsAt, 10*time.Second, "while the run went on")
	missed := r.last("JobMissedSchedule daily prod")
	assert.Equal(t, "2", missed.Annotations["missed"])
	assert.Equal(t, "run r11", missed.Annotations["resolved_by"])
	stats := r.w.Stats(r.now)[0]
	assert.Equal(t, uint64(8), stats.Runs[run.Success])
	assert.Equal(t, nth(11).start.Add(4*time.Minute), stats.LastSuccess)
	assert.Empty(t, stats.Active)
	assert.Equal(t, 6, r.w.jobs[run.Key{Environment: "prod", Job: "daily"}].past.history.Len(), "good runs only")
	assert.Equal(t, []string{"r08"}, r.runs())
}

// The night is killed at every batch, with everything in the store that package judge needs.
func TestNightKilledAtEveryBatch(t *testing.T) {
	o, all := night()
	killAtEveryBatch(judged(t, o), all, 2*time.Hour)
}

// Every alert has a summary that reads as a sentence, and no empty annotation.
func TestSentences(t *testing.T) {
	o, all := night()
	r := judged(t, o)
	r.tell(all, 2*time.Hour)
	for _, a := range r.emitted {
		assert.True(t, strings.HasSuffix(a.Summary, ".") && strings.Contains(a.Summary, "daily (prod)"), a.Summary)
		assert.NotEqual(t, alert.Severity(""), a.Severity)
		for name, value := range a.Annotations {
			assert.NotEmpty(t, value, name)
			assert.Equal(t, alert.CleanName(name), name)
			assert.Equal(t, strings.ToLower(name), name)
		}
	}
}
