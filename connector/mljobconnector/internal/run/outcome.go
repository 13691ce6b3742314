// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

// Outcome is how a run, a stage or one attempt of it ended, in the words of cicd.pipeline.result
// and cicd.pipeline.task.run.result.
type Outcome uint8

// The outcomes. Unknown is that of what has not ended.
const (
	Unknown Outcome = iota
	Success
	Failure
	Error
	Timeout
	Cancellation
	Skip
)

var outcomes = [...]string{"unknown", "success", "failure", "error", "timeout", "cancellation", "skip"}

// String returns the outcome as the attributes have it, "unknown" for Unknown.
func (o Outcome) String() string {
	if int(o) < len(outcomes) {
		return outcomes[o]
	}
	return outcomes[Unknown]
}

// Bad reports whether the outcome is a failure: Failure, Error or Timeout.
func (o Outcome) Bad() bool { return o == Failure || o == Error || o == Timeout }
