// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package spans makes prediction spans of calls: what a model was asked and what it answered are
// attributes.
//
//	pairs ──► Batch ──► resource, ids, times ──► features, answer ──► ptrace.Traces
//	                                                 ▲
//	                       cards and config ──► knowledge
//
// The request's columns become features: by their own name, else by the card's feature order where
// the number of columns is the card's, else as feature_0, feature_1, ... The response's tensors
// have parts that their names and shapes tell: the answer, the scores of all classes, the score of
// the positive class, the confidence; the rest are outputs of their own. What the model is for
// (card, baseline) decides between a class and a value; without it, integers, strings and booleans
// are classes and other numbers are values.
package spans

import (
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/call"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/payload"
)

const (
	attrNamespaceName = "k8s.namespace.name"
	attrVariant       = mlconv.PrefixSegment + "variant"
)

// Parts are the sides of a call that a span is made of.
type Parts uint8

// The parts.
const (
	Both Parts = iota
	RequestOnly
	ResponseOnly
	// NumParts is how many there are.
	NumParts
)

// Options are what a Maker writes beside the calls.
type Options struct {
	// Environment is deployment.environment.name; empty writes none.
	Environment string
	// Models is what the config tells of models, by name.
	Models map[string]Model
	// Scope and Version are those of the instrumentation scope.
	Scope, Version string
}

// Model is what the config tells of one model. What is empty is not told.
type Model struct {
	// Version is the version where a call has none.
	Version string
	// Features are the features in the model's order, Classes the labels in the order of its
	// scores.
	Features, Classes []string
}

// Maker makes batches of spans. It is safe for concurrent use.
type Maker struct {
	options Options
	catalog catalog.Catalog
	known   known
}

// NewMaker returns a maker that looks models up in a catalog.
func NewMaker(options Options, c catalog.Catalog) *Maker { return &Maker{options: options, catalog: c} }

// Batch collects the spans of one request, sweep or read.
type Batch struct {
	Traces ptrace.Traces
	// Made counts the spans by what they are made of, Rows their rows, LeftOut the tensors without
	// cells by why.
	Made    [NumParts]int64
	Rows    int64
	LeftOut [payload.NumOmissions]int64

	maker *Maker
	set   *catalog.Set
	spans ptrace.SpanSlice // of the resource at hand
	// service and namespace are those of the resource at hand.
	service, namespace string
}

// NewBatch returns an empty batch.
func (m *Maker) NewBatch() *Batch {
	return &Batch{maker: m, set: m.catalog.Snapshot(), Traces: ptrace.NewTraces()}
}

// IsHeader returns what tells whether every cell of a row is the name of a feature of a model.
func (b *Batch) IsHeader(model string) func(cells []string) bool {
	return b.maker.knowledge(b.set, model, b.maker.options.Models[model].Version).isHeader
}

// resource makes the resource of a call the one at hand.
func (b *Batch) resource(c *call.Call) {
	if b.Traces.ResourceSpans().Len() > 0 && b.service == c.Service && b.namespace == c.Namespace {
		return
	}
	b.service, b.namespace = c.Service, c.Namespace
	rs := b.Traces.ResourceSpans().AppendEmpty()
	attrs := rs.Resource().Attributes()
	name := c.Service
	if name == "" {
		name = c.Model
	}
	attrs.PutStr(mlconv.AttrServiceName, name)
	if c.Namespace != "" {
		attrs.PutStr(attrNamespaceName, c.Namespace)
	}
	if b.maker.options.Environment != "" {
		attrs.PutStr(mlconv.AttrEnvironment, b.maker.options.Environment)
	}
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName(b.maker.options.Scope)
	ss.Scope().SetVersion(b.maker.options.Version)
	b.spans = ss.Spans()
}

// Add makes a span of a request and its response, one of which may be absent.
func (b *Batch) Add(p call.Pair) {
	switch {
	case p.Right == nil:
		b.addCall(p.Left.Key, p.Left.Value, nil)
	case p.Left == nil:
		b.addCall(p.Right.Key, nil, p.Right.Value)
	default:
		b.addCall(p.Left.Key, p.Left.Value, p.Right.Value)
	}
}

// addCall makes a span of a request and its response, one of which may be nil.
func (b *Batch) addCall(key call.Key, request, response *call.Call) {
	c, parts := request, Both
	switch {
	case response == nil:
		parts = RequestOnly
	case request == nil:
		c, parts = response, ResponseOnly
	}
	b.Made[parts]++
	b.resource(c)
	span := b.spans.AppendEmpty()
	span.SetName("predict " + c.Model)
	span.SetKind(ptrace.SpanKindServer)
	span.SetStartTimestamp(c.Time)
	span.SetEndTimestamp(c.Time)
	if parts == Both && response.Time > c.Time { // the loggers' workers may swap the two
		span.SetEndTimestamp(response.Time)
	}
	identify(span, key, c, parts)

	version := c.Version
	if version == "" && response != nil {
		if version = response.Version; version == "" {
			version = response.Payload.ModelVersion
		}
	}
	if version == "" {
		version = b.maker.options.Models[c.Model].Version
	}
	attrs := span.Attributes()
	attrs.EnsureCapacity(16)
	attrs.PutStr(mlconv.AttrModelName, c.Model)
	if version != "" {
		attrs.PutStr(mlconv.AttrModelVersion, version)
	}
	if c.Endpoint == mlconv.RoleCanary || c.Endpoint == mlconv.RoleShadow {
		attrs.PutStr(mlconv.AttrModelRole, c.Endpoint)
	}
	attrs.PutStr(mlconv.AttrPredictionID, c.ID)
	if c.Variant != "" {
		attrs.PutStr(attrVariant, c.Variant)
	}
	switch parts {
	case RequestOnly:
		attrs.PutStr(mlconv.AttrPayloadMissing, "response")
	case ResponseOnly:
		attrs.PutStr(mlconv.AttrPayloadMissing, "request")
	}
	if parts != Both || c.Source == call.SageMaker {
		attrs.PutBool(mlconv.AttrDurationUnknown, true)
	}
	var in, out *payload.Payload
	if request != nil {
		in = request.Payload
	}
	if response != nil {
		out = response.Payload
		failure(span, response)
	}
	result := write(attrs, b.maker.knowledge(b.set, c.Model, version), in, out)
	if !result.written { // it is a prediction nevertheless
		attrs.PutStr(mlconv.AttrOperation, "predict")
	}
	b.Rows += int64(result.rows)
	for i, n := range result.leftOut {
		b.LeftOut[i] += n
	}
}
