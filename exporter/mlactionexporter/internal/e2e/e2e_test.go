// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/procedure"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a procedure may take on a busy machine.
const patience = 2 * time.Minute

// key is the idempotency key of all alerts here.
const key = "0123456789abcdef0123456789abcdef"

// traces is the evidence of all alerts here.
var traces = bytes.Repeat([]byte("\x1f\x8b gzipped spans "), 1000)

// target is a server and what it is called with.
type target struct {
	endpoint string
	token    string // sent as a bearer token, if ca is set; else a secret
	ca       string // file
}

// call is one use of an action.
type call struct {
	with    map[string]any
	data    map[string]any
	dryRun  bool
	opened  map[string]map[string]any
	news    string
	section func(*action.Definition) []action.Step
}

type option func(*call)

func with(name string, value any) option { return func(c *call) { c.with[name] = value } }

func dryRun(c *call) { c.dryRun = true }

func versions(from, to string) option {
	return func(c *call) {
		c.data["target"] = map[string]any{"from": from, "to": to, "why": "it was served before without complaint"}
	}
}

// update and resolve carry out the other sections of an incident.
func update(opened *procedure.Result, news string) option {
	return func(c *call) {
		c.opened, c.news = opened.Output, news
		c.section = func(d *action.Definition) []action.Step { return d.Update }
	}
}

func resolve(opened *procedure.Result, news string) option {
	return func(c *call) {
		c.opened, c.news = opened.Output, news
		c.section = func(d *action.Definition) []action.Step { return d.Resolve }
	}
}

// carryOut carries a preset out.
func (g *target) carryOut(t *testing.T, preset string, options ...option) *procedure.Result {
	t.Helper()
	c := &call{
		with:    map[string]any{},
		section: func(d *action.Definition) []action.Step { return d.Do },
		data: map[string]any{
			"alert": map[string]any{
				"name": "FalsePositives", "severity": "critical", "state": "firing", "summary": "fraud 2 calls 3.1 % of good payments fraud, 1 % is promised",
				"starts_at": time.Now().Add(-20 * time.Minute).UTC().Format(time.RFC3339), "ends_at": "",
				"breach_at": time.Now().Add(-20 * time.Minute).UTC().Format(time.RFC3339),
				"labels":    map[string]any{"alertname": "FalsePositives", "model": "fraud"}, "annotations": map[string]any{"description": "since 20 minutes"},
				"fingerprint": "f0f0", "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331", "trace_url": "",
			},
			"model": map[string]any{
				"name": "fraud", "environment": "production", "version": "2", "owner": "fraud-ml@example.com", "runbook": "https://example.com/runbooks/fraud",
				"description": "", "attributes": map[string]any{},
			},
			"target": map[string]any{"from": "", "to": "", "why": ""},
			"key":    key, "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
			"news": "", "news_id": key + "-1", "actions": []any{},
			"evidence": map[string]any{
				"waterfall": "POST /score 812ms\n  model.predict 790ms", "trace_ids": []any{"0af7651916cd43dd8448eb211c80319c"}, "links": []any{}, "note": "",
			},
			"now": time.Now().UTC().Format(time.RFC3339),
		},
	}
	for _, set := range options {
		set(c)
	}
	definition, err := action.Preset(preset)
	require.NoError(t, err)
	secrets := map[string]string{}
	if g.ca == "" {
		secrets["token"] = g.token
	}
	arguments, secrets, err := definition.Arguments(c.with, secrets)
	require.NoError(t, err)
	c.data["secrets"], c.data["news"] = secrets, c.news
	if c.opened != nil {
		c.data["opened"] = c.opened
	}

	base, err := url.Parse(g.endpoint)
	require.NoError(t, err)
	client := g.client(t)
	defer client.CloseIdleConnections()
	runner, err := procedure.New(procedure.Options{HTTP: client, Base: base, UserAgent: "otelcol-ml", Backoff: 100 * time.Millisecond, Settle: 100 * time.Millisecond})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	result := runner.Run(ctx, &procedure.Request{
		Name: preset, Steps: c.section(definition), Data: c.data, With: arguments, DryRun: c.dryRun, Journal: journal{},
		Files: map[string]procedure.File{"traces": func(context.Context, int) (procedure.Attachment, error) {
			return procedure.Attachment{Name: "traces.json.gz", ContentType: "application/gzip", Data: traces}, nil
		}},
	})
	t.Logf("%s: %s %s %s %v %v", preset, result.Outcome, result.Step, result.Reason, result.Would, result.Notes)
	require.NotContains(t, result.Reason, g.token)
	return &result
}

// client sends the token with each request, as the collector does for auth.
func (g *target) client(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{}
	if g.ca == "" {
		return &http.Client{Transport: transport}
	}
	content, err := os.ReadFile(g.ca)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(content))
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return &http.Client{Transport: bearer{transport, g.token}}
}

type bearer struct {
	*http.Transport
	token string
}

// RoundTrip implements http.RoundTripper.
func (b bearer) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("Authorization", "Bearer "+b.token)
	return b.Transport.RoundTrip(request)
}

// journal lets everything through, and forgets it.
type journal struct{}

func (journal) Before(context.Context, string, procedure.Record) error { return nil }
func (journal) After(context.Context, string, procedure.Record) error  { return nil }
