// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// endless is a body that never ends; it notes how much of it was read.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	return copy(p, strings.Repeat("x", len(p))), nil
}

func (e *endless) Close() error { return nil }

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestResponsesAreReadUpToALimit(t *testing.T) {
	for _, status := range []int{http.StatusOK, http.StatusBadRequest, http.StatusBadGateway} {
		body := &endless{}
		c := &Client{URL: "http://a/api/v2/alerts", HTTP: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Body: body, Request: r}, nil
		})}}
		err := c.Post(t.Context(), []Alert{{Labels: map[string]string{"alertname": "A"}}})
		assert.Positive(t, body.read)
		assert.LessOrEqual(t, body.read, maxResponse)
		if status == http.StatusOK {
			require.NoError(t, err)
			continue
		}
		var f *FailureError
		require.ErrorAs(t, err, &f)
		assert.Equal(t, status, f.Status)
		assert.LessOrEqual(t, len(f.Error()), 2*maxReason)
	}
}

func TestReason(t *testing.T) {
	for body, want := range map[string]string{
		`"at least one label pair required"` + "\n": "at least one label pair required",
		"404 page not found\n":                      "404 page not found",
		"":                                          "no reason given",
		"\xff":                                      "\uFFFD",
		strings.Repeat("é", 2000):                   strings.Repeat("é", 512) + "…",
		"x" + strings.Repeat("é", 2000):             "x" + strings.Repeat("é", 511) + "…",
	} {
		assert.Equal(t, want, reason([]byte(body)))
	}
}

func TestRetryAfterHeader(t *testing.T) {
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "17": 17 * time.Second, "-1": 0, "1.5": 0, "99999999999999": 0, "Sun, 22 Nov 2026 03:00:40 GMT": 40 * time.Second,
		"Sun, 22 Nov 2026 02:00:00 GMT": 0, "soon": 0,
	} {
		assert.Equal(t, want, retryAfter(value, now), value)
	}
}
