// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/otelcol-ml/otelcol-ml/examples/internal/story"
)

// maxInFlight is how many reviews of one service may wait for an answer.
const maxInFlight = 200

// visitors are what sends reviews: a service through which they come.
type visitors struct {
	tracer  trace.Tracer
	client  *http.Client
	address string
	agent   string
	write   func() review
}

// newVisitors returns a service that sends its spans to the collector.
func newVisitors(ctx context.Context, s *story.Story, service, address, agent string, write func() review) (*visitors, error) {
	tracer, err := s.Tracer(ctx, resource(service))
	if err != nil {
		return nil, err
	}
	client := &http.Client{Timeout: requestTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: maxInFlight}}
	return &visitors{tracer: tracer, client: client, address: address, agent: agent, write: write}, nil
}

// post posts so many reviews a second until the context is done. What fails is on spans.
func (v *visitors) post(ctx context.Context, perSecond int, work *sync.WaitGroup) {
	ticker := time.NewTicker(time.Second / time.Duration(perSecond))
	defer ticker.Stop()
	slots := make(chan struct{}, maxInFlight)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		select {
		case <-ctx.Done():
			return
		case slots <- struct{}{}:
		}
		body, err := json.Marshal(v.write())
		if err != nil {
			continue
		}
		// The trace begins here, so that its ids do not depend on which request is faster.
		visit, span := ask(ctx, v.tracer, "POST /reviews")
		work.Go(func() {
			defer func() { <-slots }()
			defer span.End()
			r, err := http.NewRequestWithContext(visit, http.MethodPost, "http://"+v.address+"/reviews", bytes.NewReader(body))
			if err != nil {
				return
			}
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("User-Agent", v.agent)
			_, _ = send(v.client, r)
		})
	}
}
