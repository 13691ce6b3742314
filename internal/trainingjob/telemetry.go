// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package trainingjob

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"runtime/debug"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// exportTimeout bounds each wait for the collector: the job must not fail, nor hang, because nobody
// watches it.
const exportTimeout = 3 * time.Second

// provider makes the run's tracer. Job, run and date are on the resource, so that every span has
// them, whoever starts it.
func (r *run) provider() *sdktrace.TracerProvider {
	own := resource.NewSchemaless(
		attribute.String("service.name", "training-job"),
		attribute.String(mlconv.AttrPipelineName, r.Job),
		attribute.String(mlconv.AttrPipelineRunID, r.RunID),
		attribute.String(mlconv.AttrJobLogicalDate, r.date),
	)
	all, err := resource.Merge(resource.Default(), own) // the default one takes OTEL_RESOURCE_ATTRIBUTES in
	if err != nil {
		all = own
	}
	options := []sdktrace.TracerProviderOption{sdktrace.WithResource(all)}
	if r.Exporter != nil {
		options = append(options, sdktrace.WithBatcher(lent{r.Exporter}, sdktrace.WithBatchTimeout(500*time.Millisecond), sdktrace.WithExportTimeout(exportTimeout)))
	}
	p := sdktrace.NewTracerProvider(options...)
	r.tracer = p.Tracer("github.com/otelcol-ml/otelcol-ml/examples/training-job")
	lost := false
	r.flush = func(ctx context.Context) {
		if lost {
			return // the end of the run tries again
		}
		ctx, cancel := context.WithTimeout(ctx, exportTimeout)
		defer cancel()
		if err := p.ForceFlush(ctx); err != nil {
			lost = true
		}
	}
	return p
}

// lent is an exporter that the provider must not shut down.
type lent struct{ sdktrace.SpanExporter }

func (lent) Shutdown(context.Context) error { return nil }

// runStage runs a stage, again if it fails for a passing reason and has tries left. Each try is a
// span. A stage that begins says so with a span of its own, since its real span is not sent before
// it has ended; what hangs or is killed sends none at all.
func (r *run) runStage(ctx context.Context, name string, tries int, do func(context.Context) error) error {
	r.stage, r.worked, r.told = name, 0, ""
	_, marker := r.tracer.Start(ctx, name+" begins", trace.WithAttributes(
		attribute.String(mlconv.AttrTaskName, name), attribute.String(mlconv.AttrPipelineRunState, "executing"),
	))
	marker.End()
	for attempt := 1; ; attempt++ {
		r.flush(ctx) // a crash of this stage does not take along what the stages before have told
		begin := time.Now()
		in, span := r.tracer.Start(ctx, name, trace.WithAttributes(
			attribute.String(mlconv.AttrTaskName, name),
			attribute.String(mlconv.AttrTaskRunID, fmt.Sprintf("%s-%d", name, attempt)),
			attribute.Int(mlconv.AttrStageAttempt, attempt),
		))
		err := failed(span, guard(in, do))
		if errors.Is(err, errKilled) {
			return err
		}
		var passing interface{ Temporary() bool }
		again := attempt < tries && errors.As(err, &passing) && passing.Temporary()
		if again {
			span.SetAttributes(attribute.Bool(mlconv.AttrStageFinal, false))
		}
		span.SetAttributes(attribute.String(mlconv.AttrTaskRunResult, outcome(err)))
		span.End()
		told := r.told
		if err != nil {
			told = err.Error()
		}
		r.say("  %-14s %5.2f s  %s", name, time.Since(begin).Seconds(), told)
		if !again {
			return err
		}
		if err := wait(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

// outcome is a result in the words of cicd.pipeline.task.run.result.
func outcome(err error) string {
	switch {
	case err == nil:
		return "success"
	case errors.Is(err, context.Canceled):
		return "cancellation"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return "failure"
}

// step runs a part of a stage in a span of its own.
func (r *run) step(ctx context.Context, name string, do func(context.Context) error, attributes ...attribute.KeyValue) error {
	ctx, span := r.tracer.Start(ctx, name, trace.WithAttributes(attributes...))
	err := failed(span, guard(ctx, do))
	if !errors.Is(err, errKilled) {
		span.End()
	}
	return err
}

// note sets attributes of the span of the current step or stage.
func note(ctx context.Context, attributes ...attribute.KeyValue) {
	trace.SpanFromContext(ctx).SetAttributes(attributes...)
}

// failed marks a span with an error. The exception goes onto the span in which it occurred, the
// deepest one, and not onto those above.
func failed(span trace.Span, err error) error {
	var known recorded
	var panicked *PanicError
	switch {
	case err == nil || errors.Is(err, errKilled):
		return err
	case errors.As(err, &known):
	case errors.As(err, &panicked):
		span.RecordError(err, trace.WithAttributes(attribute.String("exception.stacktrace", panicked.Stack)))
		err = recorded{err}
	default:
		span.RecordError(err, trace.WithStackTrace(true))
		err = recorded{err}
	}
	span.SetStatus(codes.Error, err.Error())
	return err
}

// recorded is an error that is on a span already.
type recorded struct{ error }

func (r recorded) Unwrap() error { return r.error }

// PanicError is a panic of a step.
type PanicError struct {
	Value any
	Stack string
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// guard makes an error of a panic.
func guard(ctx context.Context, do func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{Value: p, Stack: string(debug.Stack())}
		}
	}()
	return do(ctx)
}

// rows says how many rows a stage has read and written; negative for what it does not.
func (r *run) rows(ctx context.Context, in, out int) {
	if in >= 0 {
		note(ctx, attribute.Int(mlconv.AttrStageRowsIn, in))
	}
	if out >= 0 {
		note(ctx, attribute.Int(mlconv.AttrStageRowsOut, out))
		r.result.Rows[r.stage] = out
		r.told = fmt.Sprintf("%d rows", out)
	}
}

// nulls says which share of each column is null.
func nulls(ctx context.Context, columns map[string][]float64) {
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		n := 0
		for _, v := range columns[name] {
			if math.IsNaN(v) {
				n++
			}
		}
		note(ctx, attribute.Float64(mlconv.PrefixStageNullRatio+name, share(n, len(columns[name]))))
	}
}

func share(n, of int) float64 { return float64(n) / float64(max(of, 1)) }

// metric says what a stage has measured.
func (r *run) metric(ctx context.Context, name string, value float64) {
	note(ctx, attribute.Float64(mlconv.PrefixStageMetric+name, value))
	r.told = fmt.Sprintf("%s %.3f", name, value)
}
