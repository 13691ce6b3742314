// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// scenario is one scripted history of jobs and what must come of it.
type scenario struct {
	name  string
	build func(*world)
}

// score counts alerts: those that were wanted and came, came and were not wanted, were wanted and
// did not come. An alert that comes too early, too late, with the wrong evidence or at the wrong
// stage is both of the latter.
type score struct{ right, wrong, missed int }

// TestMatrix plays every scenario against the connector and asks for exactly the alerts that it
// names, at their times, and for no other one at any time.
func TestMatrix(t *testing.T) {
	matrix(t, func(t *testing.T, w *world, _ uint64) score {
		b := w.play(t)
		w.counts(t, b)
		return w.judge(t, b)
	})
}

// TestMatrixShaken asks for the same alerts at the same times where spans come in another order, a
// third of them once more, and the collector is killed three times. The scenarios in which nothing
// but the order tells which run a span belongs to are played as they are.
func TestMatrixShaken(t *testing.T) {
	matrix(t, func(t *testing.T, w *world, seed uint64) score {
		if !w.ordered {
			w.shake(seed)
		}
		return w.judge(t, w.play(t))
	})
}

func matrix(t *testing.T, play func(*testing.T, *world, uint64) score) {
	scores, played := make([]score, len(scenarios)), 0
	seen := map[string]bool{}
	for i, s := range scenarios {
		assert.False(t, seen[s.name], "%s is there twice", s.name)
		seen[s.name] = true
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				played++
				w := newWorld(uint64(i) + 1)
				s.build(w)
				scores[i] = play(t, w, uint64(i)+1)
			})
		})
	}

	var total score
	var table strings.Builder
	tw := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(tw, "scenario\tright\tfalse\tmissed")
	for i, s := range scenarios {
		c := scores[i]
		total.right, total.wrong, total.missed = total.right+c.right, total.wrong+c.wrong, total.missed+c.missed
		_, _ = fmt.Fprintf(tw, "%s\t%d\t%d\t%d\n", s.name, c.right, c.wrong, c.missed)
	}
	precision, recall := ratio(total.right, total.right+total.wrong), ratio(total.right, total.right+total.missed)
	_, _ = fmt.Fprintf(tw, "%d scenarios\t%d\t%d\t%d\nprecision %.4f, recall %.4f\n", played, total.right, total.wrong, total.missed, precision, recall)
	_ = tw.Flush()
	t.Log("\n" + table.String())
	assert.Equal(t, 1.0, precision, "precision")
	assert.Equal(t, 1.0, recall, "recall")
	if played == len(scenarios) { // else -run has chosen some
		assert.GreaterOrEqual(t, played, 30)
		assert.GreaterOrEqual(t, total.right+total.missed, 30, "a matrix in which nothing fails proves nothing")
	}
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 1
	}
	return float64(a) / float64(b)
}

// judge holds what was heard against what was wanted.
func (w *world) judge(t *testing.T, b *bench) (c score) {
	w.protocol(t, b)
	left := b.heard().episodes()
	for _, x := range w.wants {
		i := slices.IndexFunc(left, func(e *episode) bool { return x.is(e.first().Alert) })
		if i < 0 {
			c.missed++
			t.Errorf("missed: %v", x)
			continue
		}
		e := left[i]
		left = slices.Delete(left, i, i+1)
		if wrong := x.check(e); len(wrong) > 0 {
			c.missed++
			c.wrong++
			t.Errorf("wrong: %v\nwanted %v\n- %s", e, x, strings.Join(wrong, "\n- "))
			continue
		}
		c.right++
	}
	for _, e := range left {
		c.wrong++
		t.Errorf("false alert: %v", e)
	}
	return c
}

// check tells what is wrong with an alert.
func (x *want) check(e *episode) (wrong []string) {
	fail := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	first, last, ended := e.first(), e.firing(), e.ended()
	if first.at.Before(x.from) {
		fail("fired %v too early, at %s", x.from.Sub(first.at), clock(first.at))
	}
	if first.at.After(x.by) {
		fail("fired %v too late, at %s", first.at.Sub(x.by), clock(first.at))
	}
	switch {
	case x.endBy.IsZero() && !ended.IsZero():
		fail("ended at %s", clock(ended))
	case !x.endBy.IsZero() && ended.IsZero():
		fail("never ended")
	case ended.Before(x.endFrom):
		fail("ended %v too early, at %s", x.endFrom.Sub(ended), clock(ended))
	case !x.endBy.IsZero() && ended.After(x.endBy):
		fail("ended %v too late, at %s", ended.Sub(x.endBy), clock(ended))
	}
	if first.Severity != x.severity {
		fail("severity is %s, not %s", first.Severity, x.severity)
	}
	if len(x.evidence) > 0 {
		var ids []string
		for _, sp := range x.evidence {
			ids = append(ids, id(sp.Trace, sp.ID))
		}
		if got := id(last.TraceID, last.SpanID); !slices.Contains(ids, got) {
			fail("evidence is %s, not %s (%s)", got, strings.Join(ids, " or "), x.evidence[0].Name)
		}
		if url := last.Annotations["trace_url"]; !strings.Contains(url, last.TraceID.String()) {
			fail("trace_url is %q, without the trace id %s", url, last.TraceID)
		}
	}
	words := append([]string{x.job}, x.says...)
	if x.stage != anyStage {
		words = append(words, x.stage)
	}
	for _, word := range words {
		if !says(last.Summary, word) {
			fail("the summary does not say %q", word)
		}
	}
	for _, annotation := range sortedKeys(x.notes) {
		for _, word := range x.notes[annotation] {
			if !says(last.Annotations[annotation], word) {
				fail("annotation %s is %q, without %q", annotation, last.Annotations[annotation], word)
			}
		}
	}
	return wrong
}

func id(trace pcommon.TraceID, span pcommon.SpanID) string {
	return trace.String() + "/" + span.String()
}

// protocol checks what holds for every alert: records that can be read, a start that stays, firing
// before resolved, firing ones once a minute and resolved ones for a quarter of an hour, a runbook
// and an owner where the card has them.
func (w *world) protocol(t *testing.T, b *bench) {
	all := b.heard()
	assert.Empty(t, all.errs)
	for _, e := range all.episodes() {
		first := e.first()
		assert.Equal(t, alert.Firing, first.State, "resolved before it fired: %v", e)
		assert.False(t, first.StartsAt.After(first.at), "starts in the future: %v", e)
		assert.False(t, first.StartsAt.Before(w.begin), "starts before the collector: %v", e)
		ended, over := e.ended(), false
		for i, r := range e.records {
			assert.NotEmpty(t, r.Summary)
			if over = over || r.State == alert.Resolved; over { // a last resend may come at the same moment
				assert.Equal(t, alert.Resolved, r.State, "fires after its end: %v", e)
				assert.Less(t, r.at.Sub(ended), 15*time.Minute+2*prompt, "resolved for ever: %v", e)
				assert.False(t, r.EndsAt.Before(r.StartsAt) || r.EndsAt.After(r.at), "ends at %v: %v", r.EndsAt, e)
			}
			if i > 0 && b.running(e.records[i-1].at, r.at) {
				assert.LessOrEqual(t, r.at.Sub(e.records[i-1].at), time.Minute+prompt, "silent from %s: %v", clock(e.records[i-1].at), e)
			}
		}
		for _, up := range b.up[1:] {
			if up.from.After(first.at) && (ended.IsZero() || up.from.Before(ended)) {
				assert.True(t, slices.ContainsFunc(e.records, func(r heard) bool {
					return !r.at.Before(up.from) && r.at.Sub(up.from) <= prompt
				}), "not emitted at the start at %s: %v", clock(up.from), e)
			}
		}
		last := e.records[len(e.records)-1]
		if ended.IsZero() {
			assert.LessOrEqual(t, w.until.Sub(last.at), time.Minute+prompt, "silent from %s on: %v", clock(last.at), e)
		} else if end := ended.Add(15 * time.Minute); end.Before(w.until) {
			assert.LessOrEqual(t, end.Sub(last.at), time.Minute+prompt, "not resolved for 15 minutes: %v", e)
		}
		for _, card := range w.cards {
			if card.Name == first.Labels["job"] {
				assert.Equal(t, card.Alerts.Runbook, first.Annotations["runbook_url"])
				assert.Equal(t, card.Owner, first.Annotations["owner"])
			}
		}
	}
}

// counts compares the metrics.
func (w *world) counts(t *testing.T, b *bench) {
	if w.counted == nil {
		return
	}
	all := b.metrics.AllMetrics()
	if !assert.NotEmpty(t, all) {
		return
	}
	last := all[len(all)-1]
	got := map[string]map[string]int{}
	for p := range testkit.Points(mlconv.MetricJobRunCount, last) {
		job, outcome := attr(p, mlconv.AttrPipelineName), attr(p, mlconv.AttrPipelineResult)
		if got[job] == nil {
			got[job] = map[string]int{}
		}
		if p.IntValue() != 0 {
			got[job][outcome] += int(p.IntValue())
		}
	}
	assert.Equal(t, w.counted, got, mlconv.MetricJobRunCount)
	ends := map[string]time.Time{}
	for p := range testkit.Points(mlconv.MetricJobLastSuccess, last) {
		ends[attr(p, mlconv.AttrPipelineName)] = time.UnixMilli(int64(1000 * testkit.Number(p))).UTC()
	}
	for job, want := range w.lastSuccess {
		assert.WithinDuration(t, want, ends[job], time.Second, "last success of %s", job)
	}
}

func attr(p pmetric.NumberDataPoint, key string) string {
	v, ok := p.Attributes().Get(key)
	if !ok {
		return ""
	}
	return v.AsString()
}
