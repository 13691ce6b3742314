// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlactionexporter

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

var storageID, electorID = component.MustNewID("file_storage"), component.MustNewID("k8s_leader_elector")

// elector is what calls back who leads.
type elector struct {
	component.StartFunc
	component.ShutdownFunc
	won  func(context.Context)
	lost func()
}

func (e *elector) SetCallBackFuncs(won func(context.Context), lost func()) { e.won, e.lost = won, lost }

// rig is an exporter with both of its signals, a storage, and an OTLP endpoint for its decisions.
type rig struct {
	t       *testing.T
	logs    exporter.Logs
	traces  exporter.Traces
	storage *testkit.Storage
	elector elector
	said    *observer.ObservedLogs

	mu        sync.Mutex
	decisions []plog.LogRecord
	spans     []ptrace.Span
}

func start(t *testing.T, text string) *rig {
	t.Helper()
	r := &rig{t: t, storage: testkit.NewStorage(nil)}
	sink := httptest.NewServer(http.HandlerFunc(r.take))
	t.Cleanup(sink.Close)
	cfg, err := load(t, fmt.Sprintf("decisions: {endpoint: %q, compression: none}\n", sink.URL)+strings.ReplaceAll(text, "DIR", t.TempDir()))
	require.NoError(t, err)
	set := exportertest.NewNopSettings(metadata.Type)
	r.said = testkit.ObserveLogs(&set.TelemetrySettings, zapcore.DebugLevel)
	t.Cleanup(func() {
		for _, entry := range r.said.All() {
			if t.Failed() {
				t.Log(entry.Message, entry.ContextMap())
			}
		}
	})
	f := NewFactory()
	r.logs, err = f.CreateLogs(t.Context(), set, cfg)
	require.NoError(t, err)
	r.traces, err = f.CreateTraces(t.Context(), set, cfg)
	require.NoError(t, err)
	host := testkit.Host{storageID: r.storage, electorID: &r.elector}
	require.NoError(t, r.logs.Start(t.Context(), host))
	require.NoError(t, r.traces.Start(t.Context(), host))
	return r
}

func (r *rig) stop() {
	ctx := context.WithoutCancel(r.t.Context())
	require.NoError(r.t, r.logs.Shutdown(ctx))
	require.NoError(r.t, r.traces.Shutdown(ctx))
}

// take is the OTLP endpoint.
func (r *rig) take(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch request.URL.Path {
	case "/v1/logs":
		in := plogotlp.NewExportRequest()
		assert.NoError(r.t, in.UnmarshalProto(body))
		for lr := range testkit.LogRecords(in.Logs()) {
			r.decisions = append(r.decisions, lr)
		}
	case "/v1/traces":
		in := ptraceotlp.NewExportRequest()
		assert.NoError(r.t, in.UnmarshalProto(body))
		for s := range testkit.Spans(in.Traces()) {
			r.spans = append(r.spans, s)
		}
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// verdict waits until a decision has a verdict, and returns its record and its span.
func (r *rig) verdict(want string) (record plog.LogRecord, span ptrace.Span) {
	r.t.Helper()
	require.Eventually(r.t, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		found := 0
		for _, lr := range r.decisions {
			if v, _ := lr.Attributes().Get(mlconv.AttrActionVerdict); v.AsString() == want {
				record, found = lr, found|1
			}
		}
		for _, s := range r.spans {
			if v, _ := s.Attributes().Get(mlconv.AttrActionVerdict); v.AsString() == want {
				span, found = s, found|2
			}
		}
		return found == 3
	}, 30*time.Second, 10*time.Millisecond, "no decision %s", want)
	return record, span
}

var trace = pcommon.TraceID{0x5b, 0x8e, 0xff, 0xf7, 0x98, 0x03, 0x81, 0x03, 0xd2, 0x69, 0xb6, 0x33, 0x81, 0x3f, 0xc6, 0x0c}

func (r *rig) alert(labels map[string]string) {
	r.t.Helper()
	ld := plog.NewLogs()
	a := &alert.Alert{
		Name: "SLOBreach", Severity: alert.Critical, State: alert.Firing, StartsAt: time.Now().Add(-time.Minute), Labels: labels,
		Summary: "the false positive rate is 4.1 %", TraceID: trace,
	}
	a.Encode(ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
	require.NoError(r.t, r.logs.ConsumeLogs(r.t.Context(), ld))
}

// span sends one span of the alert's trace.
func (r *rig) span(attributes map[string]any) {
	r.t.Helper()
	td := ptrace.NewTraces()
	s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetTraceID(trace)
	s.SetSpanID(pcommon.SpanID{1})
	s.SetName("predict")
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Now().Add(-time.Second)))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	require.NoError(r.t, s.Attributes().FromRaw(attributes))
	require.NoError(r.t, r.traces.ConsumeTraces(r.t.Context(), td))
}

const ticket = `
storage: file_storage
mode: enforce
evidence: {directory: DIR}
actions:
  ticket:
    endpoint: URL
    timeout: 5s
    headers: {X-Team: canary-in-a-header}
    matchers: ['severity="critical"']
    secrets: {token: canary-in-a-secret, path: canary/in/a/path}
    definition:
      description: opens a ticket
      kind: incident
      secrets:
        token: {description: a token}
        path: {description: a path}
      do:
        - name: login
          request: POST /login
          headers: {Authorization: 'Basic {{ .secrets.token | base64 }}'}
          reads: true
          extract: {session: body.session, user: body.user}
          hide: [session]
        - name: create
          request: POST /{{ .secrets.path | segments }}/{{ .alert.labels.team }}
          headers: {Authorization: 'Bearer {{ .steps.login.session }}'}
          json: {key: '{{ .key }}', title: '{{ .alert.summary }}', token: '{{ .secrets.token }}', waterfall: '{{ .evidence.waterfall }}'}
          repeat: never
          extract: {number: body.number}
        - name: attach
          request: PUT /attachments/{{ .steps.create.number }}
          attachment: traces_json
`

// sink is a server of tickets that answers create with what the test says.
type sink struct {
	mu     sync.Mutex
	bodies map[string][]byte
	paths  []string
	create func(w http.ResponseWriter, r *http.Request)
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paths = append(s.paths, r.Method+" "+r.URL.EscapedPath())
	first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	s.bodies[first] = body
	switch {
	case first == "login":
		_, _ = io.WriteString(w, `{"session": "canary-of-a-session", "user": "ada"}`)
	case first == "canary" && s.create != nil:
		s.create(w, r)
	case first == "canary":
		_, _ = io.WriteString(w, `{"number": 1234567890123}`)
	}
}

func (r *rig) noCanary() {
	r.t.Helper()
	hidden := []string{"canary", base64.StdEncoding.EncodeToString([]byte("canary-in-a-secret"))}
	check := func(where string, text []byte) {
		for _, secret := range hidden {
			assert.NotContains(r.t, string(text), secret, where)
		}
	}
	for _, entry := range r.said.All() {
		text, err := json.Marshal(entry.ContextMap())
		require.NoError(r.t, err)
		check("log "+entry.Message, append(text, entry.Message...))
	}
	for key, value := range r.storage.Values() {
		check("journal "+key, value)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, lr := range r.decisions {
		text, err := json.Marshal(lr.Attributes().AsRaw())
		require.NoError(r.t, err)
		check("decision", append(text, lr.Body().AsString()...))
	}
	for _, s := range r.spans {
		check("span", []byte(s.Status().Message()))
		for _, e := range s.Events().All() {
			text, err := json.Marshal(e.Attributes().AsRaw())
			require.NoError(r.t, err)
			check("event", text)
		}
	}
}

// An alert opens a ticket with its trace; the decision is a record and a span of the run's own trace,
// which links to the evidence. Secrets are nowhere but in requests.
func TestTicket(t *testing.T) {
	s := &sink{bodies: map[string][]byte{}}
	server := httptest.NewServer(s)
	defer server.Close()
	r := start(t, strings.ReplaceAll(ticket, "URL", server.URL))
	r.span(map[string]any{"gen_ai.input.messages": "canary in a prompt", "ml.feature.amount": 12.5, "ml.model.name": "fraud"})
	r.alert(map[string]string{"team": "a/b?x=1#y"})
	record, span := r.verdict("completed")
	key, _ := record.Attributes().Get(mlconv.AttrActionKey)
	assert.Equal(t, key.Str(), record.TraceID().String())
	assert.Equal(t, record.TraceID(), span.TraceID())
	assert.Equal(t, record.SpanID(), span.SpanID())
	assert.Equal(t, mlconv.EventAction, record.EventName())
	assert.Contains(t, record.Body().Str(), "ticket on ticket: completed")
	require.Equal(t, 1, span.Links().Len())
	assert.Equal(t, trace, span.Links().At(0).TraceID())
	assert.Equal(t, 2, span.Events().Len())
	r.stop()
	r.noCanary()

	s.mu.Lock()
	defer s.mu.Unlock()
	assert.Equal(t, []string{"POST /login", "POST /canary/in/a/path/a%2Fb%3Fx=1%23y", "PUT /attachments/1234567890123"}, s.paths)
	assert.Contains(t, string(s.bodies["canary"]), "canary-in-a-secret", "the request itself has it")
	assert.Contains(t, string(s.bodies["canary"]), "predict")
	td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(s.bodies["attachments"])
	require.NoError(t, err)
	assert.Equal(t, 1, td.SpanCount())
	assert.False(t, bytes.Contains(s.bodies["attachments"], []byte("canary")), "prompts stay")
	assert.False(t, bytes.Contains(s.bodies["attachments"], []byte("12.5")), "features stay")
}

// Whatever a server answers, no secret is in a log, the journal or a decision.
func TestSecretsInAnswers(t *testing.T) {
	for name, create := range map[string]func(w http.ResponseWriter, r *http.Request){
		"echoes the headers in an error": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprintf(w, `{"message": "no rights: %s %s %s"}`, r.Header.Get("Authorization"), r.Header.Get("X-Team"), r.URL)
		},
		"redirects with them": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.example.com/?token="+r.Header.Get("Authorization"), http.StatusTemporaryRedirect)
		},
		"ends the connection": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"answers no JSON": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "<html>"+r.Header.Get("Authorization"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &sink{bodies: map[string][]byte{}, create: create}
			server := httptest.NewServer(s)
			defer server.Close()
			r := start(t, strings.ReplaceAll(ticket, "URL", server.URL))
			r.alert(map[string]string{"team": "ml"})
			want := "failed"
			if strings.HasPrefix(name, "ends") {
				want = "unknown"
			}
			record, span := r.verdict(want)
			assert.Equal(t, plog.SeverityNumberError, record.SeverityNumber())
			assert.Equal(t, ptrace.StatusCodeError, span.Status().Code())
			assert.Contains(t, record.Body().Str(), "create: ")
			r.stop()
			r.noCanary()
		})
	}
}

// What is no alert, or no action is for, is counted, and passes without an error.
func TestRecordsThatAreNone(t *testing.T) {
	r := start(t, "storage: file_storage\nevidence: {directory: ''}\n")
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	records.AppendEmpty().Body().SetStr("nothing")
	records.AppendEmpty().SetEventName(mlconv.EventAlert)
	records.AppendEmpty().SetEventName(mlconv.EventAction) // a decision that has come back
	require.NoError(t, r.logs.ConsumeLogs(t.Context(), ld))
	skipped := r.said.FilterMessageSnippet("that are no alerts are skipped").All()
	require.Len(t, skipped, 1)
	assert.Equal(t, int64(1), skipped[0].ContextMap()["records"])
	assert.Equal(t, 1, r.said.FilterMessageSnippet("lack something").Len())
	r.alert(map[string]string{})
	r.stop()
}

// With an elector, nothing is done until this replica has won, and nothing after it has lost; what was
// heard before is acted on.
func TestLeaderElector(t *testing.T) {
	s := &sink{bodies: map[string][]byte{}}
	server := httptest.NewServer(s)
	defer server.Close()
	r := start(t, "leader_elector: k8s_leader_elector\n"+strings.ReplaceAll(ticket, "URL", server.URL))
	r.span(map[string]any{"ml.model.name": "fraud"})
	r.alert(map[string]string{"team": "a"})
	assert.Empty(t, r.storage.Values(), "the journal is the leader's")
	r.elector.won(t.Context())
	r.verdict("completed")
	r.elector.lost()
	r.alert(map[string]string{"team": "b"})
	r.stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	assert.NotContains(t, strings.Join(s.paths, " "), "/path/b")
	assert.Contains(t, strings.Join(s.paths, " "), "/path/a")
}
