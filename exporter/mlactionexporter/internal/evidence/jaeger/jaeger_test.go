// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package jaeger

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

var one = pcommon.TraceID{15: 1}

const span = `{"traceId":"00000000000000000000000000000001","spanId":"0000000000000002","name":"foobar","kind":2,"status":{"code":2}}`

func result(spans string) string {
	return `{"result":{"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{},"spans":[` + spans + `]}]}]}}`
}

func server(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	c, err := New(s.Client(), s.URL+"/jaeger/")
	require.NoError(t, err)
	return c
}

func TestTrace(t *testing.T) {
	at := time.Date(2026, 11, 30, 12, 0, 0, 5, time.FixedZone("CET", 3600))
	for name, c := range map[string]struct {
		status int
		body   string
		spans  int
		err    string
	}{
		"numbers for enums":        {200, result(span), 1, ""},
		"texts for enums":          {200, result(`{"traceId":"00000000000000000000000000000001","kind":"SPAN_KIND_SERVER","status":{"code":"STATUS_CODE_ERROR"}}`), 1, ""},
		"in chunks":                {200, result(span) + "\n" + result(span+","+span) + "\n", 3, ""},
		"of another trace":         {200, result(span + `,{"traceId":"00000000000000000000000000000009"}`), 1, ""},
		"of another trace alone":   {200, result(`{"traceId":"00000000000000000000000000000009"}`), 0, ErrNotFound.Error()},
		"nothing":                  {200, `{"result":{}}`, 0, ErrNotFound.Error()},
		"empty":                    {200, ``, 0, ErrNotFound.Error()},
		"not there":                {404, `{"error":{"httpCode":404,"message":"No traces found"}}`, 0, ErrNotFound.Error()},
		"not there, in a stream":   {200, `{"error":{"httpCode":404,"message":"No traces found"}}`, 0, ErrNotFound.Error()},
		"refused":                  {400, `{"error":{"httpCode":400,"message":"malformed parameter"}}`, 0, "is 400: malformed parameter"},
		"broken in the middle":     {200, result(span) + `{"error":{"httpCode":500,"message":"storage"}}`, 0, "is 500: storage"},
		"an error that is no JSON": {502, "<html>\n bad  gateway" + strings.Repeat("x", 1000), 0, "is 502: <html> bad gatewayx"},
		"a redirect":               {302, ``, 0, "is 302"},
		"no JSON":                  {200, `<html>`, 0, "not the JSON that is expected"},
		"no result":                {200, `{}`, 0, "has no result"},
		"no OTLP":                  {200, `{"result":{"resourceSpans":[{"scopeSpans":7}]}}`, 0, "no OTLP"},
		"an enum that is not":      {200, result(`{"traceId":"00000000000000000000000000000001","kind":"SPAN_KIND_X"}`), 0, "no OTLP"},
		"too deep":                 {200, `{"result":` + strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000) + `}`, 0, "not the JSON that is expected"},
		"too large":                {200, result(span) + strings.Repeat(" ", 1<<21), 0, "more than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			client := server(t, func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, "/jaeger/api/v3/traces/00000000000000000000000000000001", r.URL.Path)
				assert.Equal(t, "2026-11-30T11:00:00.000000005Z", r.URL.Query().Get("start_time"))
				assert.Equal(t, "2026-11-30T12:00:00.000000005Z", r.URL.Query().Get("end_time"))
				assert.Equal(t, "true", r.URL.Query().Get("raw_traces"))
				w.Header().Set("Content-Type", "text/plain")
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			})
			client.maxBytes = 1 << 20
			td, err := client.Trace(t.Context(), one, at, at.Add(time.Hour))
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				assert.Equal(t, c.err == ErrNotFound.Error(), errors.Is(err, ErrNotFound))
				assert.Less(t, len(err.Error()), 300)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.spans, td.SpanCount())
			s := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
			assert.Equal(t, ptrace.SpanKindServer, s.Kind())
			assert.Equal(t, ptrace.StatusCodeError, s.Status().Code())
		})
	}
}

func TestErrors(t *testing.T) {
	for _, base := range []string{"", "jaeger:16686", "ftp://jaeger", "http://", "http://%zz"} {
		_, err := New(http.DefaultClient, base)
		assert.Error(t, err, base)
	}
	c, err := New(http.DefaultClient, "http://user:hunter2@127.0.0.1:1")
	require.NoError(t, err)
	_, err = c.Trace(t.Context(), one, time.Time{}, time.Time{})
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "hunter2")

	ctx, cancel := context.WithCancel(t.Context())
	slow := server(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done() // until the client has gone
	})
	_, err = slow.Trace(ctx, one, time.Time{}, time.Time{})
	assert.ErrorIs(t, err, context.Canceled)
}

// The answer that Jaeger's own tests have.
func TestContract(t *testing.T) {
	data, err := os.ReadFile("../../../../../../shared/data/contracts/jaeger-apiv3-GetTrace.json")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("needs ../shared/data/contracts")
	}
	require.NoError(t, err)
	td, err := decode(data, one)
	require.NoError(t, err)
	s := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	assert.Equal(t, "foobar", s.Name())
	assert.Equal(t, pcommon.SpanID{7: 2}, s.SpanID())
	assert.Equal(t, ptrace.StatusCodeError, s.Status().Code())
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(result(span)))
	f.Add([]byte(`{"error":{"httpCode":404}}` + result(span)))
	f.Add([]byte(`{"result":{"resourceSpans":[{"resource":{"attributes":[{"key":"a","value":{"arrayValue":{"values":[{}]}}}]}}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		td, err := decode(data, one)
		if err != nil {
			assert.Less(t, len(err.Error()), 300)
			return
		}
		assert.Positive(t, td.SpanCount())
		_, err = (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		assert.NoError(t, err)
	})
}
