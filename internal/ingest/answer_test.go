// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
)

func TestAnswer(t *testing.T) {
	full := errors.New("full")
	bad := RefusalError{Reason: "bad_item", Message: "no id"}
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter)
		status int
		body   string
	}{
		"all taken": {func(w http.ResponseWriter) { (&Answer{Accepted: 2}).Send(w, nil) }, 200, ""},
		"one refused": {func(w http.ResponseWriter) {
			a := Answer{Accepted: 1}
			a.Refuse(1, "7", bad)
			a.Send(w, nil)
		}, 400, `{"accepted":1,"refused":[{"index":1,"id":"7","reason":"bad_item","message":"no id"}]}`},
		"no room": {func(w http.ResponseWriter) { (&Answer{}).Send(w, full) }, 503, `{"accepted":0,"error":"the pipeline has no room: full"}`},
		"refused for good": {
			func(w http.ResponseWriter) { (&Answer{}).Send(w, consumererror.NewPermanent(full)) }, 400,
			`{"accepted":0,"error":"the pipeline does not take it: Permanent error: full"}`,
		},
		"unread": {
			func(w http.ResponseWriter) { (&Answer{}).SendUnread(w, bad) }, 400,
			`{"accepted":0,"error":"no id","refused":[{"index":0,"reason":"bad_item","message":"no id"}]}`,
		},
		"too large": {
			func(w http.ResponseWriter) { (&Answer{}).SendTooLarge(w) }, 413,
			`{"accepted":0,"error":"the body is larger than max_request_body_size"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			c.answer(w)
			assert.Equal(t, c.status, w.Code)
			assert.Equal(t, c.body, strings.TrimSpace(w.Body.String()))
			assert.Equal(t, c.status == 503, w.Header().Get("Retry-After") == "1")
		})
	}
}

func TestAnswerListsAHundred(t *testing.T) {
	var a Answer
	for i := range 200 {
		a.Refuse(i, "", RefusalError{})
	}
	assert.Len(t, a.Refused, 100)
}

func TestIsPost(t *testing.T) {
	w := httptest.NewRecorder()
	assert.False(t, IsPost(w, httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/", http.NoBody), "labels"))
	assert.Equal(t, http.StatusMethodNotAllowed, w.Code)
	assert.Equal(t, http.MethodPost, w.Header().Get("Allow"))
	assert.JSONEq(t, `{"accepted":0,"error":"labels are sent with POST"}`, w.Body.String())
	assert.True(t, IsPost(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", http.NoBody), "labels"))
}

func TestTooLarge(t *testing.T) {
	require.True(t, TooLarge(fmt.Errorf("cannot read: %w", &http.MaxBytesError{Limit: 1})))
	require.False(t, TooLarge(nil))
}

func TestClip(t *testing.T) {
	assert.Equal(t, "abc", Clip("abc", 3))
	assert.Equal(t, "ab…", Clip("abcd", 2))
	assert.Equal(t, "a…", Clip("aöo", 2), "no half of a letter")
}
