//go:build hostile

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
	"github.com/otelcol-ml/otelcol-ml/test/internal/traffic"
)

// The healthy models and jobs. Of those in pairs the first has a card, the second only a history.
const (
	modelKnown = "recommender" // traffic.Model has the card

	jobCarded, jobKnown         = "training", "report"
	openCarded, openKnown       = "fine_tuning", "backfill" // one run goes on all the time, and fails at the end
	jobDuring, jobAfter         = "export", "import"        // fail while the attack goes on, and after it
	perRound, labelledPerRound  = 40, 20
	historyRuns                 = 6
	stageTakes                  = 50 * time.Millisecond
	failedStage, lastGoodStages = "train", 3 // traffic.Stages[3] is failedStage
)

var jobs = []string{jobCarded, jobKnown, openCarded, openKnown, jobDuring, jobAfter}

// writeCards writes the cards of the healthy models and jobs.
func writeCards(t *testing.T, dir string) {
	t.Helper()
	require.NoError(t, traffic.WriteCatalog(dir, 1))
	for _, job := range []string{jobCarded, openCarded} {
		card := fmt.Sprintf("kind: job\nname: %s\nowner: risk-ml@example.com\nstages: [%s]\n", job, joined(traffic.Stages))
		require.NoError(t, os.WriteFile(filepath.Join(dir, job+".yaml"), []byte(card), 0o600))
	}
}

func joined(names []string) string {
	var b bytes.Buffer
	for i, name := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "{name: %s}", name)
	}
	return b.String()
}

// healthy is the traffic of which nothing may be lost, and what it must lead to.
type healthy struct {
	s  *site
	mu sync.Mutex
	n  uint64 // rounds
	// predictions are those that were sent, by model; labelled those with a label.
	predictions map[string]int
	labelled    int
	// runs are those that have ended since the collector was started, by job: they are not kept.
	runs map[string]int
	// failed are the ids of the runs that have failed, by job.
	failed map[string]string
	open   map[string][]ptrace.Traces
	// late are predictions from before the attack whose labels come after it.
	late []string
}

func newHealthy(s *site) *healthy {
	return &healthy{s: s, predictions: map[string]int{}, runs: map[string]int{}, failed: map[string]string{}, open: map[string][]ptrace.Traces{}}
}

// started notes that the collector's counts of runs begin at zero.
func (h *healthy) started() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.runs)
}

// prepare gives jobs a history, and begins the runs that go on under the attack.
func (h *healthy) prepare() {
	for range historyRuns {
		h.round()
	}
	for i, job := range []string{openCarded, openKnown} {
		requests := h.run(job, "open-"+job, uint64(i), failedStage).Requests()
		h.s.send(requests[:lastGoodStages]...)
		h.open[job] = requests[lastGoodStages:]
	}
}

// round is predictions of each model, labels of some, and a good run of each job.
func (h *healthy) round() {
	h.mu.Lock()
	n := h.n
	h.n++
	h.mu.Unlock()

	carded := traffic.Spans(n, time.Now().Add(-time.Second), time.Millisecond, perRound, 0)
	var ids []string
	for i, span := range carded[0].ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		id := fmt.Sprintf("prediction-%d-%d", n, i)
		span.Attributes().PutStr(mlconv.AttrPredictionID, id)
		ids = append(ids, id)
	}
	h.s.send(carded...)
	known := ptrace.NewTraces()
	carded[0].CopyTo(known)
	for i, span := range known.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		span.Attributes().PutStr(mlconv.AttrModelName, modelKnown)
		span.Attributes().PutStr(mlconv.AttrPredictionID, fmt.Sprintf("known-%d-%d", n, i))
		span.SetSpanID(pcommon.SpanID([]byte(fmt.Sprintf("%08d", (int(n)*perRound+i)%1e8))))
	}
	h.s.send(known)
	h.sendLabels(ids[:labelledPerRound])
	if n < historyRuns {
		h.late = append(h.late, ids[labelledPerRound:]...)
	}
	h.add(func() {
		h.predictions[traffic.Model] += perRound
		h.predictions[modelKnown] += perRound
		h.labelled += labelledPerRound
	})
	for i, job := range jobs {
		if h.hasFailed(job) {
			continue
		}
		h.s.send(h.run(job, fmt.Sprintf("%s-%d", job, n), n*16+uint64(i)+1000, "").Requests()...)
		h.add(func() { h.runs[job]++ })
	}
}

// add changes what is wanted.
func (h *healthy) add(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
}

func (h *healthy) hasFailed(job string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, failed := h.failed[job]
	return failed
}

// run is a run of a job that has just ended.
func (h *healthy) run(job, id string, seed uint64, fails string) traffic.JobRun {
	return traffic.JobRun{
		Seed: seed, Job: job, RunID: id, Start: time.Now().Add(-stageTakes * time.Duration(len(traffic.Stages))), Stage: stageTakes, Fails: fails, Rows: 1000,
	}
}

// fails lets a run of a job fail, of which there are no more runs after that.
func (h *healthy) fails(job string) {
	id := "failing-" + job
	h.add(func() { h.failed[job] = id })
	h.s.send(h.run(job, id, 7, failedStage).Requests()...)
	h.add(func() { h.runs[job]++ })
}

// finish ends the runs that went on under the attack, and lets one fail after it.
func (h *healthy) finish() {
	for _, job := range []string{openCarded, openKnown} {
		h.add(func() { h.failed[job] = "open-" + job })
		h.s.send(h.open[job]...)
		h.add(func() { h.runs[job]++ })
	}
	h.fails(jobAfter)
	h.sendLabels(h.late)
	h.add(func() { h.labelled += len(h.late) })
	h.round()
}

// sendLabels sends the labels of predictions until they are taken.
func (h *healthy) sendLabels(ids []string) {
	var body bytes.Buffer
	for _, id := range ids {
		line, _ := json.Marshal(map[string]string{"prediction_id": id, "label": "ok", "label_time": time.Now().UTC().Format(time.RFC3339)})
		body.Write(append(line, '\n'))
	}
	for begun := time.Now(); ; <-time.After(100 * time.Millisecond) {
		code, answer := h.s.post("http://"+h.s.labels+"/v1/ground-truth", "application/x-ndjson", body.Bytes())
		if code/100 == 2 {
			return
		}
		if code != http.StatusTooManyRequests && code != http.StatusServiceUnavailable || time.Since(begun) > patience {
			h.s.t.Errorf("labels were not taken: %d %s", code, answer)
			return
		}
	}
}

// missing says what is not as it must be, yet.
func (h *healthy) missing() []string {
	page := h.s.page()
	alerts := h.s.alerts()
	h.mu.Lock()
	defer h.mu.Unlock()
	var missing []string
	want := func(what string, want int, got float64) {
		if got != float64(want) {
			missing = append(missing, fmt.Sprintf("%s: want %d, got %v", what, want, got))
		}
	}
	for _, model := range slices.Sorted(maps.Keys(h.predictions)) {
		want("predictions of "+model, h.predictions[model], sum(page, "ml_prediction_count_total", `ml_model_name="`+model+`"`))
	}
	want("predictions with a label", h.labelled, sum(page, "ml_evaluation_count", `ml_model_name="`+traffic.Model+`"`))
	for _, job := range jobs {
		want("runs of "+job, h.runs[job], sum(page, "ml_job_run_count_total", `cicd_pipeline_name="`+job+`"`))
	}
	for _, job := range slices.Sorted(maps.Keys(h.failed)) {
		found := 0
		for _, a := range alerts {
			if a.Name == "JobFailed" && a.Labels["job"] == job && a.Labels["stage"] == failedStage && a.Annotations["run_id"] == h.failed[job] {
				found++
			}
		}
		if found == 0 {
			missing = append(missing, fmt.Sprintf("no alert on the failed run %s of %s", h.failed[job], job))
		}
	}
	for _, a := range alerts {
		job, model := a.Labels["job"], a.Labels["model"]
		if slices.Contains(jobs, job) && (a.Name != "JobFailed" || h.failed[job] == "") || model == traffic.Model || model == modelKnown {
			missing = append(missing, fmt.Sprintf("an alert that nobody wants: %s %v: %s", a.Name, a.Labels, a.Summary))
		}
	}
	return missing
}

// alerts are all that were emitted, each as it was emitted first.
func (s *site) alerts() []alert.Alert {
	files, err := filepath.Glob(filepath.Join(s.alertsDir, "alerts*.json"))
	require.NoError(s.t, err)
	var all []alert.Alert
	seen := map[string]bool{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // it was rotated meanwhile
		}
		for _, line := range harness.Documents(content) {
			logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
			if !assert.NoError(s.t, err) {
				continue
			}
			for _, rl := range logs.ResourceLogs().All() {
				for _, sl := range rl.ScopeLogs().All() {
					for _, record := range sl.LogRecords().All() {
						a, err := alert.Decode(record)
						if !assert.NoError(s.t, err) {
							continue
						}
						if id := fmt.Sprint(a.Fingerprint(), a.StartsAt, a.Annotations["run_id"]); !seen[id] {
							seen[id] = true
							all = append(all, a)
						}
					}
				}
			}
		}
	}
	return all
}

// madeUp numbers what is made up.
var madeUp atomic.Uint64

// spansOf is requests with n spans of a prediction each; set changes the i-th. Without it each is
// of a model, and of a job, that has a name of its own.
func spansOf(n int, set func(i int, resource pcommon.Resource, span ptrace.Span)) []ptrace.Traces {
	var requests []ptrace.Traces
	for i := range n {
		if i%200 == 0 {
			requests = append(requests, ptrace.NewTraces())
		}
		rs := requests[len(requests)-1].ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", "stranger")
		span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		id := madeUp.Add(1)
		now := time.Now()
		span.SetName("predict")
		span.SetTraceID(pcommon.TraceID([]byte(fmt.Sprintf("%016d", id))))
		span.SetSpanID(pcommon.SpanID([]byte(fmt.Sprintf("%08d", id%1e8))))
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(-time.Millisecond)))
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(now))
		if set != nil {
			set(i, rs.Resource(), span)
			continue
		}
		span.Attributes().PutStr(mlconv.AttrModelName, fmt.Sprintf("made-up-%d", id))
		span.Attributes().PutStr(mlconv.AttrPredictionClass, "ok")
		span.Attributes().PutStr(mlconv.AttrPipelineName, fmt.Sprintf("made-up-%d", id))
	}
	return requests
}
