// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	"github.com/otelcol-ml/otelcol-ml/examples/internal/story"
)

// The bounds of a sender: what waits, and how often and how fast it tries.
const (
	maxWaiting = 30
	attempts   = 3
	pause      = 200 * time.Millisecond
)

// sender posts bodies one after another. What the collector does not take in three attempts, as it is
// not there, is dropped, and so is what finds no room.
type sender struct {
	url, contentType string
	bodies           chan []byte
	client           *http.Client
}

func newSender(url, contentType string) *sender {
	return &sender{url: url, contentType: contentType, bodies: make(chan []byte, maxWaiting), client: &http.Client{Timeout: 2 * time.Second}}
}

func (s *sender) send(body []byte) {
	select {
	case s.bodies <- body:
	default:
	}
}

func (s *sender) run(ctx context.Context) {
	there := true
	for {
		select {
		case <-ctx.Done():
			return
		case body := <-s.bodies:
			taken := s.deliver(ctx, body)
			if there && !taken && ctx.Err() == nil {
				story.Say("nothing takes what is sent to %s", s.url)
			}
			there = taken
		}
	}
}

func (s *sender) deliver(ctx context.Context, body []byte) bool {
	for range attempts {
		if s.post(ctx, body) {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(pause):
		}
	}
	return false
}

func (s *sender) post(ctx context.Context, body []byte) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return false
	}
	request.Header.Set("Content-Type", s.contentType)
	response, err := s.client.Do(request)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, response.Body)
	return response.Body.Close() == nil && err == nil && response.StatusCode < 300
}
