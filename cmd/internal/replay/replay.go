// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package replay turns the rows of data files into prediction spans, through the official
// OpenTelemetry SDK, and into the labels that become known later.
//
// Rows are read, mapped and exported in order, one batch at a time: nothing is queued, nothing
// dropped, and what was not delivered is known when Run returns.
package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/labels"
	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// DefaultBatchSize is the number of spans in a request.
const DefaultBatchSize = 512

// Options say what becomes of a row. Empty column names mean that there is no such column.
type Options struct {
	// Options name the columns that a baseline has, too, and say how to read the files; From and To
	// take a part of the rows.
	baseline.Options
	// Model is ml.model.name, Version ml.model.version and Role ml.model.role of all rows; empty
	// leaves them out.
	Model, Version, Role string
	// VersionColumn, ID, Score and Latency are columns; the score is that of the positive class,
	// the latency the duration of the prediction in LatencyUnit.
	VersionColumn, ID, Score, Latency string
	// LatencyUnit is what the numbers of Latency count; zero means seconds.
	LatencyUnit time.Duration
	// Probabilities are columns of the scores of classes: ml.prediction.scores.
	Probabilities []baseline.Probability
	// Segments are columns by dimension: what follows ml.segment.
	Segments []Segment
	// Labels are posted beside the spans; nil posts none.
	Labels *Labels
	// Task is classification or regression; empty leaves the decision to what the answers look
	// like.
	Task string
	// Environment is deployment.environment.name and Service service.name of the resource.
	Environment, Service string
	// Now stamps spans with the time at which they are sent, in place of the timestamp column.
	Now bool
	// Sort reads all rows into memory and sends them by their timestamps.
	Sort bool
	// AsMap sends all features in the one attribute ml.features, as a JSON object.
	AsMap bool
	// Rate is rows a second; zero is as fast as the collector takes them.
	Rate float64
	// Limit is the number of rows sent at most; zero is all.
	Limit int
	// BatchSize is the number of spans in a request; zero means DefaultBatchSize.
	BatchSize int
	// At gives the time of the n-th row, from 0, in place of a timestamp column; nil for none.
	At func(n int) time.Time
	// Observe is told of each span that is made, with the cells of its row in the order of columns;
	// it must not keep them.
	Observe func(at time.Time, columns []string, row []table.Cell, id trace.TraceID)
	// Progress is told how many rows have been delivered.
	Progress func(delivered int)
}

// Segment puts the value of a column on spans as a dimension of cohorts.
type Segment struct{ Dimension, Column string }

// byClock is true where spans are stamped with the time at which they are sent.
func (o *Options) byClock() bool { return o.At == nil && (o.Now || o.Timestamp == "") }

// Result is what became of the rows.
type Result struct {
	// Delivered and Failed are spans that the collector has accepted, and those of the batch that
	// it has not; what follows that batch was not tried.
	Delivered, Failed int
	// Backwards is the number of rows that were older than the one before them.
	Backwards int
	// First and Last are the smallest and largest timestamp sent.
	First, Last time.Time
	// Unlabelled is the number of rows that have no label, Orphans that of the ids in the file of
	// labels that no row has had. Unsent labels were not posted: after an error, or as they are not
	// known yet, by the clock. What became of the others says the Tally of the client.
	Unlabelled, Orphans, Unsent int
}

// NewPlan decides what becomes of the columns; all that is wrong with the options comes at once.
func NewPlan(schema *table.Schema, o Options) (*baseline.Plan, error) {
	var errs []error
	switch o.Task {
	case "", "classification", "regression":
	default:
		errs = append(errs, fmt.Errorf("task: %q is neither classification nor regression", o.Task))
	}
	if o.Model == "" {
		errs = append(errs, errors.New("model: must not be empty"))
	}
	columns := []struct{ flag, column string }{
		{"version-column", o.VersionColumn}, {"id", o.ID}, {"score", o.Score}, {"latency", o.Latency},
	}
	for _, p := range o.Probabilities {
		columns = append(columns, struct{ flag, column string }{"probability", p.Column})
	}
	for _, x := range columns {
		if x.column == "" {
			continue
		}
		if schema.Column(x.column) == nil {
			errs = append(errs, fmt.Errorf("%s: there is no column %q", x.flag, x.column))
		}
		o.exclude(schema, x.column)
	}
	if l := o.Labels; l != nil {
		errs = append(errs, l.check(schema, &o))
		if l.Known == nil {
			o.exclude(schema, l.Column)
			o.exclude(schema, l.TimeColumn)
		}
	}
	for _, s := range o.Segments {
		if schema.Column(s.Column) == nil {
			errs = append(errs, fmt.Errorf("segment: there is no column %q", s.Column))
		}
	}
	if o.Sort && o.Timestamp == "" {
		errs = append(errs, errors.New("sort: a timestamp column is needed"))
	}
	if o.Rate < 0 || o.Limit < 0 || o.BatchSize < 0 {
		errs = append(errs, errors.New("rate, limit and batch-size: must not be negative"))
	}
	plan, err := baseline.NewPlan(schema, o.Options)
	return plan, errors.Join(append(errs, err)...)
}

// exclude keeps a column out of the features, where these are not named: it says something of the
// prediction, not of its input.
func (o *Options) exclude(schema *table.Schema, column string) {
	if o.Features == nil && schema.Column(column) != nil {
		o.Exclude = append(slices.Clone(o.Exclude), column)
	}
}

// Run sends the rows of the files as spans to the exporter, which it does not shut down. It stops
// at the first batch that is not delivered, at the first row that cannot be read, and when ctx
// ends; the Result holds in any case.
func Run(ctx context.Context, files []string, plan *baseline.Plan, o Options, exporter sdktrace.SpanExporter) (Result, error) {
	if o.BatchSize == 0 {
		o.BatchSize = DefaultBatchSize
	}
	attrs := []attribute.KeyValue{attribute.String("service.name", cmp.Or(o.Service, "mlreplay"))}
	if o.Environment != "" {
		attrs = append(attrs, attribute.String(mlconv.AttrEnvironment, o.Environment))
	}
	b := &batcher{ctx: ctx, exporter: exporter, size: o.BatchSize, progress: o.Progress}
	limits := sdktrace.SpanLimits{ // -1 is no limit: the default of 128 attributes drops the features of wide models
		AttributeValueLengthLimit: -1, AttributeCountLimit: -1, EventCountLimit: -1, LinkCountLimit: -1,
		AttributePerEventCountLimit: -1, AttributePerLinkCountLimit: -1,
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithResource(resource.NewSchemaless(attrs...)),
		sdktrace.WithRawSpanLimits(limits),
		sdktrace.WithSampler(sdktrace.AlwaysSample()),
		sdktrace.WithSpanProcessor(b),
	)
	s := &sender{
		plan: plan, opts: o, tracer: provider.Tracer("github.com/otelcol-ml/otelcol-ml/cmd/internal/replay"),
		batch: b, labels: &labelQueue{byClock: o.byClock()}, started: time.Now(), name: "predict " + o.Model,
	}
	s.labels.post = func(ctx context.Context, due []labels.Label) error {
		if err := b.flush(); err != nil { // a label comes behind its prediction
			return err
		}
		return o.Labels.Client.Post(ctx, due)
	}
	before := 0
	if o.Labels != nil {
		before = o.Labels.Client.Tally.Sent()
	}
	err := s.files(ctx, files)
	if err == nil || errors.Is(err, errLimit) {
		if err = b.flush(); err == nil {
			err = s.labels.finish(ctx)
		}
	}
	// Not Shutdown(ctx): a cancelled context must not keep the provider from stopping.
	err = errors.Join(err, provider.Shutdown(context.WithoutCancel(ctx)))
	s.result.Delivered, s.result.Failed = b.delivered, b.failed
	if l := o.Labels; l != nil {
		s.result.Unsent = s.labels.added - (l.Client.Tally.Sent() - before)
		s.result.Orphans = l.Known.orphans()
	}
	return s.result, err
}
