// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package presettest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/procedure"
)

const key = "00112233445566778899aabbccddeeff"

// canary is in every secret, and in nothing that is said or written down.
const canary = "c4n4ry"

// answer is what a server gives: a text, or a value that is written as JSON.
type answer struct {
	status int
	body   any
}

// server is a system with its state.
type server interface {
	// serve carries a request out, whose body is decoded JSON or, for anything else, []byte.
	serve(r *http.Request, body any) answer
	// fail is an answer with a failure, in the form of the system.
	fail(status int) answer
	// state says what is there, so that two servers with the same effects say the same.
	state() string
}

// fault is what happens to one request that changes something.
type fault struct {
	name string
	// status is answered in place of what the server would have: 0 is none.
	status int
	// after is whether the server has carried the request out before, lost whether no answer comes at all.
	after, lost bool
	// always is whether it happens at each attempt, kill whether the collector ends there and is started again.
	always, kill bool
}

var faults = []fault{
	{name: "forbidden", status: 403, always: true},
	{name: "too many requests", status: 429},
	{name: "unavailable, then well", status: 503},
	{name: "the answer is lost after the effect", after: true, lost: true},
	{name: "a gateway gives up after the effect", after: true, status: 504},
	{name: "killed after the intent", lost: true, kill: true},
	{name: "killed after the effect", after: true, lost: true, kill: true},
}

// transport is the network: it checks what goes through it by the contracts.
type transport struct {
	t         *testing.T
	server    server
	contracts []*contract
	// fault happens once to the requests of the step at, or always.
	fault *fault
	at    string
	kill  context.CancelFunc

	// facts are the data of the alert; silent leaves out the news.
	facts  map[string]any
	silent bool

	mu    sync.Mutex
	phase string
	step  string // the step that the journal was asked for
	fired int
	count map[string]int // of requests that may change something, by phase and step
	sent  []sent
}

// sent is a request that went through.
type sent struct {
	at           time.Time
	method, path string
	query        url.Values
	header       http.Header
	body         []byte
	status       int
}

func (n *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body.Close()
	}
	step := n.step
	if r.Method == http.MethodGet {
		step = ""
	}
	n.count[n.phase+"/"+step]++
	f := n.fault
	if f == nil || step == "" || step != n.at || n.fired > 0 && !f.always {
		f = nil
	} else {
		n.fired++
	}
	status, header, data := 0, http.Header{}, []byte(nil)
	if f == nil || f.after {
		status, header, data = n.serve(r, body)
	} else {
		n.check(r, body)
	}
	if f != nil && f.status != 0 {
		status, header, data = encode(n.server.fail(f.status))
		if f.status == http.StatusTooManyRequests {
			header.Set("Retry-After", "7")
		}
	}
	one := sent{at: time.Now(), method: r.Method, path: r.URL.Path, query: r.URL.Query(), header: r.Header, body: body, status: status}
	if f != nil && f.lost {
		one.status = 0
		n.sent = append(n.sent, one)
		if f.kill {
			n.kill()
		}
		return nil, errors.New("connection reset by peer")
	}
	n.sent = append(n.sent, one)
	return &http.Response{
		StatusCode: status, Header: header, Body: io.NopCloser(bytes.NewReader(data)), Request: r, ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

// check finds the contract that knows the path, and checks the request by it.
func (n *transport) check(r *http.Request, body []byte) (*contract, func(int, http.Header, []byte) error) {
	var errs []error
	for _, c := range n.contracts {
		input, err := c.request(r, body)
		if err == nil {
			return c, func(status int, header http.Header, data []byte) error { return c.answer(input, status, header, data) }
		}
		errs = append(errs, err)
	}
	assert.NoError(n.t, errors.Join(errs...))
	return nil, nil
}

func (n *transport) serve(r *http.Request, body []byte) (int, http.Header, []byte) {
	c, checkAnswer := n.check(r, body)
	if c == nil {
		return encode(n.server.fail(http.StatusBadRequest))
	}
	var decoded any = body
	switch contentType := r.Header.Get("Content-Type"); {
	case contentType == "application/cloudevents+json": // it is signed as it is
		decoded = json.RawMessage(body)
	case strings.Contains(contentType, "json"):
		require.NoError(n.t, json.Unmarshal(body, &decoded))
	}
	status, header, data := encode(n.server.serve(r, decoded))
	assert.NoError(n.t, checkAnswer(status, header, data))
	return status, header, data
}

func encode(a answer) (int, http.Header, []byte) {
	header := http.Header{}
	switch body := a.body.(type) {
	case nil:
		return a.status, header, nil
	case string:
		header.Set("Content-Type", "text/plain")
		return a.status, header, []byte(body)
	case html:
		header.Set("Content-Type", "text/html")
		return a.status, header, []byte(body)
	default:
		data, err := json.Marshal(body)
		if err != nil {
			panic(err)
		}
		header.Set("Content-Type", "application/json")
		return a.status, header, data
	}
}

// journal keeps records as the component's does: as JSON.
type journal struct {
	t     *testing.T
	n     *transport
	data  map[string][]byte
	steps []string
	// held is set once the collector is dead: nothing is written any more.
	held bool
}

func (j *journal) Before(ctx context.Context, step string, r procedure.Record) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if !slices.Contains(j.steps, step) {
		j.steps = append(j.steps, step)
	}
	j.n.mu.Lock()
	j.n.step = step
	j.n.mu.Unlock()
	return j.write(step, r)
}

func (j *journal) After(_ context.Context, step string, r procedure.Record) error {
	return j.write(step, r)
}

func (j *journal) write(step string, r procedure.Record) error {
	data, err := json.Marshal(r)
	require.NoError(j.t, err)
	assert.NotContains(j.t, string(data), canary)
	if !j.held {
		j.data[step] = data
	}
	return nil
}

func (j *journal) records() map[string]procedure.Record {
	records := map[string]procedure.Record{}
	for step, data := range j.data {
		var r procedure.Record
		require.NoError(j.t, json.Unmarshal(data, &r))
		records[step] = r
	}
	return records
}

// run carries out one phase of a preset: do, update or resolve.
func (n *transport) run(p *preset, phase string, opened map[string]map[string]any, dry bool) (procedure.Result, *journal) {
	t := n.t
	definition := read(t, p.name)
	with, secrets, err := definition.Arguments(p.with, p.secrets)
	require.NoError(t, err)
	base, err := url.Parse(p.endpoint)
	require.NoError(t, err)
	runner, err := procedure.New(procedure.Options{HTTP: &http.Client{Transport: n}, Base: base, UserAgent: "otelcol-ml/test"})
	require.NoError(t, err)
	data := maps.Clone(n.facts)
	data["secrets"] = secrets
	steps := definition.Do
	switch phase {
	case "update":
		steps, data["opened"], data["news"] = definition.Update, opened, "Version 7 was rolled back to version 6."
	case "resolve":
		steps, data["opened"], data["news"] = definition.Resolve, opened, "The alert was resolved; it has stayed so for 15m."
	}
	if n.silent {
		data["news"] = ""
	}
	n.phase = phase
	j := &journal{t: t, n: n, data: map[string][]byte{}}
	request := &procedure.Request{Steps: steps, Name: phase, Data: data, With: with, Files: files(), Journal: j, DryRun: dry}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n.kill = func() { j.held = true; cancel() }
	result := runner.Run(ctx, request)
	if j.held {
		request.Before = j.records()
		j.held = false
		result = runner.Run(t.Context(), request)
	}
	said, err := json.Marshal(result)
	require.NoError(t, err)
	assert.NotContains(t, string(said), canary)
	return result, j
}

// facts are the data of an alert, with texts that would break out of what is not escaped.
func facts() map[string]any {
	return map[string]any{
		"alert": map[string]any{
			"name": "SLOBreach", "severity": "critical", "state": "firing",
			"summary":   "fraud 7: false positives \"rise\" <b>&amp; @channel\n`code` | {noformat} ' OR 1=1",
			"starts_at": "2026-11-30T12:00:00Z", "ends_at": "", "fingerprint": "4f1e6b0c",
			"labels":      map[string]any{"alertname": "SLOBreach", "model": "fraud"},
			"annotations": map[string]any{"value": "0.031", "lower": "0.027", "upper": "0.036", "bound": "0.02", "n": "4200"},
			"trace_id":    "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331", "trace_url": "https://jaeger.example.com/trace/0af7",
		},
		"model": map[string]any{
			"name": "fraud", "environment": "production", "version": "7", "owner": "team-risk", "runbook": "https://example.com/runbook",
			"description": "", "attributes": map[string]any{},
		},
		"target":      map[string]any{"from": "7", "to": "6", "why": "it served before"},
		"key":         key,
		"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"actions": []any{map[string]any{
			"name": "rollback", "kind": "rollback", "outcome": "completed", "reason": "", "from": "7", "to": "6", "mode": "enforce",
		}},
		"evidence": map[string]any{
			"waterfall": "POST /score   |======    | 210 ms\n  feature store |==    | 70 ms é", "note": "one attribute was left out",
			"trace_ids": []any{"0af7651916cd43dd8448eb211c80319c"},
			"links":     []any{map[string]any{"text": "dashboard", "href": "https://grafana.example.com/d/fraud"}},
		},
		"now": "2026-11-30T12:15:00Z",
	}
}

// traces is the file of the evidence.
const traces = "\x1f\x8btraces"

func files() map[string]procedure.File {
	return map[string]procedure.File{action.Traces: func(context.Context, int) (procedure.Attachment, error) {
		return procedure.Attachment{Name: "traces-" + key + ".json.gz", ContentType: "application/gzip", Data: []byte(traces)}, nil
	}}
}

// preset is a preset with what a config gives it.
type preset struct {
	name, endpoint string
	contracts      []string
	with           map[string]any
	secrets        map[string]string
	server         func() server
	// stuck is the same server, but one that takes the request and does not do it; nil where the preset does not look.
	stuck func() server
}

func (p *preset) network(t *testing.T, s server) *transport {
	n := &transport{t: t, server: s, facts: facts(), count: map[string]int{}}
	for _, name := range p.contracts {
		n.contracts = append(n.contracts, load(t, name))
	}
	return n
}

var definitions sync.Map // of *action.Definition, by name

// read reads a preset, once.
func read(t *testing.T, name string) *action.Definition {
	t.Helper()
	if d, ok := definitions.Load(name); ok {
		return d.(*action.Definition)
	}
	d, err := action.Preset(name)
	require.NoError(t, err)
	definitions.Store(name, d)
	return d
}

// phases are those that a preset has.
func phases(t *testing.T, name string) []string {
	definition := read(t, name)
	all := []string{"do"}
	if len(definition.Update) > 0 {
		all = append(all, "update")
	}
	if len(definition.Resolve) > 0 {
		all = append(all, "resolve")
	}
	return all
}

func step(t *testing.T, name, phase, step string) action.Step {
	definition := read(t, name)
	for _, s := range map[string][]action.Step{"do": definition.Do, "update": definition.Update, "resolve": definition.Resolve}[phase] {
		if s.Name == step {
			return s
		}
	}
	t.Fatalf("%s: there is no step %s", name, step)
	return action.Step{}
}

// inBubble runs f with a clock of its own, so that waits take no time.
func inBubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

func number(v any) string {
	switch v := v.(type) {
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case string:
		return v
	}
	return ""
}
