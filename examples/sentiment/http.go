// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// The bounds of a request.
const (
	maxBody        = 64 << 10
	requestTimeout = 10 * time.Second
)

// w3c carries the ids of a trace from service to service, in the header traceparent.
var w3c = propagation.TraceContext{}

// listen serves until the context is done, and returns the address on which it does.
func listen(ctx context.Context, address string, handler http.Handler, work *sync.WaitGroup) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: requestTimeout}
	work.Go(func() {
		<-ctx.Done()
		_ = server.Close() // nobody waits for these answers any more
	})
	work.Go(func() { _ = server.Serve(listener) }) // it ends when it is closed
	return listener.Addr().String(), nil
}

// traced is a handler in a span of the kind server, in the trace of who asks.
func traced(tracer trace.Tracer, route string, serve func(http.ResponseWriter, *http.Request)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, span := tracer.Start(w3c.Extract(r.Context(), propagation.HeaderCarrier(r.Header)), r.Method+" "+route,
			trace.WithSpanKind(trace.SpanKindServer),
			trace.WithAttributes(attribute.String("http.request.method", r.Method), attribute.String("http.route", route),
				attribute.String("user_agent.original", r.UserAgent())))
		defer span.End()
		serve(w, r.WithContext(ctx))
	})
}

// ask begins a span of the kind client, for a request that is sent with send.
func ask(ctx context.Context, tracer trace.Tracer, name string) (context.Context, trace.Span) {
	return tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient))
}

// send sends a request, returns what is answered, and ends the span of its context.
func send(client *http.Client, r *http.Request) (body []byte, err error) {
	span := trace.SpanFromContext(r.Context())
	defer func() {
		if err != nil {
			span.SetStatus(codes.Error, err.Error())
		}
		span.End()
	}()
	span.SetAttributes(attribute.String("http.request.method", r.Method), attribute.String("server.address", r.URL.Hostname()))
	w3c.Inject(r.Context(), propagation.HeaderCarrier(r.Header))
	response, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	span.SetAttributes(attribute.Int("http.response.status_code", response.StatusCode))
	body, err = io.ReadAll(io.LimitReader(response.Body, maxBody))
	err = errors.Join(err, response.Body.Close())
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	return body, err
}
