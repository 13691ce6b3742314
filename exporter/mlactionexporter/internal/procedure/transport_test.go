// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOverSockets: what a real client and a real server make of what goes wrong.
func TestOverSockets(t *testing.T) {
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		tls     bool
		closed  bool
		steps   string
		want    Outcome
		reason  string
		note    string
		calls   int64
	}{
		{name: "nobody listens", closed: true, steps: sendNever, want: Broken, reason: "2 attempts: not sent: dial tcp"},
		{name: "a certificate that nobody knows", tls: true, steps: sendNever, want: Broken, reason: "2 attempts: not sent: tls: failed to verify certificate"},
		{
			name: "the connection is closed instead of an answer", steps: sendNever, want: Unknown, reason: "it may have had its effect, and is not to be sent again: no answer: EOF", calls: 1,
			handler: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		},
		{
			name: "the answer to a change breaks off", steps: "  - {name: send, request: POST /s, repeat: never}\n", want: Completed, note: "send: (the answer was not read to its end", calls: 1,
			handler: func(w http.ResponseWriter, _ *http.Request) { half(w) },
		},
		{
			name: "the answer to a read breaks off", steps: readOnce, want: Broken, reason: "2 attempts: the answer broke off: unexpected EOF", calls: 2,
			handler: func(w http.ResponseWriter, _ *http.Request) { half(w) },
		},
		{
			name: "an answer without an end", steps: "  - {name: send, request: POST /s, repeat: never, extract: {a: body.a}}\n", want: Broken, reason: "has more than 1048576 bytes", calls: 1,
			handler: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				for {
					if _, err := io.WriteString(w, strings.Repeat("[", 64<<10)); err != nil {
						return
					}
				}
			},
		},
		{
			name: "not HTTP", steps: sendNever, want: Unknown, reason: "malformed HTTP response", calls: 1,
			handler: func(w http.ResponseWriter, _ *http.Request) {
				conn, _, err := w.(http.Hijacker).Hijack()
				if err == nil {
					_, _ = io.WriteString(conn, "nonsense\r\n\r\n")
					conn.Close()
				}
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var calls atomic.Int64
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				_, _ = io.Copy(io.Discard, r.Body)
				c.handler(w, r)
			}))
			s.Config.ErrorLog = log.New(io.Discard, "", 0)
			if c.tls {
				s.StartTLS()
			} else {
				s.Start()
			}
			defer s.Close()
			if c.closed {
				s.Close()
			}
			base, err := url.Parse(s.URL)
			require.NoError(t, err)
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			got := runner(t, transport, Options{Base: base, Attempts: 2, Backoff: time.Millisecond}).Run(t.Context(), &Request{Steps: steps(t, c.steps), Data: data(nil), Journal: &memory{}})
			assert.Equal(t, c.want, got.Outcome, got.Reason)
			assert.Contains(t, got.Reason, c.reason)
			assert.Contains(t, strings.Join(got.Notes, "\n"), c.note)
			assert.Equal(t, c.calls, calls.Load())
		})
	}
}

func half(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "1000")
	fmt.Fprint(w, `{"v":`)
}

// TestRedirectsAreNotFollowed, whatever the client says of them.
func TestRedirectsAreNotFollowed(t *testing.T) {
	var calls atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	defer other.Close()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/secret?a=b", http.StatusTemporaryRedirect)
	}))
	defer s.Close()
	base, err := url.Parse(s.URL)
	require.NoError(t, err)
	for _, step := range []string{readOnce, sendAlways, sendNever} {
		r, err := New(Options{HTTP: s.Client(), Base: base})
		require.NoError(t, err)
		got := r.Run(t.Context(), &Request{Steps: steps(t, step), Data: data(nil), Journal: &memory{}})
		assert.Equal(t, Broken, got.Outcome)
		host := strings.TrimPrefix(other.URL, "http://")
		assert.Equal(t, "answered 307 Temporary Redirect, which is not followed; it leads to "+host, strings.SplitN(got.Reason, ": ", 2)[0])
		assert.NotContains(t, got.Reason, "a=b")
	}
	assert.Zero(t, calls.Load())
}

// TestSlowDial: a connection that is never made is one on which nothing was sent.
func TestSlowDial(t *testing.T) {
	transport := &http.Transport{DialContext: (&net.Dialer{Timeout: time.Nanosecond}).DialContext}
	base, err := url.Parse("http://192.0.2.1:9")
	require.NoError(t, err)
	got := runner(t, transport, Options{Base: base, Attempts: 1}).Run(t.Context(), &Request{Steps: steps(t, sendNever), Data: data(nil), Journal: &memory{}})
	assert.Equal(t, Broken, got.Outcome)
	assert.Contains(t, got.Reason, "not sent: dial tcp")
}

// TestSlowHandshake: without TLS nothing was sent, either.
func TestSlowHandshake(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	transport := &http.Transport{TLSHandshakeTimeout: 10 * time.Millisecond}
	base, err := url.Parse("https://" + listener.Addr().String())
	require.NoError(t, err)
	got := runner(t, transport, Options{Base: base, Attempts: 1}).Run(t.Context(), &Request{Steps: steps(t, sendNever), Data: data(nil), Journal: &memory{}})
	assert.Equal(t, Broken, got.Outcome)
	assert.Contains(t, got.Reason, "not sent: net/http: TLS handshake timeout")
}

// TestReasons: what systems say, in their forms.
func TestReasons(t *testing.T) {
	for body, want := range map[string]string{
		`{"type":"about:blank","title":"Conflict","status":409,"detail":"DAGRun exists"}`: "Conflict: DAGRun exists",
		`{"message":"not found"}`:                                                       "not found",
		`{"error":{"message":"bad key","code":"E5"}}`:                                   "E5: bad key",
		`{"error":"Unauthorized"}`:                                                      "Unauthorized",
		`{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no such model"}`:            "RESOURCE_DOES_NOT_EXIST: no such model",
		`{"kind":"Status","status":"Failure","message":"nope","reason":"Invalid"}`:      "Invalid: nope",
		`{"errorMessages":["a","b"],"errors":{"summary":"is required"}}`:                `["a","b"]: {"summary":"is required"}`,
		`{"errorMessages":[],"errors":{}}`:                                              `{"errorMessages":[],"errors":{}}`,
		`{"status":"invalid event","message":"Event object is invalid","errors":["x"]}`: `Event object is invalid: ["x"]`,
		`{"error":{"message":"No Record found","detail":"ACL"},"status":"failure"}`:     "No Record found: ACL",
		`{"detail":[{"loc":["body","x"],"msg":"missing"}]}`:                             `[{"loc":["body","x"],"msg":"missing"}]`,
		`{"other":1}`:           `{"other":1}`,
		`["a"]`:                 `["a"]`,
		"invalid_payload":       "invalid_payload",
		"two\nlines\x1b[31m":    "two lines[31m",
		"<html><b>x</b></html>": "",
		"":                      "",
		`{"broken`:              `{"broken`,
	} {
		t.Run(body, func(t *testing.T) {
			s := &server{replies: map[string][]reply{"PUT /base/s": {answers(400, body)}}}
			got := runner(t, s, Options{}).Run(t.Context(), &Request{Steps: steps(t, "  - {name: send, request: PUT /s}\n"), Data: data(nil), Journal: &memory{}})
			if want != "" {
				want = ": " + want
			}
			assert.Equal(t, "answered 400 Bad Request"+want, got.Reason)
		})
	}
	s := &server{replies: map[string][]reply{"PUT /base/s": {answers(400, strings.Repeat("ä", 10_000))}}}
	got := runner(t, s, Options{}).Run(t.Context(), &Request{Steps: steps(t, "  - {name: send, request: PUT /s}\n"), Data: data(nil), Journal: &memory{}})
	assert.Len(t, []rune(got.Reason), len("answered 400 Bad Request: ")+maxReason)
}
