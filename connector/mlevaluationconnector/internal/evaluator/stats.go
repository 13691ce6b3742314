// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluator

// Reason is why a judgement cannot be used.
type Reason uint8

// The reasons.
const (
	// NoName has no name of an evaluator.
	NoName Reason = iota
	// NoResult has neither score nor label nor error.type: an explanation alone.
	NoResult
	// BadScore has a score that is no number, not finite, or beyond MaxScore.
	BadScore
	// NoTarget does not say which span it judges: a log record without span and response, a span of
	// an evaluator that has not exactly one link.
	NoTarget
	// OtherScope judges a trace or a session, not an answer.
	OtherScope
	// TooMany is beyond MaxPerSpan.
	TooMany
	numReasons
)

// String is the reason as telemetry has it.
func (r Reason) String() string {
	return [numReasons]string{"no_name", "no_result", "bad_score", "no_target", "other_scope", "too_many"}[r]
}

// Reasons are all reasons.
func Reasons() []Reason { return []Reason{NoName, NoResult, BadScore, NoTarget, OtherScope, TooMany} }

// Stats count what a Reader has found.
type Stats struct {
	// Read are the judgements that it has returned.
	Read int64
	// Unusable are those that it has not.
	Unusable [numReasons]int64
}
