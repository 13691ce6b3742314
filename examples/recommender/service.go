// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/otelcol-ml/otelcol-ml/examples/internal/story"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

const environment = "production"

// propagator puts the trace, and the baggage, into the headers of a request, as W3C has them.
var propagator = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

// carried is what the baggage tells each service: which run its work is for. A service works for many, so that it cannot stand on its
// resource.
var carried = []string{mlconv.AttrPipelineName, mlconv.AttrPipelineRunID, mlconv.AttrJobLogicalDate}

// service is a server that does stages of the job. It has a resource of its own; its spans are in the trace of the one who asks.
type service struct {
	tracer trace.Tracer
	url    string
}

// stage does a stage of the job and says on its span what it has read and written. It returns the result.
type stage func(ctx context.Context, tracer trace.Tracer, n *night) (result string, err error)

// startService starts the service on a port that is free.
func startService(ctx context.Context, s *story.Story, name string, w *warehouse, stages map[string]stage) (*service, error) {
	tracer, err := s.Tracer(ctx, story.Resource(name, attribute.String(mlconv.AttrEnvironment, environment)))
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	for name, do := range stages {
		mux.HandleFunc("POST /"+name, func(rw http.ResponseWriter, request *http.Request) {
			if err := work(request, tracer, name, w, do); err != nil {
				http.Error(rw, err.Error(), http.StatusInternalServerError)
			}
		})
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(listener) }() // until it is closed
	return &service{tracer: tracer, url: "http://" + listener.Addr().String()}, nil
}

// work does a stage in a span, which has what the baggage says.
func work(request *http.Request, tracer trace.Tracer, name string, w *warehouse, do stage) error {
	ctx := propagator.Extract(request.Context(), propagation.HeaderCarrier(request.Header))
	bag := baggage.FromContext(ctx)
	ctx, span := tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.String(mlconv.AttrTaskName, name)))
	defer span.End()
	for _, key := range carried {
		span.SetAttributes(attribute.String(key, bag.Member(key).Value()))
	}
	n := w.of(bag.Member(mlconv.AttrJobLogicalDate).Value())
	result, err := "failure", errors.New("there are no data of that day")
	if n != nil {
		result, err = do(ctx, tracer, n)
	}
	span.SetAttributes(attribute.String(mlconv.AttrTaskRunResult, result))
	if err != nil {
		span.RecordError(err)
		span.SetStatus(codes.Error, err.Error())
		return err
	}
	span.SetStatus(codes.Ok, "")
	return nil
}

// ask has a service do a stage.
func (s *service) ask(ctx context.Context, name string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/"+name, http.NoBody)
	if err != nil {
		return err
	}
	propagator.Inject(ctx, propagation.HeaderCarrier(request.Header))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	if err := response.Body.Close(); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", name, response.Status)
	}
	return nil
}
