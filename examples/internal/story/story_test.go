// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package story

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func post(t *testing.T, a *alerts, body string) int {
	t.Helper()
	recorder := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v2/alerts", strings.NewReader(body))
	a.take(recorder, request)
	return recorder.Code
}

// Await returns an alert that fires, and none that is over.
func TestAwait(t *testing.T) {
	s := &Story{alerts: newAlerts()}
	named := func(name string) func(Alert) bool {
		return func(a Alert) bool { return a.Labels["alertname"] == name }
	}
	assert.Equal(t, http.StatusOK, post(t, s.alerts, `[{"labels":{"alertname":"A"},"annotations":{"summary":"first"}},{"labels":{"alertname":"B"}}]`))
	alert, err := s.Await(t.Context(), time.Minute, "A", named("A"))
	require.NoError(t, err)
	assert.Equal(t, "first", alert.Annotations["summary"])

	assert.Equal(t, http.StatusOK, post(t, s.alerts, `[{"labels":{"alertname":"A"},"endsAt":"2020-01-01T00:00:00Z"}]`))
	_, err = s.Await(t.Context(), time.Millisecond, "the first", named("A"))
	require.ErrorContains(t, err, "no alert in 1ms: the first")
	_, err = s.Await(t.Context(), time.Minute, "B", named("B"))
	require.NoError(t, err)

	require.NoError(t, s.AwaitEnd(t.Context(), time.Minute, "A", named("A")))
	require.ErrorContains(t, s.AwaitEnd(t.Context(), time.Millisecond, "B", named("B")), "an alert goes on for 1ms: B")

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.Await(ended, time.Minute, "A", named("A"))
	require.ErrorIs(t, err, context.Canceled)
}

func TestTakeRefusesWhatIsNoAlert(t *testing.T) {
	assert.Equal(t, http.StatusBadRequest, post(t, newAlerts(), `{`))
}

// The same seed gives the same traces.
func TestIDsAreThoseOfTheSeed(t *testing.T) {
	first, second := newIDs(1, 2), newIDs(1, 2)
	for range 3 {
		trace, span := first.NewIDs(t.Context())
		again, spanAgain := second.NewIDs(t.Context())
		assert.Equal(t, trace, again)
		assert.Equal(t, span, spanAgain)
		assert.True(t, trace.IsValid() && span.IsValid())
	}
}
