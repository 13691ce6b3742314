// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// goldenStates are stores of which all tell the same story: seven good runs, one that failed (its
// alert fires) and one that goes on, of a job with a card, and a run without a job. state-1 is as
// runs and histories of format 1 were written on 2026-11-28, state-2 as those of format 2 were before
// jobs knew when they became known, state-3 as they are.
// UPDATE_GOLDEN=1 writes the last one anew, which a new format must not need.
var goldenStates = []string{"testdata/state-1.json", "testdata/state-2.json", "testdata/state-3.json"}

func goldenCard() *catalog.Job {
	return &catalog.Job{
		Name: "daily", Environment: "prod", Every: 24 * time.Hour, Timezone: time.UTC, Owner: "ml@example.com",
		Alerts: catalog.Alerts{Severity: "critical", Runbook: "https://example.com/r"},
		Stages: []catalog.Stage{{Name: "build"}, {Name: "train", After: []string{"build"}, Heartbeat: time.Hour}},
	}
}

func goldenRig(t *testing.T) *rig {
	t.Helper()
	return &rig{
		t: t, options: options(goldenCard()), store: newMemory(), now: day0,
		emitted: map[identity]alert.Alert{}, sends: map[identity]int{},
	}
}

// tellGoldenStory fills the store.
func (r *rig) tellGoldenStory() {
	r.t.Helper()
	r.start()
	for i := range 9 {
		o := of{job: "daily", environment: "prod", id: "run-" + string(rune('a'+i)), date: r.now.Format(time.DateOnly), trace: i + 1, start: r.now}
		build := o.stage(2, "build", run.Success, r.now, r.now.Add(time.Minute))
		build.RowsIn, build.RowsOut, build.NullRatios = 1000, 900, []run.Value{{Name: "amount", Value: 0.01}}
		train := o.stage(3, "train", run.Success, r.now.Add(time.Minute), r.now.Add(10*time.Minute))
		train.Metrics, train.Instance, train.Instances, train.Attempt = []run.Value{{Name: "auc", Value: 0.9}}, "0", 1, 1
		end := r.now.Add(10 * time.Minute)
		switch i {
		case 7: // it fails, with a cause
			train.Outcome, train.ExceptionType, train.Message, train.Explicit = run.Failure, "IOError", "disk full", true
			cause := o.inner(4, end)
			cause.ParentID, cause.Outcome, cause.Name, cause.Message = train.SpanID, run.Error, "write", "no space left"
			r.pass(10 * time.Minute)
			r.observe(build, cause, train, o.root(run.Failure, end))
		case 8: // it goes on
			epoch := o.inner(5, r.now.Add(2*time.Minute))
			epoch.Task, epoch.RowsIn = "train", 17
			r.pass(2 * time.Minute)
			r.observe(build, epoch)
		default:
			r.pass(10 * time.Minute)
			r.observe(build, train, o.root(run.Success, end))
		}
		if i < 8 {
			r.pass(24*time.Hour - 10*time.Minute)
		}
	}
	nameless := run.Span{Kind: run.KindStage, TraceID: trace(77), SpanID: span(78), Task: "alone", Outcome: run.Success, Start: r.now, End: r.now, RowsIn: -1, RowsOut: -1}
	r.observe(nameless)
	r.pass(2 * time.Minute)
}

// rewritten loads a store and writes every record of it anew; as if it were old, without what state-2
// does not know.
func rewritten(t *testing.T, values map[string][]byte, now time.Time, old bool) map[string][]byte {
	t.Helper()
	r := goldenRig(t)
	r.store.values, r.now = maps.Clone(values), now
	r.w = New(r.options)
	failed, err := r.w.Load(context.Background(), r.store, r.now)
	require.NoError(t, err)
	require.Empty(t, failed, "nothing is set aside")
	for _, j := range r.w.jobs {
		if old {
			j.came, j.since = time.Time{}, time.Time{}
			for i := range j.past.forgotten {
				j.past.forgotten[i] &^= fateBits
			}
		}
		r.w.records.Change(j)
		r.w.records.Change(j.past)
	}
	for _, x := range r.w.index.runs {
		r.w.records.Change(x)
	}
	for _, x := range r.w.index.anonymous {
		r.w.records.Change(x)
	}
	for _, e := range r.w.ledger.alerts.All() {
		r.w.records.Change(e)
	}
	r.store.values = map[string][]byte{}
	require.NoError(t, r.w.records.Write(context.Background()))
	r.store.values[keyMeta] = meta{r.w.down, r.w.liveness.lastAt(), r.w.outage.resumedAt}.encode()
	r.store.values[keyServices] = r.w.liveness.encode()
	return r.store.values
}

// TestGoldenState reads what earlier versions stored: nothing is set aside, and all of it goes on.
func TestGoldenState(t *testing.T) {
	if os.Getenv("UPDATE_GOLDEN") != "" {
		r := goldenRig(t)
		r.tellGoldenStory()
		data, err := json.MarshalIndent(struct {
			Now    time.Time
			Values map[string][]byte
		}{r.now, r.store.values}, "", " ")
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(goldenStates[len(goldenStates)-1], append(data, '\n'), 0o600))
	}
	for _, file := range goldenStates {
		t.Run(file, func(t *testing.T) { readGoldenState(t, file) })
	}
}

func readGoldenState(t *testing.T, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var stored struct {
		Now    time.Time
		Values map[string][]byte
	}
	require.NoError(t, json.Unmarshal(data, &stored))

	// All that was stored is what the same story stores today.
	told := goldenRig(t)
	told.tellGoldenStory()
	kinds := map[string]int{}
	old := file != goldenStates[len(goldenStates)-1]
	want := rewritten(t, told.store.values, told.now, old)
	for key, value := range rewritten(t, stored.Values, stored.Now, old) {
		kinds[strings.Split(key, "/")[0]]++
		assert.Equal(t, want[key], value, key)
		assert.Contains(t, told.store.values, key)
	}
	assert.Equal(t, map[string]int{"alert": 1, "history": 1, "job": 1, "run": 2, "meta": 1, "services": 1}, kinds)

	r := goldenRig(t)
	r.store.values, r.now = stored.Values, stored.Now.Add(time.Minute)
	r.w = New(r.options)
	failed, err := r.w.Load(context.Background(), r.store, r.now)
	require.NoError(t, err)
	assert.Empty(t, failed, "nothing is set aside")
	r.tick()
	assert.Equal(t, []string{"JobFailed daily prod train"}, r.active())
	a := r.last("JobFailed daily prod train")
	assert.Equal(t, "run-h", a.Annotations["run_id"])
	assert.Contains(t, a.Summary, "no space left")
	own := r.w.SelfStats()
	assert.Equal(t, 1, own.Jobs)
	assert.False(t, r.w.jobs[run.Key{Environment: "prod", Job: "daily"}].since.IsZero(), "its good runs are known")
	assert.Equal(t, 2, own.OpenRuns, "the one that goes on and the one without a job")

	// The run that goes on is the one that was stored: its build stage is known, and its good end
	// ends the alert.
	o := of{job: "daily", environment: "prod", id: "run-i", trace: 9, start: r.now}
	r.observe(o.stage(3, "train", run.Success, r.now, r.now), o.root(run.Success, r.now))
	r.pass(10 * time.Minute)
	assert.Empty(t, r.active())
	assert.Equal(t, uint64(1), r.w.Stats(r.now)[0].Runs[run.Success])
}
