// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package story

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// exportInterval is how often telemetry is sent. A second in a story is often a minute.
const exportInterval = 200 * time.Millisecond

// exportTimeout is how long spans wait for a collector that is not there.
const exportTimeout = time.Minute

// retry finds a collector that was started again soon.
var retry = otlptracegrpc.RetryConfig{Enabled: true, InitialInterval: exportInterval, MaxInterval: time.Second, MaxElapsedTime: exportTimeout}

// provider is what sends telemetry, of any signal.
type provider interface {
	ForceFlush(ctx context.Context) error
	Shutdown(ctx context.Context) error
}

// Resource names a service, with further attributes of it.
func Resource(service string, attributes ...attribute.KeyValue) *resource.Resource {
	return resource.NewSchemaless(append(attributes, attribute.String("service.name", service))...)
}

// Tracer returns a tracer whose spans go to the collector, with ids that the seed determines. Spans that find no room in its queue wait:
// none is lost while the collector is there.
func (s *Story) Tracer(ctx context.Context, of *resource.Resource) (oteltrace.Tracer, error) {
	exporter, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(s.OTLP), otlptracegrpc.WithInsecure(),
		otlptracegrpc.WithRetry(retry), otlptracegrpc.WithTimeout(exportTimeout))
	if err != nil {
		return nil, err
	}
	p := trace.NewTracerProvider(
		trace.WithResource(of),
		trace.WithSampler(trace.AlwaysSample()),
		trace.WithIDGenerator(newIDs(s.Seed, uint64(len(s.providers)))),
		trace.WithBatcher(exporter, trace.WithBatchTimeout(exportInterval), trace.WithExportTimeout(exportTimeout), trace.WithBlocking()),
	)
	s.providers = append(s.providers, p)
	return p.Tracer("github.com/otelcol-ml/otelcol-ml/examples"), nil
}

// Meters returns a provider of meters whose metrics go to the collector.
func (s *Story) Meters(ctx context.Context, of *resource.Resource) (*metric.MeterProvider, error) {
	exporter, err := otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithEndpoint(s.OTLP), otlpmetricgrpc.WithInsecure())
	if err != nil {
		return nil, err
	}
	p := metric.NewMeterProvider(metric.WithResource(of), metric.WithReader(metric.NewPeriodicReader(exporter, metric.WithInterval(time.Second))))
	s.providers = append(s.providers, p)
	return p, nil
}

// Logs returns a provider of loggers whose records go to the collector.
func (s *Story) Logs(ctx context.Context, of *resource.Resource) (*log.LoggerProvider, error) {
	exporter, err := otlploggrpc.New(ctx, otlploggrpc.WithEndpoint(s.OTLP), otlploggrpc.WithInsecure())
	if err != nil {
		return nil, err
	}
	p := log.NewLoggerProvider(log.WithResource(of), log.WithProcessor(log.NewBatchProcessor(exporter, log.WithExportInterval(exportInterval))))
	s.providers = append(s.providers, p)
	return p, nil
}

// Flush returns when all that was recorded is with the collector.
func (s *Story) Flush(ctx context.Context) error {
	var errs []error
	for _, p := range s.providers {
		errs = append(errs, p.ForceFlush(ctx))
	}
	return errors.Join(errs...)
}

// endTelemetry sends what has not been sent.
func (s *Story) endTelemetry(ctx context.Context) error {
	var errs []error
	for _, p := range s.providers {
		errs = append(errs, p.Shutdown(ctx))
	}
	return errors.Join(errs...)
}

// ids makes the ids of traces and spans.
type ids struct {
	mu  sync.Mutex
	rng *rand.Rand
}

func newIDs(seed, tracer uint64) *ids {
	return &ids{rng: rand.New(rand.NewPCG(seed, tracer+2))} // 1 is Story.Rand's
}

func (g *ids) NewIDs(ctx context.Context) (oteltrace.TraceID, oteltrace.SpanID) {
	g.mu.Lock()
	var id oteltrace.TraceID
	binary.BigEndian.PutUint64(id[:8], g.rng.Uint64())
	binary.BigEndian.PutUint64(id[8:], g.rng.Uint64()|1)
	g.mu.Unlock()
	return id, g.NewSpanID(ctx, id)
}

func (g *ids) NewSpanID(context.Context, oteltrace.TraceID) (id oteltrace.SpanID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	binary.BigEndian.PutUint64(id[:], g.rng.Uint64()|1)
	return id
}

// AwaitListener returns when something listens on the address, or with an error after a minute.
func AwaitListener(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("waited for %v", startTimeout))
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		if err := Wait(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}
