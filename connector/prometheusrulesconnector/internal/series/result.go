// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package series

import (
	"errors"
	"strings"

	"github.com/prometheus/prometheus/storage"
)

// Reason says why a sample, or an exemplar, was not written.
type Reason int

// The reasons.
const (
	// TooOld is older than the out-of-order window, or than what the TSDB keeps in memory.
	TooOld Reason = iota
	// Conflict has the time of a sample of the same series with another value.
	Conflict
	// TooNew is more than ten minutes ahead of the clock.
	TooNew
	// TooManySeries is of a new series where the head has as many as it may.
	TooManySeries
	// StorageFull came while the files take what they may.
	StorageFull
	// BadLabels has labels that the TSDB refuses, such as two of one name, or too many or too long ones.
	BadLabels
	// Untranslatable has no name or value that Prometheus could have. It counts metrics rather than samples.
	Untranslatable
	// ExemplarRefused is an exemplar; its sample was written.
	ExemplarRefused
	reasons
)

func (r Reason) String() string {
	return [reasons]string{
		"too_old", "conflict", "too_new", "too_many_series", "storage_full", "bad_labels", "untranslatable", "exemplar",
	}[r]
}

// Refused is what was not written for one reason.
type Refused struct {
	Count int
	// Example is the name of a metric, or an error.
	Example string
}

// Result says what became of the samples of one or more writes.
type Result struct {
	Written int
	Refused [reasons]Refused
}

// All yields the reasons for which something was not written.
func (r *Result) All(yield func(Reason, Refused) bool) {
	for i, refused := range r.Refused {
		if refused.Count > 0 && !yield(Reason(i), refused) {
			return
		}
	}
}

func (r *Result) refuse(why Reason, example string) {
	of := &r.Refused[why]
	if of.Count == 0 {
		of.Example = strings.Clone(example)
	}
	of.Count++
}

// untranslated counts the errors of the converter, which joins them.
func (r *Result) untranslated(err error) {
	if err == nil {
		return
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			r.untranslated(e)
		}
		return
	}
	r.refuse(Untranslatable, err.Error())
}

// why returns the reason for an error of the TSDB's on one sample.
func why(err error) Reason {
	switch {
	case errors.Is(err, storage.ErrOutOfOrderSample), errors.Is(err, storage.ErrTooOldSample), errors.Is(err, storage.ErrOutOfBounds):
		return TooOld
	case errors.Is(err, storage.ErrDuplicateSampleForTimestamp):
		return Conflict
	}
	return BadLabels
}
