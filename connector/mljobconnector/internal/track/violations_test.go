// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/contract"
)

// TestViolations: by stage and check, once a span, with the card's severity and from 0.
func TestViolations(t *testing.T) {
	card := &catalog.Job{Name: "daily", Contract: &contract.Contract{Checks: []contract.Check{
		{Kind: contract.Range, Name: "range", Attribute: "ml.stage.rows.in", Stage: "train", Severity: contract.Critical},
		{Kind: contract.Range, Name: "range", Attribute: "ml.stage.rows.in", Severity: contract.Info},
	}}}
	r := newRig(t, options(card))
	o := of{id: "a", trace: 1, start: r.now.Add(-20 * time.Minute)}
	broken := func(n int, stage string, ids ...string) run.Span {
		s := o.stage(n, stage, run.Success, o.start, o.start.Add(time.Duration(n)*time.Minute))
		s.Severity = "odd"
		for _, id := range ids {
			s.Violations = append(s.Violations, run.Violation{ID: id, Rows: 2})
		}
		return s
	}
	train := broken(2, "train", "ml.stage.rows.in.range", "soda")
	r.observe(train, broken(3, "report", "ml.stage.rows.in.range"))
	r.observe(train)
	foreign := broken(4, "train", "amount.type", "ml.stage.rows.in.range")
	foreign.Foreign = true
	r.observe(foreign)
	at := func(rows uint64) []ViolationStats {
		out := []ViolationStats{
			{Violation: Violation{Stage: "report", Subject: "ml.stage.rows.in", Check: "range", Severity: contract.Info}, Rows: 2},
			{Violation: Violation{Stage: "train", Check: "soda", Severity: "odd"}, Rows: 2},
			{Violation: Violation{Stage: "train", Subject: "ml.stage.rows.in", Check: "range", Severity: contract.Critical}, Rows: 4},
		}
		for i, s := range []run.Span{broken(3, "report"), train, foreign} {
			out[i].TraceID, out[i].SpanID, out[i].Time = s.TraceID, s.SpanID, s.End
			out[i].Rows *= rows
		}
		return out
	}
	assert.Equal(t, at(0), r.w.Stats(r.now)[0].Violations, "the first time they are 0")
	assert.Equal(t, at(1), r.w.Stats(r.now)[0].Violations)
}

// TestManyViolations: beyond the limit all share one count, and a notice says so.
func TestManyViolations(t *testing.T) {
	r := newRig(t, options())
	o := of{id: "a", trace: 1, start: r.now.Add(-20 * time.Minute)}
	s := o.stage(2, "train", run.Success, o.start, o.start.Add(time.Minute))
	for i := range MaxBroken + 5 {
		s.Violations = append(s.Violations, run.Violation{ID: fmt.Sprint("check-", i), Rows: 1})
	}
	r.observe(s)
	r.w.Stats(r.now)
	all := r.w.Stats(r.now)[0].Violations
	assert.Len(t, all, MaxBroken+1)
	assert.Equal(t, Violation{Overflow: true}, all[0].Violation)
	assert.EqualValues(t, 5, all[0].Rows)
	assert.EqualValues(t, 5, r.w.SelfStats().Evicted[LimitChecks])
}
