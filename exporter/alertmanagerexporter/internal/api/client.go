// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package api posts alerts to the API v2 of one Alertmanager: alert.go is what is posted,
// failure.go what the answers mean.
package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/retryafter"
)

// maxResponse is how much of a response is read, in bytes.
const maxResponse = 64 << 10

// Client posts to one replica.
type Client struct {
	HTTP *http.Client
	// URL is where alerts are posted to.
	URL       string
	UserAgent string
}

// Post sends one request. Its error is always a *FailureError.
func (c *Client) Post(ctx context.Context, alerts []Alert) error {
	body, err := json.Marshal(alerts)
	if err != nil {
		return &FailureError{Kind: Contents, Err: err}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return &FailureError{Kind: Configuration, Err: err}
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", c.UserAgent)
	response, err := c.HTTP.Do(request)
	if err != nil {
		return &FailureError{Kind: Transient, Err: err}
	}
	// What is not read is thrown away with the connection.
	answer, readErr := io.ReadAll(io.LimitReader(response.Body, maxResponse))
	closeErr := response.Body.Close()
	if response.StatusCode >= 200 && response.StatusCode < 300 {
		return nil // taken, even if the rest of the answer was lost
	}
	f := &FailureError{Status: response.StatusCode, Kind: kindOf(response.StatusCode), Err: fmt.Errorf("%s: %s", response.Status, reason(answer))}
	if f.Kind == Transient {
		f.RetryAfter = retryafter.Parse(response.Header.Get("Retry-After"), time.Now())
		f.Err = errors.Join(f.Err, readErr, closeErr)
	}
	return f
}
