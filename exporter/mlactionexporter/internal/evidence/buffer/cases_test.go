// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package buffer

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"
)

func (w *world) pin(id string, traces ...int) []pcommon.TraceID {
	w.t.Helper()
	var pinned []Pinned
	for i, n := range traces {
		pinned = append(pinned, Pinned{Trace: traceID(n), Span: spanID(n), Role: []Role{Named, Contrast, Previous}[min(i, 2)]})
	}
	missing, err := w.Pin(w.t.Context(), id, pinned)
	require.NoError(w.t, err)
	return missing
}

// ids returns those of all cases, the oldest first.
func (w *world) ids() (ids []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.byAge() {
		ids = append(ids, c.ID)
	}
	return ids
}

func TestPinnedTracesStay(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	w.Add(request(start, predicts("7"), 1, 2, 1, 3))
	assert.Equal(t, []pcommon.TraceID{traceID(99)}, w.pin("C", 1, 2, 99))
	w.pass(2 * time.Hour)
	w.Add(request(w.time(), nil, 1, 3, 99, 99))
	w.pass(2 * time.Hour)
	w.Add(request(w.time(), nil, 4))

	check := func(w *world) {
		t.Helper()
		assert.Equal(t, 3, w.spansOf("C", 1))
		assert.Equal(t, 1, w.spansOf("C", 2))
		assert.Equal(t, 2, w.spansOf("C", 99), "spans that come after the alert")
		assert.Equal(t, 0, w.spansOf("", 1))
		c, err := w.Case("C")
		require.NoError(t, err)
		assert.Equal(t, []Pinned{{traceID(1), spanID(1), Named}, {traceID(2), spanID(2), Contrast}, {traceID(99), spanID(99), Previous}}, c.Traces)
		assert.True(t, c.At.Equal(start))
		assert.Equal(t, w.sizes(casePrefix), w.Stats().Pinned)
	}
	check(w)
	require.NoError(t, w.Close())
	w = open(t, dir)
	check(w)
	w.Add(request(start, map[string]any{"late": true}, 1))
	assert.Equal(t, 4, w.spansOf("C", 1), "after a restart, too")
	assert.Empty(t, w.pin("C", 1), "again")
	w.pin("C", 4)
	assert.Equal(t, []string{"C"}, w.ids())

	w.Release("C")
	w.Release("other")
	w.flushed()
	assert.Zero(t, w.sizes(casePrefix))
	assert.Zero(t, w.Stats().Pinned)
	assert.Empty(t, w.pinned)
	_, err := w.Case("C")
	assert.ErrorIs(t, err, ErrNoCase)
	assert.ErrorIs(t, w.Keep(t.Context(), "C", nil), ErrNoCase)
}

func TestOneTraceInTwoCases(t *testing.T) {
	w := open(t, t.TempDir())
	w.Add(request(start, nil, 1))
	w.pin("A", 1)
	w.pin("B", 1)
	w.Release("A")
	w.pass(3 * time.Hour)
	w.Add(request(w.time(), nil, 1))
	w.pass(3 * time.Hour)
	w.Add(request(w.time(), nil, 2))
	assert.Equal(t, 2, w.spansOf("B", 1))
	assert.Equal(t, 0, w.spansOf("A", 1))
}

func TestTheOldestCaseGoes(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, func(o *Options) { o.MaxPinned = 64 << 10 })
	large := map[string]any{"text": strings.Repeat("x", 20<<10)}
	for i, id := range []string{"A", "B", "C", "D"} {
		w.Add(request(w.time(), large, i))
		w.pin(id, i)
		w.pass(time.Second)
		assert.LessOrEqual(t, w.sizes(casePrefix), int64(64<<10))
	}
	assert.Equal(t, []string{"B", "C", "D"}, w.ids())
	assert.Equal(t, int64(1), w.Stats().Evicted)
	assert.Equal(t, 1, w.log.FilterMessageSnippet("oldest case").FilterField(zap.String("case", "A")).Len())

	w.Add(request(w.time(), large, 3, 3))
	w.flushed()
	c, err := w.Case("D")
	require.NoError(t, err)
	assert.Positive(t, c.Unkept, "one case has a half at most")
	require.NoError(t, w.Close())

	w = open(t, dir, func(o *Options) { o.MaxPinned = 32 << 10 })
	assert.Equal(t, []string{"D"}, w.ids(), "a smaller limit holds at once")
}

func TestPinErrors(t *testing.T) {
	w := open(t, t.TempDir())
	_, err := w.Pin(t.Context(), "", nil)
	assert.ErrorContains(t, err, "1 to 1024 bytes")
	_, err = w.Pin(t.Context(), strings.Repeat("x", 2000), nil)
	assert.ErrorContains(t, err, "1 to 1024 bytes")
	missing, err := w.Pin(t.Context(), "C", []Pinned{{}})
	require.NoError(t, err)
	assert.Empty(t, missing)
	var many []Pinned
	for i := range 200 {
		many = append(many, Pinned{Trace: traceID(i)})
	}
	_, err = w.Pin(t.Context(), "C", many)
	require.NoError(t, err)
	c, err := w.Case("C")
	require.NoError(t, err)
	assert.Len(t, c.Traces, maxCaseTraces)
	require.NoError(t, w.Close())
	_, err = w.Pin(t.Context(), "D", many)
	assert.ErrorIs(t, err, errClosed)
	_, err = w.Traces(t.Context(), "C", []pcommon.TraceID{traceID(1)})
	assert.ErrorIs(t, err, errClosed)
}

func TestContrast(t *testing.T) {
	w := open(t, t.TempDir())
	at := func(d time.Duration, attributes map[string]any, n int) {
		td := request(start.Add(d), attributes, n)
		if attributes["fails"] != nil {
			td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Status().SetCode(2)
		}
		w.Add(td)
	}
	at(0, predicts("7", "fails", "yes"), 1)
	at(3*time.Second, predicts("7"), 2)
	at(1*time.Second, predicts("7"), 3)
	at(1*time.Millisecond, predicts("7", "fails", "yes"), 4)
	at(2*time.Millisecond, predicts("7", "ml.contract.violations", "1"), 5)
	at(-time.Minute, predicts("6"), 6)
	at(-time.Hour, predicts("5"), 7)
	at(0, map[string]any{"ml.model.name": "churn", "ml.model.version": "7", "ml.prediction.class": "x"}, 8)
	at(0, predicts("7", "deployment.environment.name", "staging"), 9)
	at(0, map[string]any{"plain": true}, 10)
	at(time.Hour, map[string]any{"plain": true}, 13)
	at(0, predicts("7", "error.type", "timeout"), 11)
	at(0, predicts("7", "ml.model.role", "shadow"), 12)

	run := func(d time.Duration, result string, n int) {
		at(d, map[string]any{"cicd.pipeline.name": "daily", "cicd.pipeline.result": result}, n)
	}
	run(-3*time.Hour, "success", 20)
	run(-2*time.Hour, "success", 21)
	run(-1*time.Hour, "failure", 22)
	run(0, "failure", 23)
	run(-time.Minute, "", 24)
	run(time.Minute, "success", 25)
	at(-2*time.Minute, map[string]any{"cicd.pipeline.name": "daily", "cicd.pipeline.result": "success", "cicd.pipeline.task.run.result": "failure"}, 26)

	same := func(n int) Pinned { return Pinned{Trace: traceID(n), Role: Contrast} }
	previous := func(n int) Pinned { return Pinned{Trace: traceID(n), Role: Previous} }
	for name, c := range map[string]struct {
		id   int
		like Like
		n    int
		want []Pinned
	}{
		"the version and any other":            {1, Like{}, 3, []Pinned{same(9), previous(6), same(3)}},
		"all there are":                        {1, Like{PreviousVersion: "5"}, 9, []Pinned{same(9), previous(7), same(3), same(2), same(12)}},
		"of an environment":                    {1, Like{Environment: "staging"}, 9, []Pinned{same(9)}},
		"of a model that the alert names":      {777, Like{Model: "churn", Around: start}, 2, []Pinned{same(8)}},
		"of a version that nobody knows":       {1, Like{Version: "8", PreviousVersion: "6"}, 2, []Pinned{previous(6)}},
		"the job's last good run":              {23, Like{}, 5, []Pinned{same(26)}},
		"of a job that the alert names":        {777, Like{Job: "daily", Around: start.Add(-3 * time.Minute)}, 1, []Pinned{same(21)}},
		"a run that comes later is no run":     {777, Like{Job: "daily", Around: start.Add(-4 * time.Hour)}, 1, []Pinned{same(20)}},
		"a trace that is not there":            {777, Like{}, 3, nil},
		"none wanted":                          {1, Like{}, 0, nil},
		"requests that are neither":            {10, Like{}, 1, []Pinned{same(13)}},
		"a model that nobody has heard of":     {1, Like{Model: "x"}, 3, nil},
		"a job that nobody has heard of":       {777, Like{Job: "x"}, 3, nil},
		"the environment is not to be guessed": {9, Like{}, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, w.Contrast(traceID(c.id), c.like, c.n))
		})
	}
}
