// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

import (
	"time"
	"unique"
)

// Attempt is one attempt of one instance of a stage: one span.
type Attempt struct {
	SpanID SpanID
	// RowsIn and RowsOut are negative if the span did not say.
	RowsIn, RowsOut int64

	start, end int64
	instance   unique.Handle[string]
	detail     *detail
	trace      uint16
	number     uint16
	Outcome    Outcome
	flags      flags
}

// flags are yes or no on an attempt.
type flags uint8

const (
	flagRetried flags = 1 << iota
	flagExplicit
	flagDropped
	flagOK
)

// detail is what plain attempts do not have.
type detail struct {
	exceptionType, message, cause string
	// parent is kept of attempts that failed: which stage is within which.
	parent         SpanID
	nulls, metrics []Value
}

// Start and End are in event time.
func (t *Attempt) Start() time.Time { return timeOf(t.start) }

// End is never before Start.
func (t *Attempt) End() time.Time { return timeOf(t.end) }

// Duration is how long the attempt took.
func (t *Attempt) Duration() time.Duration { return time.Duration(t.end - t.start) }

// Number is ml.stage.attempt, 0 if the span did not say.
func (t *Attempt) Number() int { return int(t.number) }

// Retried says that another attempt was to follow.
func (t *Attempt) Retried() bool { return t.flags&flagRetried != 0 }

// Explicit says that a result attribute gave the outcome.
func (t *Attempt) Explicit() bool { return t.flags&flagExplicit != 0 }

// OK says that the span's status was set to OK.
func (t *Attempt) OK() bool { return t.flags&flagOK != 0 }

// Dropped says that the span has lost attributes: what it did not say is unknown.
func (t *Attempt) Dropped() bool { return t.flags&flagDropped != 0 }

// Cause is ml.stage.cause, such as "upstream_failed".
func (t *Attempt) Cause() string {
	if t.detail == nil {
		return ""
	}
	return t.detail.cause
}

// Exception is the type and the message of the error, empty if there is none.
func (t *Attempt) Exception() (exceptionType, message string) {
	if t.detail == nil {
		return "", ""
	}
	return t.detail.exceptionType, t.detail.message
}
