// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/cloudevents/sdk-go/v2/types"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/internal/ingest"
	"github.com/otelcol-ml/otelcol-ml/internal/join"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/payload"
)

// The types of events and their extension attributes.
//
// KServe (kserve/kserve, pkg/logger/worker.go and handler.go): CloudEvents 1.0, binary mode; the id is the request's in both events; data is
// the body as it was; only responses with status 200 are logged; time is when the logger sends the event; attributes
// inferenceservicename, namespace, component, endpoint, metadata (JSON, name to list of header values), annotations (JSON, name to text). The
// traceparent is that of the sending of the event, unsampled, and differs between request and response. Events are sent
// once; any answer but 200 is logged as an error there.
//
// Seldon Core 1 (SeldonIO/seldon-core, executor/logger/worker.go): CloudEvents 1.0, binary mode; ids differ, requestid joins the pair; attributes
// modelid (the node of the graph), inferenceservicename, namespace, endpoint (the predictor's name), protocol. MLServer and Tempo send
// specification version 0.3 with NOTIMPLEMENTED for what they do not know.
const (
	kserveRequest  = "org.kubeflow.serving.inference.request"
	kserveResponse = "org.kubeflow.serving.inference.response"
	seldonRequest  = "io.seldon.serving.inference.request"
	seldonResponse = "io.seldon.serving.inference.response"

	attributeRequestID   = "requestid"
	attributeService     = "inferenceservicename"
	attributeNamespace   = "namespace"
	attributeComponent   = "component"
	attributeEndpoint    = "endpoint"
	attributeModelID     = "modelid"
	attributeTraceparent = "traceparent"
	// attributeStatusCode is the HTTP status of a response. Neither logger sends it; one of your own may.
	attributeStatusCode = "statuscode"
)

// maxID is the longest id, name or version, in bytes.
const maxID = 256

// call is what one event tells of a call of a model: its request or its response.
type call struct {
	source                       source
	response                     bool
	id                           string
	model, version               string
	service, namespace, endpoint string
	// variant is SageMaker's production variant.
	variant string
	// traceID and parent are those of the event's traceparent; empty without one.
	traceID pcommon.TraceID
	parent  pcommon.SpanID
	// time is the event's, or when it was received.
	time pcommon.Timestamp
	// stamp is the event's own time, 0 if it has none.
	stamp pcommon.Timestamp
	// status is the HTTP status of a response where the event has it.
	status  int
	payload *payload.Payload
}

// callKey identifies a call: a hash of what its request and its response have in common.
type callKey [sha256.Size]byte

// Requests are on the left, responses on the right.
type (
	calls = join.Join[callKey, *call, *call]
	pair  = join.Pair[callKey, *call, *call]
	side  = join.Side[callKey, *call]
)

// refusal is an event that cannot be read.
type refusal struct {
	outcome outcome
	message string
}

func (r *refusal) Error() string { return r.message }

func badEvent(message string) error { return &refusal{outcome: badEventOutcome, message: message} }

// maxMessage is the longest reason that is answered and logged, in bytes; those of the SDK quote what they do not understand.
const maxMessage = 512

// asRefusal returns why a payload or an event was refused.
func asRefusal(err error) refusal {
	out := refusal{outcome: badEventOutcome, message: strings.TrimSpace(err.Error())}
	if r, ok := errors.AsType[*refusal](err); ok {
		out.outcome = r.outcome
	} else if p, ok := errors.AsType[*payload.Error](err); ok {
		out.outcome = payloadOutcomes[p.Reason]
	}
	out.message = ingest.Clip(out.message, maxMessage)
	return out
}

// received is one event of a request, or why it is none.
type received struct {
	event event.Event
	err   error
}

// readEvents reads the events of a request: one in binary or structured mode, a batch, or what KServe's agent makes of them.
func readEvents(r *http.Request) (posted, error) {
	message := cehttp.NewMessageFromHttpRequest(r)
	switch message.ReadEncoding() {
	case binding.EncodingUnknown:
		return readLogRequests(r)
	case binding.EncodingBatch:
		return readBatch(message.BodyReader)
	case binding.EncodingStructured:
		data, err := io.ReadAll(message.BodyReader)
		if err != nil {
			return posted{}, err
		}
		e, err := readStructured(data)
		if err != nil {
			return posted{}, err
		}
		return posted{events: []received{{event: e}}}, nil
	default:
		e, err := binding.ToEvent(r.Context(), message)
		if err != nil {
			return posted{}, err
		}
		return posted{events: []received{{event: *e}}}, nil
	}
}

// readBatch reads an array of events, each by itself: one that is bad says nothing of the others.
func readBatch(body io.Reader) (posted, error) {
	data, err := io.ReadAll(body)
	if err != nil {
		return posted{}, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(data, &list); err != nil {
		return posted{}, badEvent("the batch is no JSON array of events: " + err.Error())
	}
	events := make([]received, len(list))
	for i := range list {
		events[i].event, events[i].err = readStructured(list[i])
	}
	return posted{events: events}, nil
}

// read turns an event into one side of a call. It is nil for an event that is none of ours.
func (r *inferenceLog) read(e *event.Event, received time.Time) (*side, error) {
	response := false
	switch e.Type() {
	case kserveRequest, seldonRequest:
	case kserveResponse, seldonResponse:
		response = true
	default:
		return nil, nil
	}
	if err := e.Validate(); err != nil {
		return nil, badEvent("the event is not valid: " + strings.TrimSpace(err.Error()))
	}
	extensions := e.Extensions()
	text := func(name string) string { return extension(extensions, name) }
	component := text(attributeComponent)
	if component != "" && len(r.cfg.Components) > 0 && !slices.Contains(r.cfg.Components, component) {
		return nil, nil
	}
	c := &call{
		source: cloudEvents, response: response, id: text(attributeRequestID),
		service: text(attributeService), namespace: text(attributeNamespace), endpoint: text(attributeEndpoint),
	}
	if c.id == "" {
		c.id = e.ID()
	}
	for _, name := range r.cfg.ModelName {
		if c.model = text(name); c.model != "" {
			break
		}
	}
	for _, name := range r.cfg.ModelVersion {
		if c.version = text(name); c.version != "" {
			break
		}
	}
	if c.model == "" {
		return nil, badEvent("the event names no model: it has none of the attributes " + strings.Join(r.cfg.ModelName, ", "))
	}
	modelID := text(attributeModelID)
	for _, a := range [...]struct{ name, value string }{
		{"id", c.id},
		{"the model's name", c.model},
		{"the model's version", c.version},
		{attributeService, c.service},
		{attributeNamespace, c.namespace},
		{attributeEndpoint, c.endpoint},
		{attributeComponent, component},
		{attributeModelID, modelID},
	} {
		if len(a.value) > maxID {
			return nil, badEvent(a.name + " has " + strconv.Itoa(len(a.value)) + " bytes, at most " + strconv.Itoa(maxID) + " are taken")
		}
	}
	c.traceID, c.parent = traceparent(text(attributeTraceparent))
	out := &side{Time: e.Time(), Value: c}
	if out.Time.Year() < 1970 || out.Time.Year() > 2261 { // absent, or beyond what a span can say
		out.Time = time.Time{}
		c.time = pcommon.NewTimestampFromTime(received)
	} else {
		c.time = pcommon.NewTimestampFromTime(out.Time)
		c.stamp = c.time
	}
	body := payload.Request
	if response {
		body = payload.Response
		c.status, _ = strconv.Atoi(text(attributeStatusCode))
	}
	var err error
	if c.payload, err = r.parse(e.Data(), body, c.status); err != nil {
		return nil, err
	}
	out.Key = keyOf("cloudevents", c.namespace, c.service, component, c.endpoint, modelID, c.model, c.id)
	out.Size = c.payload.Size() + 512
	return out, nil
}

// parse reads the data of an event. The body of a failed response may be anything.
func (r *inferenceLog) parse(data []byte, side payload.Side, status int) (*payload.Payload, error) {
	p, err := payload.Parse(string(data), side, r.limits)
	if err != nil && status >= http.StatusBadRequest {
		return &payload.Payload{Rows: -1, Failure: &payload.Failure{}}, nil
	}
	return p, err
}

// extension returns an attribute as text. A dotted name looks into one that holds a JSON object, of texts or lists of texts.
func extension(extensions map[string]any, name string) string {
	name, key, dotted := strings.Cut(name, ".")
	v, ok := extensions[name]
	if !ok {
		return ""
	}
	s, err := types.Format(v)
	if err != nil || s == "NOTIMPLEMENTED" {
		return ""
	}
	if !dotted {
		return s
	}
	var object map[string]any
	if len(s) > 1<<16 || json.Unmarshal([]byte(s), &object) != nil {
		return ""
	}
	value, there := object[key]
	if !there { // names of headers have no case
		for k, v := range object {
			if strings.EqualFold(k, key) {
				value = v
			}
		}
	}
	if list, ok := value.([]any); ok && len(list) > 0 {
		value = list[0]
	}
	s, _ = value.(string)
	return s
}

// traceparent reads W3C's: 00-<trace id>-<parent id>-<flags>. The parent counts only where it was sampled, for else nobody has
// recorded it.
func traceparent(s string) (trace pcommon.TraceID, parent pcommon.SpanID) {
	if len(s) < 55 || s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return trace, parent
	}
	var flags [1]byte
	if _, err := hex.Decode(trace[:], []byte(s[3:35])); err != nil {
		return pcommon.TraceID{}, parent
	}
	if _, err := hex.Decode(flags[:], []byte(s[53:55])); err != nil || flags[0]&1 == 0 {
		return trace, parent
	}
	if _, err := hex.Decode(parent[:], []byte(s[36:52])); err != nil {
		parent = pcommon.SpanID{}
	}
	return trace, parent
}

// keyOf hashes what identifies a call.
func keyOf(parts ...string) callKey {
	h := sha256.New()
	var length [8]byte
	for _, s := range parts {
		for i := range length {
			length[i] = byte(len(s) >> (8 * i))
		}
		h.Write(length[:])
		h.Write([]byte(s))
	}
	return callKey(h.Sum(nil))
}
