// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/alertmanager/pkg/labels"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/evidence"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/guard"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/lease"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/procedure"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/version"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// world is a registry with one alias and a tracker of issues, which survive the engine. It is reached
// without a network, so that time can be synthetic.
type world struct {
	mu      sync.Mutex
	alias   string
	changes []string
	issues  []issue
	// step is called before and after each request that changes something; its error is that the answer
	// is lost, or that the request is.
	step func(when string) error
	// answer, if not nil, answers in place of the world.
	answer func(r *http.Request) *http.Response
	seen   []string
}

type issue struct {
	Number   int      `json:"number"`
	Key      string   `json:"key"`
	Title    string   `json:"title"`
	Body     string   `json:"body"`
	Comments []string `json:"comments"`
	Open     bool     `json:"open"`
}

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	var body map[string]any
	if r.Body != nil {
		_ = json.NewDecoder(r.Body).Decode(&body)
	}
	changes := r.Method != http.MethodGet
	if changes && w.step != nil {
		if err := w.step("before"); err != nil {
			return nil, err
		}
	}
	w.mu.Lock()
	w.seen = append(w.seen, r.Method+" "+r.URL.RequestURI())
	response := (*http.Response)(nil)
	if w.answer != nil {
		response = w.answer(r)
	}
	if response == nil {
		response = w.handle(r.Method, r.URL, body)
	}
	w.mu.Unlock()
	if changes && w.step != nil {
		if err := w.step("after"); err != nil {
			return nil, err
		}
	}
	return response, r.Context().Err()
}

func reply(status int, value any) *http.Response {
	text, _ := json.Marshal(value)
	return &http.Response{StatusCode: status, Status: fmt.Sprint(status), Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(string(text)))}
}

func (w *world) handle(method string, u *url.URL, body map[string]any) *http.Response {
	text := func(key string) string { s, _ := body[key].(string); return s }
	switch {
	case method == "GET" && u.Path == "/alias":
		return reply(200, map[string]any{"version": w.alias})
	case method == "POST" && u.Path == "/alias":
		w.alias = text("version")
		w.changes = append(w.changes, w.alias)
		return reply(200, map[string]any{})
	case method == "GET" && u.Path == "/issues":
		found := []issue{}
		for _, i := range w.issues {
			if i.Key == u.Query().Get("key") {
				found = append(found, i)
			}
		}
		return reply(200, found)
	case method == "POST" && u.Path == "/issues":
		w.issues = append(w.issues, issue{Number: len(w.issues) + 1, Key: text("key"), Title: text("title"), Body: text("body"), Open: true})
		return reply(201, w.issues[len(w.issues)-1])
	case method == "POST" && u.Path == "/issues/1/comments":
		w.issues[0].Comments = append(w.issues[0].Comments, text("body"))
		return reply(201, map[string]any{})
	case method == "PATCH" && u.Path == "/issues/1":
		w.issues[0].Open = false
		return reply(200, w.issues[0])
	}
	return reply(404, map[string]any{"message": "not here"})
}

const rollbackDefinition = `
description: sets the alias back
kind: rollback
do:
  - name: read
    request: GET /alias
    extract: {version: body.version}
  - name: set
    when: steps.read.version != target.to
    require: [{that: steps.read.version == target.from, otherwise: 'the alias is at {{ .steps.read.version }}'}]
    request: POST /alias
    json: {version: '{{ .target.to }}'}
    repeat: lookup
  - name: verify
    request: GET /alias
    poll: {until: body.version == target.to, interval: 1s, timeout: 10s}
`

const incidentDefinition = `
description: opens an issue
kind: incident
do:
  - name: find
    request: GET /issues
    query: {key: '{{ .key }}'}
    extract: {number: 'len(body) > 0 ? body[0].number : nil'}
  - name: create
    when: steps.find.number == nil
    request: POST /issues
    json: {key: '{{ .key }}', title: '{{ .alert.summary }}', body: 'version {{ .model.version }}'}
    repeat: lookup
    extract: {number: body.number}
update:
  - name: comment
    request: POST /issues/{{ or .opened.create.number .opened.find.number }}/comments
    json: {body: '{{ .news }}'}
    repeat: never
resolve:
  - name: close
    request: PATCH /issues/{{ or .opened.create.number .opened.find.number }}
    json: {state: closed}
    repeat: always
`

// nothing keeps no evidence.
type nothing struct{}

func (nothing) Pin(string, evidence.About) {}
func (nothing) Release(string)             {}
func (nothing) Describe(context.Context, string) map[string]any {
	return map[string]any{"waterfall": "", "trace_ids": []any{}, "links": []any{}, "note": ""}
}
func (nothing) Files(string) map[string]procedure.File { return nil }

// script is an engine with a world, and what it has decided.
type script struct {
	t        *testing.T
	world    *world
	versions *version.Tracker
	actions  []*Action
	options  Options
	// alert is the one of the story, restoredAt when version 6 came back.
	alert      *alert.Alert
	restoredAt time.Time

	mu        sync.Mutex
	decisions []Decision
}

// newScript has the actions rollback and incident for every alert, with guards that wait for 15
// minutes; version 6 of fraud has served for a day, and version 7 for an hour.
func newScript(t *testing.T) *script {
	s := &script{t: t, world: &world{alias: "7"}, versions: version.NewTracker()}
	s.serve("6", time.Now().Add(-25*time.Hour), time.Now().Add(-time.Hour))
	s.serve("7", time.Now().Add(-time.Hour), time.Now())
	s.actions = []*Action{s.action("rollback", rollbackDefinition, `severity="critical"`), s.action("incident", incidentDefinition, `severity=~".+"`)}
	return s
}

func (s *script) serve(v string, from, to time.Time) {
	for at := from; !at.After(to); at = at.Add(time.Minute) {
		s.versions.See(version.ID{Environment: "production", Name: "fraud"}, v, at)
	}
}

func (s *script) action(name, definition, matcher string) *Action {
	d, err := action.Read(name+".yaml", []byte(definition))
	require.NoError(s.t, err)
	matchers, err := labels.ParseMatchers(matcher)
	require.NoError(s.t, err)
	with, secrets, err := d.Arguments(nil, nil)
	require.NoError(s.t, err)
	base, err := url.Parse("http://world")
	require.NoError(s.t, err)
	runner, err := procedure.New(procedure.Options{HTTP: &http.Client{Transport: s.world, Timeout: 10 * time.Second}, Base: base})
	require.NoError(s.t, err)
	p := guard.Policy{SourceTimeout: 3 * time.Minute, BlameWindow: guard.Day, PingPong: guard.Day, Cooldown: time.Hour, MaxPerTarget: 3, MaxPerDay: 10}
	if d.Kind.Changes() {
		p.Sustained = 15 * time.Minute
	}
	return &Action{
		Name: name, Definition: d, Mode: Enforce, Matchers: matchers, Policy: p, With: with, Secrets: secrets, Run: runner.Run,
		ApprovalExpires: time.Hour, ResolveAfter: 10 * time.Minute, Timeout: 5 * time.Minute,
	}
}

// engine returns an engine that decides for the script.
func (s *script) engine() *Engine {
	o := s.options
	o.Actions, o.Versions, o.Evidence, o.SourceTimeout, o.MaxAlerts, o.MaxConcurrent = s.actions, s.versions, nothing{}, 3*time.Minute, 100, 4
	o.Catalog = catalog.Empty().Snapshot
	o.Logger = zaptest.NewLogger(s.t, zaptest.Level(zap.WarnLevel))
	if o.Leader == nil {
		o.Leader = lease.Always{}
	}
	o.Say = func(d Decision) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.decisions = append(s.decisions, d)
	}
	return New(o)
}

// said are the decisions about an action: verdict, and guard where there is one.
func (s *script) said(name string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, d := range s.decisions {
		if d.Run.Action != name {
			continue
		}
		text := d.Verdict
		if d.Guard != "" {
			text += " " + d.Guard
		}
		out = append(out, text)
	}
	return out
}

// breach is the alert of the script.
func breach(at time.Time) *alert.Alert {
	return &alert.Alert{
		Name: "SLOBreach", Severity: alert.Critical, State: alert.Firing, StartsAt: at,
		Labels:      map[string]string{"ml_model_name": "fraud", "deployment_environment_name": "production"},
		Annotations: map[string]string{"n": "5000"}, Summary: "the false positive rate is 4.1 %",
	}
}

func resolved(a *alert.Alert, at time.Time) *alert.Alert {
	c := *a
	c.State, c.EndsAt = alert.Resolved, at
	return &c
}

// run runs an engine for a time while the alert is emitted each minute.
func (s *script) run(e *Engine, d time.Duration, a *alert.Alert) {
	ctx, cancel := context.WithCancel(s.t.Context())
	var work sync.WaitGroup
	work.Go(func() { e.Run(ctx) })
	for end := time.Now().Add(d); time.Now().Before(end); {
		if a != nil {
			c := *a
			_, err := e.Take([]*alert.Alert{&c})
			require.NoError(s.t, err)
		}
		time.Sleep(min(time.Minute, time.Until(end)))
	}
	cancel()
	work.Wait()
	synctest.Wait() // what is carried out waits for something, or is over
}

// at is the version that the alias is at.
func (w *world) at() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.alias
}

var errLost = errors.New("connection reset by peer")
