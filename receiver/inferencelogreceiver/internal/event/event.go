// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package event reads the CloudEvents of an HTTP request: one in binary or structured mode, a
// batch, or what KServe's agent makes of them.
//
//	request ──┬─► binary, structured, batch ───────────────────────► events
//	          └─► records of KServe's agent: JSON, CSV, Parquet ──► events, and what it stores
//
// Each event of a batch is read by itself: a bad one does not take the others with it.
package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/refusal"
)

// Posted is what a POST brings.
type Posted struct {
	Events []Received
	// Blob is what KServe's agent stores. It is nil for all but a batch of the agent's.
	Blob []byte
}

// errNoEvent is for a body that is nothing we know.
var errNoEvent = refusal.New(refusal.BadEvent, "this is no CloudEvent: neither ce-specversion 1.0 or 0.3 nor a Content-Type of application/cloudevents+json or application/cloudevents-batch+json; "+
	"nor is it a record of KServe's agent as JSON, CSV or Parquet")

// Received is one event of a request, or why it is not one.
type Received struct {
	Event event.Event
	Err   error
}

// Read reads the events of a request: one in binary or structured mode, a batch, or what KServe's
// agent makes of them. A request with more than limit events is refused before they are decoded: the
// shortest take two bytes in the body and hundreds decoded.
func Read(r *http.Request, limit int) (Posted, error) {
	message := cehttp.NewMessageFromHttpRequest(r)
	switch message.ReadEncoding() {
	case binding.EncodingUnknown:
		return readLogRequests(r, limit)
	case binding.EncodingBatch:
		return readBatch(message.BodyReader, limit)
	case binding.EncodingStructured:
		data, err := io.ReadAll(message.BodyReader)
		if err != nil {
			return Posted{}, err
		}
		e, err := readStructured(data)
		if err != nil {
			return Posted{}, err
		}
		return Posted{Events: []Received{{Event: e}}}, nil
	default:
		e, err := binding.ToEvent(r.Context(), message)
		if err != nil {
			return Posted{}, err
		}
		return Posted{Events: []Received{{Event: *e}}}, nil
	}
}

// readBatch reads an array of events, each by itself: one that is bad says nothing of the others.
func readBatch(body io.Reader, limit int) (Posted, error) {
	data, err := io.ReadAll(body)
	if err != nil {
		return Posted{}, err
	}
	list, err := elements(data, limit, "events")
	if err != nil {
		return Posted{}, err
	}
	events := make([]Received, len(list))
	for i := range list {
		events[i].Event, events[i].Err = readStructured(list[i])
	}
	return Posted{Events: events}, nil
}

// elements returns the elements of a JSON array, unless there are more than limit. items names them
// in errors.
func elements(data []byte, limit int, items string) ([]json.RawMessage, error) {
	bad := func(err error) error {
		return refusal.New(refusal.BadEvent, "the batch is no JSON array of "+items+": "+err.Error())
	}
	in := json.NewDecoder(bytes.NewReader(data))
	if start, err := in.Token(); err != nil {
		return nil, bad(err)
	} else if start != json.Delim('[') {
		return nil, bad(fmt.Errorf("it begins with %v", start))
	}
	var list []json.RawMessage
	for in.More() {
		if len(list) == limit {
			return nil, tooMany(limit, items)
		}
		var raw json.RawMessage
		if err := in.Decode(&raw); err != nil {
			return nil, bad(err)
		}
		list = append(list, raw)
	}
	if _, err := in.Token(); err != nil {
		return nil, bad(err)
	}
	if rest := bytes.TrimSpace(data[in.InputOffset():]); len(rest) > 0 {
		return nil, bad(errMore)
	}
	return list, nil
}

// errMore is returned where something follows the array.
var errMore = errors.New("something follows it")

// tooMany refuses a request with more than limit events or records.
func tooMany(limit int, items string) error {
	return refusal.New(refusal.TooLarge, fmt.Sprintf("the request has more than %d %s, the most that 'limits::events' allows", limit, items))
}
