// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package call is what the events and records of payload logs tell of the calls of a model.
//
//	CloudEvent ─────────────────► EventReader ────► one side of a call: its request or its response
//	line of SageMaker's capture ─► CaptureReader ─► a pair, one side of which may be absent
package call

import (
	"crypto/sha256"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/internal/join"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/payload"
)

// Source is where a call is told of.
type Source uint8

// The sources.
const (
	CloudEvents Source = iota
	SageMaker
	// NumSources is how many there are.
	NumSources
)

var sourceNames = [NumSources]string{"cloudevents", "sagemaker"}

func (s Source) String() string { return sourceNames[s] }

// Call is one side of a call of a model: its request or its response.
type Call struct {
	Source                       Source
	Response                     bool
	ID                           string
	Model, Version               string
	Service, Namespace, Endpoint string
	// Variant is SageMaker's production variant.
	Variant string
	// TraceID and Parent are those of the event's traceparent; empty without one.
	TraceID pcommon.TraceID
	Parent  pcommon.SpanID
	// Time is the event's, or when it was received.
	Time pcommon.Timestamp
	// Stamp is the event's own time, 0 if it has none.
	Stamp pcommon.Timestamp
	// Status is the HTTP status of a response where the event has it, else 0.
	Status  int
	Payload *payload.Payload
}

// Key identifies a call: a hash of what its request and its response have in common.
type Key [sha256.Size]byte

// Requests are on the left, responses on the right.
type (
	// Join is where they meet.
	Join = join.Join[Key, *Call, *Call]
	// Pair is a request and its response, one of which may be nil.
	Pair = join.Pair[Key, *Call, *Call]
	// Side is one of the two.
	Side = join.Side[Key, *Call]
)

// maxID is the longest id, name or version, in bytes.
const maxID = 256

// keyOf hashes what identifies a call.
func keyOf(parts ...string) Key {
	h := sha256.New()
	var length [8]byte
	for _, s := range parts {
		for i := range length {
			length[i] = byte(len(s) >> (8 * i))
		}
		h.Write(length[:])
		h.Write([]byte(s))
	}
	return Key(h.Sum(nil))
}
