//go:build hostile

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
	"github.com/otelcol-ml/otelcol-ml/test/internal/traffic"
)

// books say what the totals may be after each kill:
//
//	what the first emission of a life says ─┐
//	+ what was acknowledged in time ────────┼─ at least ┐
//	+ all that was sent ────────────────────┴─ at most ─┴─► the first emission of the next life
//
// In time is longer before the kill than what a kill may cost. Beside the totals there are cells:
// predictions of a quarter of a second, of which each has a total of its own.
type books struct {
	t *testing.T
	// once says that what is sent again counts once.
	once bool

	mu     sync.Mutex // guards the following
	life   *life
	sent   []*attempt // in this life
	totals map[string]*total
	// least and most are what the cells must and may have.
	least, most map[string]float64
	cells       map[string]float64 // as of the last emission
	all         map[string]float64 // that may have counted, of all time, by total
	emitted     time.Time          // the last emission of this life
	longest     time.Duration      // the longest time between two of them, or before the first
	lost, worst float64
	unsure      int
	kills       int
	allowance   time.Duration
}

// amounts are numbers of predictions, by total and by cell.
type amounts struct {
	totals, cells map[string]float64
	// safe says that they were acknowledged early enough before a kill; books.mu guards it.
	safe bool
}

// window is before the name of a feature: the total is that of its window.
const window = "window of "

// of is what counts for a total.
func (a *amounts) of(name string) float64 { return a.totals[strings.TrimPrefix(name, window)] }

// amountsOf are those of so many predictions of a cell.
func amountsOf(cell string, n float64) *amounts {
	out := &amounts{totals: map[string]float64{}, cells: map[string]float64{cell: n}}
	for _, name := range []string{"predictions", "amount", "age", "country", killsFeature} {
		out.totals[name] = n
	}
	return out
}

func (a *amounts) addTo(totals, cells map[string]float64) {
	for name, n := range a.totals {
		totals[name] += n
	}
	for cell, n := range a.cells {
		cells[cell] += n
	}
}

// attempt is a request that was sent to a process once.
type attempt struct {
	*amounts

	life *life
	// again says that it was sent to a process before, and counts once.
	again bool
	acked time.Time // zero where it was not acknowledged
}

// total is what is known of one of the totals.
type total struct {
	least, most float64
	// acked is what was acknowledged.
	acked float64
	// base is what the first emission of this life has said; said is false where there was none.
	base float64
	said bool
	last float64
}

func newBooks(t *testing.T) *books {
	t.Helper()
	return &books{t: t, totals: map[string]*total{}, least: map[string]float64{}, most: map[string]float64{}, all: map[string]float64{}}
}

// open begins a life.
func (b *books) open(l *life) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.life, b.sent, b.emitted, b.longest = l, nil, time.Time{}, 0
	for _, s := range b.totals {
		s.said, s.last = false, 0
	}
}

// begin notes that a request is sent to a process; nil where that is dead already.
func (b *books) begin(l *life, sent *amounts, again bool) *attempt {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l != b.life {
		return nil
	}
	a := &attempt{amounts: sent, life: l, again: again && b.once}
	if !b.once {
		a.addTo(b.all, b.most)
	}
	b.sent = append(b.sent, a)
	return a
}

// unique notes a request that counts once, however often it is sent.
func (b *books) unique(sent *amounts) {
	b.mu.Lock()
	defer b.mu.Unlock()
	sent.addTo(b.all, b.most)
}

func (b *books) acknowledged(a *attempt) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a.life == b.life {
		a.acked = time.Now()
	}
}

// shut ends a life. What a kill costs is what was acknowledged less than bound before it, and as
// much longer as the process itself was late.
func (b *books) shut(l *life, bound time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	inTime := time.Now()
	if !l.killed.IsZero() {
		b.kills++
		since := b.emitted
		if since.IsZero() {
			since = l.begun
		}
		b.longest = max(b.longest, l.killed.Sub(since))
		late := 100*time.Millisecond + 3*max(0, b.longest-killsEmit)
		b.allowance = max(b.allowance, late)
		inTime = l.killed.Add(-bound - late)
	}
	for _, a := range b.sent {
		if a.acked.IsZero() {
			b.unsure++
		}
		if !a.acked.IsZero() && a.acked.Before(inTime) && !a.safe {
			a.safe = true
			for cell, n := range a.cells {
				b.least[cell] += n
			}
		}
	}
	for name, s := range b.totals {
		for _, a := range b.sent {
			s.most += a.of(name)
			if !a.acked.IsZero() {
				s.acked += a.of(name)
			}
			if !a.acked.IsZero() && a.acked.Before(inTime) && !a.again {
				s.least += a.of(name)
			}
		}
	}
	b.life = nil
}

// observe takes what a process says.
func (b *books) observe(n int, said *amounts) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.life == nil || b.life.n != n {
		return // it came late
	}
	if !b.emitted.IsZero() {
		b.longest = max(b.longest, now.Sub(b.emitted))
	}
	b.emitted = now
	for name, value := range said.totals {
		sent := 0.0
		for _, a := range b.sent {
			sent += a.of(name)
		}
		all := b.all[strings.TrimPrefix(name, window)]
		s := b.totals[name]
		if s == nil {
			s = &total{most: all}
			b.totals[name] = s
		}
		if !s.said {
			assert.GreaterOrEqual(b.t, value, s.least, "life %d: %s: too much is lost", n, name)
			assert.LessOrEqual(b.t, value, s.most+sent, "life %d: %s: something counts twice", n, name)
			if name == "predictions" {
				b.lost += max(0, s.acked-value)
				b.worst = max(b.worst, s.acked-value)
			}
			// What this life has been sent may be in it, in memory.
			s.base, s.said = value, true
			s.least, s.most, s.acked = max(s.least, value-sent), min(s.most, value), value
		}
		assert.GreaterOrEqual(b.t, value, s.last, "life %d: %s steps back", n, name)
		assert.LessOrEqual(b.t, value, s.base+sent, "life %d: %s: something counts twice", n, name)
		assert.LessOrEqual(b.t, value, all, "life %d: %s is more than was ever sent", n, name)
		s.last = value
	}
	if len(said.cells) > 0 {
		for cell, value := range said.cells {
			assert.LessOrEqual(b.t, value, b.most[cell], "life %d: %s counts twice", n, cell)
		}
		b.cells = said.cells
	}
}

// seen reports whether this life has said its totals.
func (b *books) seen() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.totals {
		if !s.said {
			return false
		}
	}
	return true
}

// values are the totals as they were said last.
func (b *books) values() map[string]float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string]float64{}
	for name, s := range b.totals {
		out[name] = s.last
	}
	return out
}

// finish looks at what was said last, after an end in order.
func (b *books) finish() {
	b.mu.Lock()
	defer b.mu.Unlock()
	assert.Len(b.t, b.totals, 9, "%v", slices.Collect(maps.Keys(b.totals)))
	for name, s := range b.totals {
		assert.GreaterOrEqual(b.t, s.last, s.least, "at the end: %s: too much is lost", name)
		assert.LessOrEqual(b.t, s.last, s.most, "at the end: %s: something counts twice", name)
	}
	for cell, most := range b.most {
		assert.GreaterOrEqual(b.t, b.cells[cell], b.least[cell], "at the end: %s: too much is lost", cell)
		assert.LessOrEqual(b.t, b.cells[cell], most, "at the end: %s counts twice", cell)
	}
}

// report says what was lost.
func (b *books) report(bound time.Duration) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return sentence(
		fmt.Sprintf("%.0f predictions sent, %.0f of them acknowledged and lost, %.0f at most from one emission to the next life's", b.all["predictions"], b.lost, b.worst),
		fmt.Sprintf("where %v of traffic may be, and %v for a slow machine", bound, b.allowance),
		fmt.Sprintf("%d requests on their way at a kill", b.unsure),
	)
}

// runBooks say what becomes of runs.
type runBooks struct {
	t *testing.T

	mu      sync.Mutex // guards the following
	changed chan struct{}
	// stages are where runs fail, by id; empty for a good one.
	stages map[string]string
	// states are the last ones of the alerts, by the run that they began with.
	states map[string]alert.State
	begun  map[string]time.Time
	// active are runs whose alerts fire, by fingerprint.
	active map[string]string
	newest int // the life that has said something last
	// expected are the runs by job and result, counted those by life as well.
	expected map[string]float64
	counted  map[string]map[int]float64
	success  map[string]float64
}

func newRunBooks(t *testing.T) *runBooks {
	t.Helper()
	return &runBooks{
		t: t, changed: make(chan struct{}), stages: map[string]string{}, states: map[string]alert.State{}, begun: map[string]time.Time{},
		active: map[string]string{}, expected: map[string]float64{}, counted: map[string]map[int]float64{}, success: map[string]float64{},
	}
}

// expect notes a run before it is sent.
func (b *runBooks) expect(run traffic.JobRun) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stages[run.RunID] = run.Fails
	result := "success"
	if run.Fails != "" {
		result = "failure"
	}
	b.expected[run.Job+" "+result]++
}

// alert takes alerts.
func (b *runBooks) alert(l int, alerts []alert.Alert) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l < b.newest {
		return // of a process that is dead: it came late
	}
	b.newest = l
	for i := range alerts {
		b.take(l, &alerts[i])
	}
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *runBooks) take(l int, a *alert.Alert) {
	run := a.Annotations["run_id"]
	what := fmt.Sprintf("life %d: %s of %s, %v since %v", l, a.Name, run, a.State, a.StartsAt)
	if !assert.Equal(b.t, "JobFailed", a.Name, what+": "+a.Summary) || !assert.NotEmpty(b.t, b.stages[run], what+": the run was good") {
		return
	}
	assert.Equal(b.t, b.stages[run], a.Labels["stage"], what)
	if first, known := b.begun[run]; known {
		assert.Equal(b.t, first, a.StartsAt, what+": it begins twice")
	}
	b.begun[run] = a.StartsAt
	fingerprint := a.Fingerprint()
	if a.State == alert.Resolved {
		if b.active[fingerprint] == run {
			delete(b.active, fingerprint)
		}
		b.states[run] = a.State
		return
	}
	assert.NotEqual(b.t, alert.Resolved, b.states[run], what+": it was over")
	if other := b.active[fingerprint]; other != "" {
		assert.Equal(b.t, other, run, what+": the one before is not over")
	}
	b.active[fingerprint] = run
	b.states[run] = a.State
}

// wait waits for the alert on a run to be in a state.
func (b *runBooks) wait(run string, state alert.State) bool {
	deadline := time.After(patience)
	for {
		b.mu.Lock()
		is, changed := b.states[run], b.changed
		b.mu.Unlock()
		if is == state {
			return true
		}
		select {
		case <-changed:
		case <-b.t.Context().Done():
			return false
		case <-deadline:
			return assert.Fail(b.t, "no alert", "%s: want %v, is %q", run, state, is)
		}
		if b.t.Failed() {
			return false
		}
	}
}

// count takes the counts of runs, which begin at zero with each process.
func (b *runBooks) count(l int, md pmetric.Metrics) {
	b.mu.Lock()
	defer b.mu.Unlock()
	eachPoint(md, mlconv.MetricJobRunCount, func(p pmetric.NumberDataPoint) {
		job, _ := p.Attributes().Get(mlconv.AttrPipelineName)
		result, _ := p.Attributes().Get(mlconv.AttrPipelineResult)
		key := job.Str() + " " + result.Str()
		if b.counted[key] == nil {
			b.counted[key] = map[int]float64{}
		}
		b.counted[key][l] = max(b.counted[key][l], float64(p.IntValue()))
	})
	eachPoint(md, mlconv.MetricJobLastSuccess, func(p pmetric.NumberDataPoint) {
		job, _ := p.Attributes().Get(mlconv.AttrPipelineName)
		if l == b.newest {
			assert.GreaterOrEqual(b.t, p.DoubleValue(), b.success[job.Str()], "life %d: the last success of %s steps back", l, job.Str())
		}
		b.success[job.Str()] = max(b.success[job.Str()], p.DoubleValue())
	})
}

// totals are the runs that were counted, of all lives, by job and result.
func (b *runBooks) totals() map[string]float64 {
	out := map[string]float64{}
	for key, byLife := range b.counted {
		for _, n := range byLife {
			out[key] += n
		}
	}
	return out
}

// finish looks at everything at the end.
func (b *runBooks) finish() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for key, n := range b.totals() {
		assert.LessOrEqual(b.t, n, b.expected[key], "runs count twice: %s", key)
	}
	for run, stage := range b.stages {
		if stage != "" {
			assert.Equal(b.t, alert.Resolved, b.states[run], run)
		}
	}
	assert.Empty(b.t, b.active)
}

// report says what was alerted.
func (b *runBooks) report() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	sent, counted := 0.0, 0.0
	for _, n := range b.expected {
		sent += n
	}
	for _, n := range b.totals() {
		counted += n
	}
	return sentence(fmt.Sprintf("%d alerts, each with one beginning and one end", len(b.begun)), fmt.Sprintf("%.0f runs, of which %.0f were counted before a kill", sent, counted))
}

// driftBooks say what becomes of the alerts on a model that drifts now and then.
type driftBooks struct {
	t *testing.T

	mu     sync.Mutex // guards the following
	newest int
	// alerts are the latest of each fingerprint, begun how many of it there were.
	alerts map[string]alert.Alert
	begun  map[string]int
}

func newDriftBooks(t *testing.T) *driftBooks {
	t.Helper()
	return &driftBooks{t: t, alerts: map[string]alert.Alert{}, begun: map[string]int{}}
}

// alert takes alerts: one begins where the one before is over, later than that one, and does not fire
// again after its end.
func (b *driftBooks) alert(l int, alerts []alert.Alert) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l < b.newest {
		return
	}
	b.newest = l
	for _, a := range alerts {
		id := a.Fingerprint()
		before, known := b.alerts[id]
		what := fmt.Sprintf("life %d: %s of %v, %v since %v", l, a.Name, a.Labels, a.State, a.StartsAt)
		switch {
		case known && a.StartsAt.Before(before.StartsAt):
			assert.Equal(b.t, alert.Resolved, a.State, what+": there is a newer one since %v", before.StartsAt)
			continue
		case known && a.StartsAt.Equal(before.StartsAt):
			if before.State == alert.Resolved {
				assert.Equal(b.t, alert.Resolved, a.State, what+": it was over")
			}
		case known:
			assert.Equal(b.t, alert.Resolved, before.State, what+": the one before, since %v, is not over", before.StartsAt)
			b.begun[id]++
		default:
			b.begun[id]++
		}
		b.alerts[id] = a
	}
}

// is reports whether the alert number n on the feature that drifts is in a state.
func (b *driftBooks) is(n int, state alert.State) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, a := range b.alerts {
		if a.Labels["feature"] == "amount" && a.Name == "FeatureDrift" {
			return b.begun[id] > n && a.State == state
		}
	}
	return false
}

// finish looks at everything at the end.
func (b *driftBooks) finish() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range b.alerts {
		if a.Labels["feature"] == "amount" {
			assert.Equal(b.t, alert.Resolved, a.State, "%s of %v", a.Name, a.Labels)
		}
	}
}

// report says how many there were.
func (b *driftBooks) report() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	total, features := 0, map[string]int{}
	for id, n := range b.begun {
		total += n
		features[b.alerts[id].Name+" "+b.alerts[id].Labels["feature"]] += n
	}
	return fmt.Sprintf("%d drifts, each with one beginning and one end, of %v", total, features)
}
