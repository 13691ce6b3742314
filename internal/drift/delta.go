// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"slices"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// Subject is what a series counts.
type Subject uint8

// The subjects. Their numbers are part of the snapshots' format. See passedOn for those that are not compared.
const (
	// Predictions counts predictions.
	Predictions Subject = iota
	// Duration is the histogram of the predictions' durations, in seconds.
	Duration
	// Tokens is the histogram of the tokens of a call of a generative model.
	Tokens
	// Cost is what predictions cost.
	Cost
	// Value is a regressor's answer.
	Value
	// Class is a classifier's answer.
	Class
	// Confidence is the score of the answer given.
	Confidence
	// Feature is a feature's values.
	Feature
	// Missing is the predictions that lacked a feature.
	Missing
	// FirstChunk is the histogram of the time to the first chunk of a generative model's answer, in seconds.
	FirstChunk
	// Length is the histogram of the length of what a generative model was given or gave back.
	Length
	subjects
)

// String returns the subject as in ml.drift.subject.
func (s Subject) String() string {
	switch s {
	case Predictions:
		return "count"
	case Duration:
		return "duration"
	case Tokens:
		return "tokens"
	case Cost:
		return "cost"
	case Value:
		return "prediction"
	case Class:
		return "class"
	case Confidence:
		return "confidence"
	case Feature:
		return "feature"
	case Missing:
		return "missing"
	case FirstChunk:
		return "time_to_first_chunk"
	case Length:
		return "length"
	}
	return "unknown"
}

// passedOn is true for what is added up and passed on, and not compared.
func (s Subject) passedOn() bool { return s <= Cost || s == FirstChunk || s == Length }

// named is true where Key.Name is a feature.
func (s Subject) named() bool { return s == Feature || s == Missing }

// stream returns the clock that the subject follows: ml_summary flushes features less often than the rest.
func (s Subject) stream() int {
	if s.named() {
		return 1
	}
	return 0
}

// Key identifies a series.
type Key struct {
	Environment, Model, Version, Role, Segment string
	Subject                                    Subject
	// Name is the feature; empty for other subjects.
	Name string
	// Overflow marks what is passed on of the versions of a model, or with an empty Model of the models, that found no room.
	Overflow bool
}

// Exemplar is one row: its value and where to find it.
type Exemplar struct {
	Value   float64
	Time    int64 // nanoseconds since 1970
	TraceID [16]byte
	SpanID  [8]byte
}

// Delta is one data point of ml_summary: what one series counted in one minute.
type Delta struct {
	// Producer, Sequence, Points and Ordinal say which point of which flush it is; without a producer it is never
	// taken for a duplicate.
	Producer                  string
	Sequence, Points, Ordinal uint64

	Key Key
	// Use says of whom the count of a subject is that is passed on.
	Use Use
	// Minute is the start of the minute, in seconds since 1970.
	Minute int64
	// Count is the number of predictions, of missing values, or of values in Category; of histograms, the number of values.
	Count uint64
	// Categorical says that Count is of Category, or with Overflow of values that found no room in a table.
	Categorical bool
	Category    string
	Overflow    bool
	// Bounds and Counts are an explicit histogram, len(Counts) = len(Bounds)+1. Bounds are kept, not copied.
	Bounds []float64
	Counts []uint64
	// Exponential is an exponential histogram instead.
	Exponential *distribution.Exponential
	// Sum, Min and Max are those of the values of a histogram; the Sum of a Cost is the amount. HasRange says that Min and Max are known.
	Sum, Min, Max float64
	HasRange      bool
	Exemplars     []Exemplar
}

// Outcome is what became of a delta.
type Outcome uint8

// The outcomes.
const (
	// Counted is in a window.
	Counted Outcome = iota
	// Duplicate was seen before.
	Duplicate
	// Late is older than every pane and open window; it is passed on in the totals.
	Late
	// Future is more than five minutes ahead of now; it is passed on in the totals.
	Future
	// BoundsMismatch cannot be added to the bins of its series; it is passed on in the totals.
	BoundsMismatch
	// Overflowed found no room.
	Overflowed
	// Invalid contradicts itself.
	Invalid
	outcomes
)

// String returns the outcome as in the metric ml_drift_points.
func (o Outcome) String() string {
	return [...]string{"counted", "duplicate", "late", "future", "bounds_mismatch", "overflow", "unreadable"}[o]
}

// Verdict is the state of a subject against a reference.
type Verdict uint8

// The verdicts.
const (
	// Insufficient is the verdict without enough values, and before the first judgement.
	Insufficient Verdict = iota
	// OK is no drift in the last windows.
	OK
	// Drift is drift in the last windows.
	Drift
)

// String returns the verdict as in ml.drift.verdict.
func (v Verdict) String() string {
	return [...]string{"insufficient", "ok", "drift"}[v]
}

// The references that windows are compared with.
const (
	// Baseline is the profile that the catalog names.
	Baseline = "baseline"
	// Champion is the version with the alias champion, in the same window.
	Champion = "champion"
	// Previous is the window that was judged before.
	Previous = "previous"
)

// MissingThreshold is the key of the threshold for the share of missing values.
const MissingThreshold = "missing"

// reference is an index into references.
type reference = uint8

const (
	refBaseline reference = iota
	refChampion
	refPrevious
)

var referenceNames = [...]string{Baseline, Champion, Previous}

// bound cuts the names that are kept, and returns how many were too long. A category of a producer of an older version gets the
// spelling that it has now.
func (d *Delta) bound() (cut uint64) {
	d.Category = value.Category(d.Category)
	for _, name := range []*string{
		&d.Producer, &d.Key.Environment, &d.Key.Model, &d.Key.Version, &d.Key.Role, &d.Key.Segment, &d.Key.Name,
		&d.Use.Service, &d.Use.Unit, &d.Category,
	} {
		if len(*name) > boundedname.Max {
			*name, _ = boundedname.Cut(*name)
			cut++
		}
	}
	return cut
}

func (d *Delta) valid() bool {
	if d.Key.Subject >= subjects || d.Key.Subject.named() != (d.Key.Name != "") {
		return false
	}
	if d.Key.Model == "" && !(d.Key.Overflow && d.Key.Subject.passedOn()) {
		return false
	}
	switch d.Key.Subject {
	case Predictions, Missing:
		return !d.Categorical && d.Counts == nil && d.Exponential == nil
	case Cost:
		return !d.Categorical && d.Counts == nil && d.Exponential == nil && d.Sum >= 0 && d.Sum <= maxFloat
	case Class:
		return d.Categorical
	}
	if d.Categorical {
		return d.Key.Subject == Feature && d.Counts == nil && d.Exponential == nil
	}
	if d.Exponential != nil {
		return d.Counts == nil && d.Exponential.Validate() == nil
	}
	if len(d.Counts) != len(d.Bounds)+1 || len(d.Counts) > maxCells {
		return false
	}
	for i := range d.Bounds {
		if !(d.Bounds[i] >= -maxFloat && d.Bounds[i] <= maxFloat) || i > 0 && d.Bounds[i] <= d.Bounds[i-1] {
			return false
		}
	}
	return true
}

// String is for logs: "fraud 7 country=DE feature amount".
func (k Key) String() string {
	parts := []string{k.Model, k.Version, k.Segment, k.Subject.String(), k.Name}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), " ")
}
