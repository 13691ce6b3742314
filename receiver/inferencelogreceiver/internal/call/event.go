// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package call

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	cloudevent "github.com/cloudevents/sdk-go/v2/event"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/event"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/payload"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/refusal"
)

// EventReader reads the CloudEvents of KServe's and Seldon's loggers.
type EventReader struct {
	// Components are those whose events are read, beside events that name none; empty means all.
	Components []string
	// ModelName and ModelVersion are the attributes that say them; the first that is there counts.
	ModelName, ModelVersion []string
	// MaxData is the largest data of an event, decoded, in bytes.
	MaxData int
	Limits  payload.Limits
}

// Read turns an event into one side of a call. It is nil for an event of another type or component.
func (r *EventReader) Read(e *cloudevent.Event, received time.Time) (*Side, error) {
	response := false
	switch e.Type() {
	case event.KServeRequest, event.SeldonRequest:
	case event.KServeResponse, event.SeldonResponse:
		response = true
	default:
		return nil, nil
	}
	if err := e.Validate(); err != nil {
		return nil, refusal.New(refusal.BadEvent, "the event is not valid: "+strings.TrimSpace(err.Error()))
	}
	extensions := e.Extensions()
	attribute := func(name string) string { return event.Extension(extensions, name) }
	component := attribute(event.AttributeComponent)
	if component != "" && len(r.Components) > 0 && !slices.Contains(r.Components, component) {
		return nil, nil
	}
	c := &Call{
		Source: CloudEvents, Response: response, ID: attribute(event.AttributeRequestID),
		Service: attribute(event.AttributeService), Namespace: attribute(event.AttributeNamespace), Endpoint: attribute(event.AttributeEndpoint),
	}
	if c.ID == "" {
		c.ID = e.ID()
	}
	c.Model = first(r.ModelName, attribute)
	c.Version = first(r.ModelVersion, attribute)
	if c.Model == "" {
		return nil, refusal.New(refusal.BadEvent, "the event names no model: it has none of the attributes "+strings.Join(r.ModelName, ", "))
	}
	if n := len(e.Data()); n > r.MaxData {
		return nil, refusal.New(refusal.TooLarge, fmt.Sprintf("the event's data has %d bytes, 'limits::event_size' is %d", n, r.MaxData))
	}
	modelID := attribute(event.AttributeModelID)
	for _, a := range [...]struct{ name, value string }{
		{"id", c.ID},
		{"the model's name", c.Model},
		{"the model's version", c.Version},
		{event.AttributeService, c.Service},
		{event.AttributeNamespace, c.Namespace},
		{event.AttributeEndpoint, c.Endpoint},
		{event.AttributeComponent, component},
		{event.AttributeModelID, modelID},
	} {
		if len(a.value) > maxID {
			return nil, refusal.New(refusal.BadEvent, a.name+" has "+strconv.Itoa(len(a.value))+" bytes, at most "+strconv.Itoa(maxID)+" are taken")
		}
	}
	c.TraceID, c.Parent = event.Traceparent(attribute(event.AttributeTraceparent))
	out := &Side{Time: e.Time(), Value: c}
	if out.Time.Year() < 1970 || out.Time.Year() > 2261 { // absent, or beyond what a span can say
		out.Time = time.Time{}
		c.Time = pcommon.NewTimestampFromTime(received)
	} else {
		c.Time = pcommon.NewTimestampFromTime(out.Time)
		c.Stamp = c.Time
	}
	body := payload.Request
	if response {
		body = payload.Response
		c.Status, _ = strconv.Atoi(attribute(event.AttributeStatusCode))
	}
	var err error
	if c.Payload, err = r.parse(e.Data(), body, c.Status); err != nil {
		return nil, err
	}
	out.Key = keyOf("cloudevents", c.Namespace, c.Service, component, c.Endpoint, modelID, c.Model, c.ID)
	out.Size = c.Payload.Size() + 512
	return out, nil
}

// parse reads the data of an event. The body of a failed response may be anything.
func (r *EventReader) parse(data []byte, side payload.Side, status int) (*payload.Payload, error) {
	p, err := payload.Parse(string(data), side, r.Limits)
	if err != nil && status >= http.StatusBadRequest {
		return &payload.Payload{Rows: -1, Failure: &payload.Failure{}}, nil
	}
	return p, err
}

// first returns the first value that is not empty.
func first(names []string, value func(name string) string) string {
	for _, name := range names {
		if v := value(name); v != "" {
			return v
		}
	}
	return ""
}
