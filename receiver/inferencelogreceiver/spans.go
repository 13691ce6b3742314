// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/payload"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/prediction"
)

const (
	attrServiceName   = "service.name"
	attrNamespaceName = "k8s.namespace.name"
	attrErrorType     = "error.type"
	attrVariant       = mlconv.PrefixSegment + "variant"
)

// halves is what a span is made of.
type halves uint8

const (
	both halves = iota
	requestOnly
	responseOnly
	numHalves
)

// batch collects the spans of one request, sweep or read.
type batch struct {
	r      *inferenceLog
	set    *catalog.Set
	traces ptrace.Traces
	spans  ptrace.SpanSlice // of the resource at hand
	// service and namespace are those of the resource at hand.
	service, namespace string

	made    [numHalves]int64
	rows    int64
	leftOut [payload.NumOmissions]int64
}

func (r *inferenceLog) newBatch() *batch {
	return &batch{r: r, set: r.catalog.Snapshot(), traces: ptrace.NewTraces()}
}

// resource makes the resource of a call the one at hand.
func (b *batch) resource(c *call) {
	if b.traces.ResourceSpans().Len() > 0 && b.service == c.service && b.namespace == c.namespace {
		return
	}
	b.service, b.namespace = c.service, c.namespace
	rs := b.traces.ResourceSpans().AppendEmpty()
	attrs := rs.Resource().Attributes()
	name := c.service
	if name == "" {
		name = c.model
	}
	attrs.PutStr(attrServiceName, name)
	if c.namespace != "" {
		attrs.PutStr(attrNamespaceName, c.namespace)
	}
	if b.r.cfg.Environment != "" {
		attrs.PutStr(mlconv.AttrEnvironment, b.r.cfg.Environment)
	}
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName(metadata.ScopeName)
	ss.Scope().SetVersion(b.r.version)
	b.spans = ss.Spans()
}

// add makes a span of a request and its response, one of which may be absent.
func (b *batch) add(p pair) {
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
func (b *batch) addCall(key callKey, request, response *call) {
	c, made := request, both
	switch {
	case response == nil:
		made = requestOnly
	case request == nil:
		c, made = response, responseOnly
	}
	b.made[made]++
	b.resource(c)
	span := b.spans.AppendEmpty()
	span.SetName("predict " + c.model)
	span.SetKind(ptrace.SpanKindServer)
	span.SetStartTimestamp(c.time)
	span.SetEndTimestamp(c.time)
	if made == both && response.time > c.time { // the loggers' workers may swap the two
		span.SetEndTimestamp(response.time)
	}
	identify(span, key, c, made)

	version := c.version
	if version == "" && response != nil {
		if version = response.version; version == "" {
			version = response.payload.ModelVersion
		}
	}
	if version == "" {
		version = b.r.cfg.Models[c.model].Version
	}
	attrs := span.Attributes()
	attrs.EnsureCapacity(16)
	attrs.PutStr(mlconv.AttrModelName, c.model)
	if version != "" {
		attrs.PutStr(mlconv.AttrModelVersion, version)
	}
	if c.endpoint == mlconv.RoleCanary || c.endpoint == mlconv.RoleShadow {
		attrs.PutStr(mlconv.AttrModelRole, c.endpoint)
	}
	attrs.PutStr(mlconv.AttrPredictionID, c.id)
	if c.variant != "" {
		attrs.PutStr(attrVariant, c.variant)
	}
	switch made {
	case requestOnly:
		attrs.PutStr(mlconv.AttrPayloadMissing, "response")
	case responseOnly:
		attrs.PutStr(mlconv.AttrPayloadMissing, "request")
	}
	if made != both || c.source == sageMaker {
		attrs.PutBool(mlconv.AttrDurationUnknown, true)
	}
	var in, out *payload.Payload
	if request != nil {
		in = request.payload
	}
	if response != nil {
		out = response.payload
		failure(span, response)
	}
	result := prediction.Write(attrs, b.r.knowledge(b.set, c.model, version), in, out)
	if !result.Written { // it is a prediction nevertheless
		attrs.PutStr(mlconv.AttrOperation, "predict")
	}
	b.rows += int64(result.Rows)
	for i, n := range result.LeftOut {
		b.leftOut[i] += n
	}
}

// identify sets ids that are the same when the events are delivered again. The time is part of them: clients choose the
// ids of their requests and may choose one twice.
func identify(span ptrace.Span, key callKey, c *call, made halves) {
	var text [len(key) + 9]byte
	copy(text[:], key[:])
	binary.LittleEndian.PutUint64(text[len(key):], uint64(c.stamp))
	if made == responseOnly {
		text[len(text)-1] = 1
	}
	sum := sha256.Sum256(text[:])
	trace := c.traceID
	if trace.IsEmpty() {
		trace = pcommon.TraceID(sum[:16])
	}
	span.SetTraceID(trace)
	span.SetSpanID(pcommon.SpanID(sum[16:24]))
	span.SetParentSpanID(c.parent)
}

// failure marks the span of a response that is an error.
func failure(span ptrace.Span, c *call) {
	f := c.payload.Failure
	if f == nil && c.status < http.StatusBadRequest {
		return
	}
	kind, message := "_OTHER", ""
	if f != nil {
		message = f.Message
		if f.Code != "" {
			kind = f.Code
		}
	}
	if c.status >= http.StatusBadRequest {
		kind = strconv.Itoa(c.status)
	}
	span.Status().SetCode(ptrace.StatusCodeError)
	span.Status().SetMessage(message)
	span.Attributes().PutStr(attrErrorType, kind)
}

// knowing keeps what is known of models, for one set of cards.
type knowing struct {
	mu     sync.RWMutex // guards all below
	set    *catalog.Set
	models map[modelKey]*prediction.Knowledge
}

type modelKey struct{ name, version string }

// maxKnown is how many models and versions are kept.
const maxKnown = 1_000

// knowledge returns what the catalog and the config know of a model.
func (r *inferenceLog) knowledge(set *catalog.Set, name, version string) *prediction.Knowledge {
	key := modelKey{name, version}
	r.known.mu.RLock()
	k, same := r.known.models[key], r.known.set == set
	r.known.mu.RUnlock()
	if same && k != nil {
		return k
	}
	env, own := r.cfg.Environment, r.cfg.Models[name]
	k = prediction.New(set.Model(env, name), set.Baseline(env, name, version), slices.Clone(own.Features), own.Classes)
	r.known.mu.Lock()
	defer r.known.mu.Unlock()
	if r.known.set != set || len(r.known.models) >= maxKnown {
		r.known.set, r.known.models = set, make(map[modelKey]*prediction.Knowledge)
	}
	r.known.models[key] = k
	return k
}
