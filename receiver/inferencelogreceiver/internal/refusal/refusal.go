// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package refusal says why an event, a record or a payload is not taken.
package refusal

import (
	"errors"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/ingest"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/payload"
)

// The reasons of refusals, beside those of package payload.
const (
	// BadEvent is not a CloudEvent, not a record, or names no model.
	BadEvent           = "bad_event"
	BadPayload         = string(payload.BadPayload)
	UnsupportedPayload = string(payload.UnsupportedPayload)
	TooLarge           = string(payload.TooLarge)
)

// maxMessage is the longest message that is answered and logged, in bytes. Those of the SDK quote
// what they do not understand.
const maxMessage = 512

// New returns a refusal as an error.
func New(reason, message string) error { return &ingest.RefusalError{Reason: reason, Message: message} }

// Of returns why something was refused.
func Of(err error) ingest.RefusalError {
	out := ingest.RefusalError{Reason: BadEvent, Message: strings.TrimSpace(err.Error())}
	if r, ok := errors.AsType[*ingest.RefusalError](err); ok {
		out.Reason = r.Reason
	} else if p, ok := errors.AsType[*payload.Error](err); ok {
		out.Reason = string(p.Reason)
	}
	out.Message = ingest.Clip(out.Message, maxMessage)
	return out
}
