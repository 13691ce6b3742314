// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package procedure

import (
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

// TestRollback carries out a shipped action from its first request to its last.
func TestRollback(t *testing.T) {
	d, err := action.Preset("mlflow_alias")
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
