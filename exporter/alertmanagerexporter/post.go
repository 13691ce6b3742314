// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alertmanagerexporter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// maxResponse is how much of a response is read, in bytes.
const maxResponse = 64 << 10

// maxReason is how much of a response is logged, in bytes.
const maxReason = 1024

// postable is an alert as Alertmanager's API v2 takes it (postableAlert in its OpenAPI description).
type postable struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// newPostable returns the alert as it is posted at a moment: summary, trace_id and span_id are annotations, trace_url is the
// generator's URL. A firing one ends when the lease does; a resolved one at its end, which is not in the future,
// whatever the clock of its source says. No alert ends before it began, because Alertmanager refuses that.
func newPostable(a *alert.Alert, now time.Time, lease time.Duration) postable {
	p := postable{Labels: a.LabelSet(), Annotations: make(map[string]string, len(a.Annotations)+3), StartsAt: a.StartsAt.UTC()}
	maps.Copy(p.Annotations, a.Annotations)
	if a.Summary != "" {
		p.Annotations["summary"] = a.Summary
	}
	if !a.TraceID.IsEmpty() {
		p.Annotations["trace_id"] = a.TraceID.String()
	}
	if !a.SpanID.IsEmpty() {
		p.Annotations["span_id"] = a.SpanID.String()
	}
	if link := a.Annotations["trace_url"]; isLink(link) {
		p.GeneratorURL = link
	}
	base := now
	if a.StartsAt.After(now) {
		base = a.StartsAt
	}
	switch {
	case a.State == alert.Firing:
		p.EndsAt = base.Add(lease)
	case a.EndsAt.After(base):
		p.EndsAt = base
	default:
		p.EndsAt = a.EndsAt
	}
	p.EndsAt = p.EndsAt.UTC()
	return p
}

func isLink(s string) bool {
	u, err := url.ParseRequestURI(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// failure is why a post was not taken.
type failure struct {
	kind kind
	// status is the HTTP status, 0 if there was no response.
	status int
	// retryAfter is how long the replica asks to be left alone, 0 if it does not say.
	retryAfter time.Duration
	err        error
}

type kind uint8

const (
	transient     kind = iota // it may work in a moment
	contents                  // something in the request is not accepted
	configuration             // it will not work before somebody changes the configuration
)

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// poster posts to one replica.
type poster struct {
	client    *http.Client
	url       string
	userAgent string
}

// post sends one request. Its error is always a *failure.
func (p *poster) post(ctx context.Context, alerts []postable) error {
	body, err := json.Marshal(alerts)
	if err != nil {
		return &failure{kind: contents, err: err}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return &failure{kind: configuration, err: err}
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", p.userAgent)
	response, err := p.client.Do(request)
	if err != nil {
		return &failure{kind: transient, err: err}
	}
	// What is not read is thrown away with the connection.
	answer, readErr := io.ReadAll(io.LimitReader(response.Body, maxResponse))
	closeErr := response.Body.Close()
	if response.StatusCode >= 200 && response.StatusCode < 300 {
		return nil // taken, even if the rest of the answer was lost
	}
	f := &failure{status: response.StatusCode, kind: kindOf(response.StatusCode), err: fmt.Errorf("%s: %s", response.Status, reason(answer))}
	if f.kind == transient {
		f.retryAfter = retryAfter(response.Header.Get("Retry-After"), time.Now())
		f.err = errors.Join(f.err, readErr, closeErr)
	}
	return f
}

// kindOf tells what a status means. Alertmanager answers 400 for an alert that it does not accept, and 422 for a request
// that does not fit its API; 413 comes from a proxy. Redirects are not followed: a post would become a get.
func kindOf(status int) kind {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return contents
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return transient
	}
	if status >= 500 {
		return transient
	}
	return configuration
}

// reason returns what a response says, as a log line may show it. Alertmanager answers with a JSON string.
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

// retryAfter reads the header, seconds or a date; 0 if there is nothing to read.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
