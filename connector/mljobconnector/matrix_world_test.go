// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/jobtest"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// world is one scenario: what is sent when, what is done to the collector, and the alerts that must
// come of it. It is made before the clock runs.
type world struct {
	*jobtest.Script
	cards  []*catalog.Job
	config map[string]any
	// begin is when the collector starts, until when it stops; until is 20 minutes after the last
	// that happens, at the least.
	begin, until time.Time
	deeds        []deed
	wants        []*want
	// counted are the runs that ml.job.run.count must have in the end, by job and outcome; nil
	// leaves metrics out. lastSuccess is the end of the run that ml.job.last_success must speak of.
	counted     map[string]map[string]int
	lastSuccess map[string]time.Time

	// ordered says that the order of the spans must be kept.
	ordered bool

	job  jobtest.Job
	skew time.Duration // of the clock of the host that trains
	runs int           // of the job so far
	past []*jobtest.Run
	// runsOf are the runs of nights; quiet leaves out the chatter.
	runsOf []*jobtest.Run
	quiet  bool
}

// deed is what is done to the collector.
type deed struct {
	at time.Time
	do func(*bench)
}

// epoch is when the clock of a synctest bubble starts.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func newWorld(seed uint64) *world {
	return &world{Script: jobtest.New(seed), config: map[string]any{"metrics_interval": "5m"}, begin: epoch.Add(55 * time.Minute)}
}

// want is an alert that must come, and everything about it that must hold.
type want struct {
	name, stage, job, environment string
	severity                      alert.Severity
	// from and by are when it must begin to fire; endFrom and endBy when it must be resolved, zero
	// if it never is.
	from, by, endFrom, endBy time.Time
	evidence                 []*jobtest.Span
	says                     []string
	notes                    map[string][]string
}

// prompt is how late what has been decided may be emitted.
const prompt = time.Second

// Waits of the default config, as the issue has them.
const (
	decision = 10 * time.Second
	absence  = 2 * time.Minute
)

func (w *world) expect(name, stage string) *want {
	x := &want{name: name, stage: stage, job: w.job.Name, severity: alert.Critical, notes: map[string][]string{}}
	if e, ok := w.job.Process.Attributes[mlconv.AttrEnvironment].(string); ok {
		x.environment = e
	}
	w.wants = append(w.wants, x)
	return x
}

// fires is when the alert must begin.
func (x *want) fires(from, by time.Time) *want {
	x.from, x.by = from, by.Add(prompt)
	return x
}

// decided is for an error: at the run's root, or within decision_wait of it.
func (x *want) decided(r *jobtest.Run) *want {
	return x.fires(r.Root.Arrives(), r.Root.Arrives().Add(decision))
}

// noticed is for what a stage itself shows, from its arrival on to the end of its run.
func (x *want) noticed(sp *jobtest.Span, r *jobtest.Run) *want {
	return x.fires(sp.Arrives(), r.Root.Arrives().Add(decision))
}

// missed is for what did not come with the run.
func (x *want) missed(r *jobtest.Run) *want {
	return x.fires(r.Root.Arrives().Add(absence), r.Root.Arrives().Add(absence))
}

// ends is when it must be resolved.
func (x *want) ends(from, by time.Time) *want {
	x.endFrom, x.endBy = from, by.Add(prompt)
	return x
}

// endsWith says that the end of a run resolves it: its root, or the last of its stages if no root
// is waited for.
func (x *want) endsWith(r *jobtest.Run) *want {
	from := r.Root.Arrives()
	if len(r.Stages) > 0 {
		from = r.Root.Start
		for _, sp := range r.Stages {
			from = latest(from, sp.Arrives())
		}
	}
	if from.After(r.Root.Arrives()) {
		from = r.Root.Arrives()
	}
	return x.ends(from, r.Root.Arrives().Add(decision))
}

// shows is the evidence; any of several.
func (x *want) shows(spans ...*jobtest.Span) *want {
	x.evidence = spans
	return x
}

// saying is what the summary must contain; separators of thousands do not count.
func (x *want) saying(words ...string) *want {
	x.says = append(x.says, words...)
	return x
}

// noting is what an annotation must contain when the alert is last seen firing.
func (x *want) noting(annotation string, words ...string) *want {
	x.notes[annotation] = append(x.notes[annotation], words...)
	return x
}

// warning sets the severity.
func (x *want) warning() *want {
	x.severity = alert.Warning
	return x
}

// of sets the job.
func (x *want) of(j jobtest.Job) *want {
	x.job, x.environment = j.Name, ""
	if e, ok := j.Process.Attributes[mlconv.AttrEnvironment].(string); ok {
		x.environment = e
	}
	return x
}

func (x *want) labels() map[string]string {
	m := map[string]string{}
	for key, value := range map[string]string{"job": x.job, "stage": x.stage, "environment": x.environment} {
		if value != "" {
			m[key] = value
		}
	}
	return m
}

// anyStage is for alerts of which the issue leaves open whether their identity has a stage.
const anyStage = "*"

// is tells whether an alert is the wanted one, by its identity.
func (x *want) is(a alert.Alert) bool {
	want, got := x.labels(), maps.Clone(a.Labels)
	if x.stage == anyStage {
		delete(want, "stage")
		delete(got, "stage")
	}
	return a.Name == x.name && maps.Equal(want, got)
}

func (x *want) String() string {
	return fmt.Sprintf("%s%v to fire in %s to %s and to end in %s to %s", x.name, x.labels(), clock(x.from), clock(x.by), clock(x.endFrom), clock(x.endBy))
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("01-02T15:04:05.0")
}

// heard is one record of an alert.
type heard struct {
	at time.Time
	alert.Alert
}

// ear takes the alerts.
type ear struct {
	mu      sync.Mutex
	deaf    bool
	records []heard
	errs    []error
}

func (e *ear) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.deaf {
		return nil
	}
	for lr := range testkit.LogRecords(ld) {
		a, err := alert.Decode(lr)
		if err != nil {
			e.errs = append(e.errs, err)
			continue
		}
		e.records = append(e.records, heard{time.Now(), a})
	}
	return nil
}

// episode is an alert from its first firing to its end.
type episode struct {
	records []heard
}

func (e *episode) first() heard { return e.records[0] }

// firing returns the last record that fires.
func (e *episode) firing() heard {
	for _, r := range slices.Backward(e.records) {
		if r.State == alert.Firing {
			return r
		}
	}
	return e.records[0]
}

// ended is when the first resolved record came; zero if none did.
func (e *episode) ended() time.Time {
	for _, r := range e.records {
		if r.State == alert.Resolved {
			return r.at
		}
	}
	return time.Time{}
}

func (e *episode) String() string {
	f := e.firing()
	return fmt.Sprintf("%s%v severity %s fired %s, ended %s: %q %v", f.Name, f.Labels, f.Severity, clock(e.first().at), clock(e.ended()), f.Summary, f.Annotations)
}

// episodes tells them apart by fingerprint and start.
func (e *ear) episodes() []*episode {
	e.mu.Lock()
	defer e.mu.Unlock()
	type key struct {
		fingerprint string
		start       time.Time
	}
	byKey := map[key]*episode{}
	var all []*episode
	for _, r := range e.records {
		k := key{r.Fingerprint(), r.StartsAt}
		if byKey[k] == nil {
			byKey[k] = &episode{}
			all = append(all, byKey[k])
		}
		byKey[k].records = append(byKey[k].records, r)
	}
	return all
}

var storageID = component.MustNewID("memory")

// bench is the connector between its pipelines, over restarts.
type bench struct {
	t       *testing.T
	w       *world
	storage *testkit.Storage
	ear     *ear
	metrics *consumertest.MetricsSink
	edges   []connector.Traces
	// past are the ears of collectors that were stopped or killed, in order; up the times at which
	// one ran.
	past []*ear
	up   []span
	// queued are requests that came while the collector was down: their senders try again.
	queued []ptrace.Traces
}

type span struct{ from, to time.Time }

func (b *bench) start() {
	t := b.t
	factory := mljobconnector.NewFactory()
	cfg := factory.CreateDefaultConfig()
	settings := map[string]any{"storage": storageID.String()}
	maps.Copy(settings, b.w.config)
	require.NoError(t, confmap.NewFromStringMap(settings).Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	h := testkit.Host{storageID: b.storage, catalogtest.ID: catalogtest.NewExtension(catalog.NewSet(nil, b.w.cards))}
	set := connectortest.NewNopSettings(factory.Type())
	b.ear, b.metrics = &ear{}, &consumertest.MetricsSink{}
	logs, err := consumer.NewLogs(b.ear.ConsumeLogs)
	require.NoError(t, err)
	edge, err := factory.CreateTracesToLogs(t.Context(), set, cfg, logs)
	require.NoError(t, err)
	b.edges = []connector.Traces{edge}
	if b.w.counted != nil {
		edge, err := factory.CreateTracesToMetrics(t.Context(), set, cfg, b.metrics)
		require.NoError(t, err)
		b.edges = append(b.edges, edge)
	}
	for _, edge := range b.edges {
		require.NoError(t, edge.Start(t.Context(), h))
	}
	b.up = append(b.up, span{from: time.Now()})
	queued := b.queued
	b.queued = nil
	for _, td := range queued {
		b.send(td)
	}
}

// send delivers a request to every edge, as the fan-out of a pipeline does.
func (b *bench) send(td ptrace.Traces) {
	if len(b.edges) == 0 {
		b.queued = append(b.queued, td)
	}
	for _, edge := range b.edges {
		require.NoError(b.t, edge.ConsumeTraces(b.t.Context(), td))
	}
}

// stop shuts the collector down.
func (b *bench) stop() {
	for _, edge := range b.edges {
		require.NoError(b.t, edge.Shutdown(context.Background()))
	}
	b.past, b.edges = append(b.past, b.ear), nil
	b.up[len(b.up)-1].to = time.Now()
}

// kill is kill -9: nothing that the collector does from now on is seen.
func (b *bench) kill() {
	b.ear.mu.Lock()
	b.ear.deaf = true
	b.ear.mu.Unlock()
	stored := b.storage.Copy()
	b.stop()
	b.storage = stored
}

func (w *world) restart(at time.Time, away time.Duration) {
	w.deeds = append(w.deeds, deed{at, (*bench).stop}, deed{at.Add(away), (*bench).start})
}

func (w *world) kill(at time.Time, away time.Duration) {
	w.deeds = append(w.deeds, deed{at, (*bench).kill}, deed{at.Add(away), (*bench).start})
}

// shake changes what must not matter: the order of spans that arrive together, how many are in a
// request, spans that come again, and that the collector is killed three times, unless something is
// done to it at that time anyway.
func (w *world) shake(seed uint64) {
	r := rand.New(rand.NewPCG(seed, 4))
	w.Shuffled, w.Singly = true, r.IntN(2) == 0
	end := w.begin
	for _, sp := range w.Spans() {
		if r.IntN(3) == 0 {
			sp.Again(time.Duration(r.IntN(600)) * time.Second)
		}
		end = latest(end, sp.Arrives())
	}
	const kills = 3
	between := end.Add(10*time.Minute).Sub(w.begin) / kills
	done := slices.Clone(w.deeds)
	for i := range kills {
		at := w.begin.Add(time.Minute + time.Duration(i)*between + time.Duration(r.Int64N(int64(between-time.Minute))))
		if !slices.ContainsFunc(done, func(d deed) bool { return at.Sub(d.at).Abs() < 90*time.Minute }) {
			w.kill(at, 900*time.Millisecond)
		}
	}
}

// play runs the scenario inside a synctest bubble.
func (w *world) play(t *testing.T) *bench {
	require.Equal(t, epoch, time.Now().UTC())
	b := &bench{t: t, w: w, storage: testkit.NewStorage(nil)}
	for _, batch := range w.Batches() {
		w.deeds = append(w.deeds, deed{batch.At, func(b *bench) { b.send(batch.Traces) }})
	}
	slices.SortStableFunc(w.deeds, func(x, y deed) int { return x.at.Compare(y.at) })
	time.Sleep(time.Until(w.begin))
	b.start()
	for _, d := range w.deeds {
		testkit.Advance(time.Until(d.at))
		d.do(b)
	}
	w.until = latest(w.until, time.Now().Add(20*time.Minute))
	testkit.Advance(time.Until(w.until))
	b.stop()
	return b
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// heard joins the alerts of all collectors.
func (b *bench) heard() *ear {
	all := &ear{}
	for _, e := range b.past {
		all.records = append(all.records, e.records...)
		all.errs = append(all.errs, e.errs...)
	}
	return all
}

// running tells whether a collector ran all the time.
func (b *bench) running(from, to time.Time) bool {
	return slices.ContainsFunc(b.up, func(s span) bool { return !s.from.After(from) && !to.After(s.to) })
}

// plain takes separators of thousands out.
var plain = strings.NewReplacer(",", "", "_", "", "\u202f", "", "\u00a0", "", "'", "")

func says(text, word string) bool {
	return strings.Contains(strings.ToLower(plain.Replace(text)), strings.ToLower(plain.Replace(word)))
}

// sortedKeys for messages.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
