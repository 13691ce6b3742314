// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"strings"
	"testing"

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
