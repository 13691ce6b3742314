// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
)

const (
	aliasPath = "/base/api/2.0/mlflow/registered-models/alias"
	readyPath = "/base/api/2.0/mlflow/model-versions/get"
)

func alias(version string) reply {
	return reply{status: 200, body: `{"model_version":{"name":"fraud","version":"` + version + `"}}`}
}

var ready = []reply{{status: 200, body: `{"model_version":{"status":"READY"}}`}}

// rollback is the shortest of its kind: it reads, checks, sets and reads again.
const rollback = `
description: Sets an alias back.
kind: rollback
parameters:
  model: {description: the model, default: '{{ .model.name }}'}
  alias: {description: the alias, default: champion}
do:
  - name: read
    request: GET /api/2.0/mlflow/registered-models/alias
    query: {name: '{{ .with.model }}', alias: '{{ .with.alias }}'}
    extract: {version: body.model_version.version}
  - name: ready
    request: GET /api/2.0/mlflow/model-versions/get
    query: {name: '{{ .with.model }}', version: '{{ .target.to }}'}
    extract: {status: body.model_version.status}
  - name: set
    when: steps.read.version != target.to
    require:
      - {that: steps.read.version == target.from, otherwise: 'the alias is at version {{ .steps.read.version }}'}
      - {that: steps.ready.status == "READY", otherwise: 'version {{ .target.to }} is {{ .steps.ready.status }}'}
    request: POST /api/2.0/mlflow/registered-models/alias
    json: {name: '{{ .with.model }}', alias: '{{ .with.alias }}', version: '{{ .target.to }}'}
    repeat: always
  - name: verify
    request: GET /api/2.0/mlflow/registered-models/alias
    query: {name: '{{ .with.model }}', alias: '{{ .with.alias }}'}
    poll: {until: body.model_version.version == target.to, interval: 1s, timeout: 30s}
`

// TestRollback carries out an action from its first request to its last.
func TestRollback(t *testing.T) {
	d, err := action.Read("rollback.yaml", []byte(rollback))
	require.NoError(t, err)
	with, _, err := d.Arguments(nil, nil)
	require.NoError(t, err)
	s := &server{replies: map[string][]reply{
		"GET " + aliasPath:  {alias("7"), alias("6")},
		"POST " + aliasPath: {{status: 200, body: "{}"}},
		"GET " + readyPath:  ready,
	}}
	j := &memory{}
	got := runner(t, s, Options{}).Run(t.Context(), &Request{Steps: d.Do, Data: data(map[string]any{"with": nil}), With: with, Journal: j})
	assert.Equal(t, Result{Outcome: Completed, Output: map[string]map[string]any{
		"read": {"version": "7"}, "ready": {"status": "READY"}, "set": {}, "verify": {},
	}}, got)
	assert.Equal(t, []string{
		"GET " + aliasPath + "?alias=champion&name=fraud",
		"GET " + readyPath + "?name=fraud&version=6",
		"POST " + aliasPath,
		"GET " + aliasPath + "?alias=champion&name=fraud",
	}, s.lines())
	assert.JSONEq(t, `{"name":"fraud","alias":"champion","version":"6"}`, s.calls[2].body)
	assert.Equal(t, "application/json", s.calls[2].header.Get("Content-Type"))
	assert.Equal(t, []string{"before set sent", "after set done"}, j.events)
}

// TestRecordKeepsNumbers: an id is never read as 1e+06.
func TestRecordKeepsNumbers(t *testing.T) {
	r := Record{State: Done, Status: 201, Output: map[string]any{"id": int64(9007199254740993)}, Was: map[string]any{"read": map[string]any{"n": int64(1000000)}}, Already: true}
	data, err := json.Marshal(r)
	require.NoError(t, err)
	var same Record
	require.NoError(t, json.Unmarshal(data, &same))
	assert.Equal(t, r, same)
	require.NoError(t, json.Unmarshal([]byte(`{"state":"sent"}`), &same))
	require.Error(t, json.Unmarshal([]byte(`{"state":1}`), &same))
}

// TestWith writes the values of parameters once, without secrets.
func TestWith(t *testing.T) {
	all := data(map[string]any{"secrets": map[string]any{"token": "s3cret"}, "alert": map[string]any{"summary": "{{ .secrets.token }}"}})
	s := &server{replies: map[string][]reply{"PUT /base/s": {{status: 200}}}}
	send := steps(t, "  - {name: send, request: PUT /s, json: {$expr: with}}\n")
	got := runner(t, s, Options{}).Run(t.Context(), &Request{Steps: send, Data: all, Journal: &memory{}, With: map[string]any{
		"title": "{{ .alert.summary }}!", "labels": []string{"{{ .model.name }}", "b"}, "nested": map[string]any{"$expr": "secrets.token", "n": 1000000},
	}})
	require.Equal(t, Completed, got.Outcome, got.Reason)
	assert.JSONEq(t, `{"title":"{{ .secrets.token }}!","labels":["fraud","b"],"nested":{"$expr":"secrets.token","n":1000000}}`, s.calls[0].body)
	for text, want := range map[string]string{
		"{{ .secrets.token }}": `with.x: {{ .secrets.token }}: map has no entry for key "secrets"`,
		"{{ .a":                "with.x: unclosed action",
		"{{ .with.y }}":        `with.x: {{ .with.y }}: map has no entry for key "with"`,
	} {
		got := runner(t, s, Options{}).Run(t.Context(), &Request{Steps: send, Data: all, Journal: &memory{}, With: map[string]any{"x": text}})
		assert.Equal(t, Broken, got.Outcome)
		assert.Contains(t, got.Reason, want)
	}
}

// TestValuesAreNoTemplates: what telemetry says is never read as a template or an expression.
func TestValuesAreNoTemplates(t *testing.T) {
	s := &server{replies: map[string][]reply{"PUT /base/s": {{status: 200}}}}
	all := data(map[string]any{
		"secrets": map[string]any{"token": "s3cret"},
		"alert":   map[string]any{"summary": `{{ .secrets.token }}", "admin": true, "x": "`, "labels": map[string]any{"a": map[string]any{"$expr": "secrets.token"}}},
	})
	got := runner(t, s, Options{}).Run(t.Context(), &Request{
		Steps: steps(t, "  - name: send\n    request: PUT /s\n    headers: {X-A: '{{ .secrets.token }}'}\n    json: {title: '{{ .alert.summary }}', labels: {$expr: alert.labels}}\n"), Data: all, Journal: &memory{},
	})
	require.Equal(t, Completed, got.Outcome, got.Reason)
	assert.JSONEq(t, `{"title":"{{ .secrets.token }}\", \"admin\": true, \"x\": \"","labels":{"a":{"$expr":"secrets.token"}}}`, s.calls[0].body)
}
