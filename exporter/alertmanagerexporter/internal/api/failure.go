// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// maxReason is how much of a response is logged, in bytes.
const maxReason = 1024

// FailureError is why a post was not taken.
type FailureError struct {
	Kind Kind
	// Status is the HTTP status, 0 if there was no response.
	Status int
	// RetryAfter is how long the replica asks to be left alone, 0 if it does not say.
	RetryAfter time.Duration
	// Err is what went wrong, as a log line may show it.
	Err error
}

// Kind says what a failure means for the next attempt.
type Kind uint8

// The kinds of failures.
const (
	Transient     Kind = iota // it may work in a moment
	Contents                  // something in the request is not accepted
	Configuration             // it will not work before somebody changes the configuration
)

// Error says what went wrong.
func (f *FailureError) Error() string { return f.Err.Error() }

// Unwrap returns Err.
func (f *FailureError) Unwrap() error { return f.Err }

// kindOf tells what a status means. Alertmanager answers 400 for an alert that it does not accept,
// and 422 for a request that does not fit its API; 413 comes from a proxy. Redirects are not
// followed: a post would become a get.
func kindOf(status int) Kind {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return Contents
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return Transient
	}
	if status >= 500 {
		return Transient
	}
	return Configuration
}

// reason returns what a response says, as a log line may show it. Alertmanager answers with a JSON
// string.
func reason(body []byte) string {
	var text string
	if err := json.Unmarshal(body, &text); err != nil {
		text = string(body)
	}
	text = strings.ToValidUTF8(strings.TrimSpace(text), "\uFFFD")
	if len(text) > maxReason {
		text = strings.ToValidUTF8(text[:maxReason], "") + "…"
	}
	if text == "" {
		return "no reason given"
	}
	return text
}
