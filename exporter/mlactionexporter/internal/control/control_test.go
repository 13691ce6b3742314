// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package control

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/engine"
)

const secret = "canary-canary-canary-canary"

// fake is an engine that notes what it is told.
type fake struct {
	told []string
	err  error
}

func (f *fake) Overview() engine.Overview { return engine.Overview{Leading: true, Killed: "by ada"} }

func (f *fake) Approve(key, by string, approved bool) error {
	f.told = append(f.told, fmt.Sprint("approve ", key, " ", by, " ", approved))
	return f.err
}

func (f *fake) Kill(on bool, by, reason string) error {
	f.told = append(f.told, fmt.Sprint("kill ", on, " ", by, " ", reason))
	return f.err
}

// sign is the signature as the specification has it, not as the library does.
func sign(id string, at time.Time, body, secret string) string {
	h := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(h, "%s.%d.%s", id, at.Unix(), body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

type call struct {
	path, body, id string
	at             time.Time
	signature      string
}

func post(t *testing.T, h http.Handler, c call) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, c.path, bytes.NewBufferString(c.body))
	r.Header.Set("webhook-id", c.id)
	r.Header.Set("webhook-timestamp", fmt.Sprint(c.at.Unix()))
	r.Header.Set("webhook-signature", c.signature)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	assert.NotContains(t, w.Body.String(), "canary")
	return w.Code, w.Body.String()
}

func TestCalls(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name, path, body string
		signature        string
		at               time.Time
		err              error
		status           int
		told             string
	}{
		{name: "approve", path: "/v1/decisions", body: `{"key": "abc", "decision": "approve", "by": "ada"}`, status: 200, told: "approve abc ada true"},
		{name: "reject", path: "/v1/decisions", body: `{"key": "abc", "decision": "reject", "by": "ada"}`, status: 200, told: "approve abc ada false"},
		{name: "no run", path: "/v1/decisions", body: `{"key": "abc", "decision": "reject", "by": "ada"}`, err: engine.ErrNoRun, status: 404, told: "approve abc ada false"},
		{name: "too late", path: "/v1/decisions", body: `{"key": "abc", "decision": "approve", "by": "ada"}`, err: engine.ErrNotAwaited, status: 409, told: "approve abc ada true"},
		{name: "not written", path: "/v1/decisions", body: `{"key": "abc", "decision": "approve", "by": "ada"}`, err: errors.New("disk full"), status: 503, told: "approve abc ada true"},
		{name: "neither", path: "/v1/decisions", body: `{"key": "abc", "decision": "maybe", "by": "ada"}`, status: 400},
		{name: "nobody", path: "/v1/decisions", body: `{"key": "abc", "decision": "approve"}`, status: 400},
		{name: "unknown field", path: "/v1/decisions", body: `{"key": "abc", "decision": "approve", "by": "ada", "force": true}`, status: 400},
		{name: "no JSON", path: "/v1/decisions", body: `approve`, status: 400},
		{name: "too long", path: "/v1/decisions", body: `{"key": "` + strings.Repeat("x", 20_000) + `"}`, status: 413},
		{name: "kill", path: "/v1/kill-switch", body: `{"on": true, "by": "ada", "reason": "a release"}`, status: 200, told: "kill true ada a release"},
		{name: "go on", path: "/v1/kill-switch", body: `{"on": false, "by": "ada"}`, status: 200, told: "kill false ada "},
		{name: "neither on nor off", path: "/v1/kill-switch", body: `{"by": "ada"}`, status: 400},
		{name: "no signature", path: "/v1/kill-switch", body: `{"on": false, "by": "ada"}`, signature: "-", status: 401},
		{name: "another secret", path: "/v1/kill-switch", body: `{"on": false, "by": "ada"}`, signature: sign("id", now, `{"on": false, "by": "ada"}`, "another secret of the same length"), status: 401},
		{name: "of another body", path: "/v1/kill-switch", body: `{"on": false, "by": "ada"}`, signature: sign("id", now, `{"on": true, "by": "ada"}`, secret), status: 401},
		{name: "old", path: "/v1/kill-switch", body: `{"on": false, "by": "ada"}`, at: now.Add(-6 * time.Minute), status: 401},
		{name: "of the future", path: "/v1/kill-switch", body: `{"on": false, "by": "ada"}`, at: now.Add(6 * time.Minute), status: 401},
		{name: "one of several signatures", path: "/v1/kill-switch", body: `{"on": false, "by": "ada"}`, signature: "v1,AAAA " + sign("id", now, `{"on": false, "by": "ada"}`, secret), status: 200, told: "kill false ada "},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fake{err: c.err}
			h, err := NewHandler(f, secret)
			require.NoError(t, err)
			at := c.at
			if at.IsZero() {
				at = now
			}
			signature := c.signature
			if signature == "" {
				signature = sign("id", at, c.body, secret)
			}
			status, body := post(t, h, call{c.path, c.body, "id", at, signature})
			assert.Equal(t, c.status, status, body)
			if c.told == "" {
				assert.Empty(t, f.told)
			} else {
				assert.Equal(t, []string{c.told}, f.told)
			}
		})
	}
}

func TestAnIDIsTakenOnce(t *testing.T) {
	f := &fake{}
	h, err := NewHandler(f, secret)
	require.NoError(t, err)
	body, now := `{"on": false, "by": "ada"}`, time.Now()
	c := call{"/v1/kill-switch", body, "id", now, sign("id", now, body, secret)}
	status, _ := post(t, h, c)
	assert.Equal(t, 200, status)
	status, _ = post(t, h, c)
	assert.Equal(t, 409, status)
	assert.Len(t, f.told, 1)

	s := &server{ids: map[string]time.Time{}}
	for i := range maxIDs {
		require.True(t, s.once(fmt.Sprint(i), now))
	}
	assert.False(t, s.once("one more", now), "there is no room")
	assert.True(t, s.once("one more", now.Add(keepIDs+time.Second)))
	assert.False(t, s.once(strings.Repeat("x", 300), now.Add(keepIDs+time.Second)))
}

func TestWithoutASecret(t *testing.T) {
	h, err := NewHandler(&fake{}, "")
	require.NoError(t, err)
	status, body := post(t, h, call{"/v1/kill-switch", `{"on": false, "by": "ada"}`, "id", time.Now(), sign("id", time.Now(), "", "")})
	assert.Equal(t, 403, status)
	assert.Contains(t, body, "api::secret")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/actions", nil))
	assert.Equal(t, 200, w.Code)
	assert.Contains(t, w.Body.String(), `"killed": "by ada"`)
}

func TestSecrets(t *testing.T) {
	assert.NoError(t, CheckSecret(secret))
	assert.NoError(t, CheckSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
	assert.ErrorContains(t, CheckSecret("canary"), "24")
	err := CheckSecret("whsec_canary!canary!canary!canary!")
	require.ErrorContains(t, err, "base64")
	assert.NotContains(t, err.Error(), "canary")
}

// The example of the specification's libraries (libraries/go/webhook_test.go) has the same signature.
func TestKnownVector(t *testing.T) {
	w, err := newWebhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	require.NoError(t, err)
	signature, err := w.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	require.NoError(t, err)
	assert.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", signature)
}
