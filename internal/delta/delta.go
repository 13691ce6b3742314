// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package delta is what travels from ml_summary to ml_drift: what one series counted in one minute,
// and which point of which flush of which producer that is. Package otlp writes and reads it as
// metrics.
//
//	ml_summary ─► Delta ─► otlp.Flush ─► OTLP ─► otlp.Decode ─► Delta ─► Seen ─► ml_drift
//
// A flush that is not confirmed is sent again, whole. Seen tells its points from those that came
// before.
package delta

import (
	"slices"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

// Subject is what a series counts.
type Subject uint8

// The subjects. Their numbers are part of the snapshots' format. See Passthrough for those that are
// not compared.
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
	// FirstChunk is the histogram of the time to the first chunk of a generative model's answer, in
	// seconds.
	FirstChunk
	// Length is the histogram of the length of what a generative model was given or gave back.
	Length
	// Embedding is the vectors of an attribute, which are added up.
	Embedding
	// Violations counts rows that broke a check of their model's contract.
	Violations
	// ContractRows counts the rows of a model that has a contract.
	ContractRows
	// Subjects is the number of subjects.
	Subjects
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
	case Embedding:
		return "embedding"
	case Violations:
		return "contract_violations"
	case ContractRows:
		return "contract_rows"
	}
	return "unknown"
}

// Passthrough reports whether the subject is added up and passed on, told apart by who used the
// model or where its data came from, and not compared.
func (s Subject) Passthrough() bool {
	return s <= Cost || s == FirstChunk || s == Length || s.OfContract()
}

// OfContract reports whether the subject is what a contract counts, told apart by the source of the
// data.
func (s Subject) OfContract() bool { return s == Violations || s == ContractRows }

// Named reports whether Key.Name is a feature, or the attribute of an Embedding.
func (s Subject) Named() bool { return s == Feature || s == Missing || s == Embedding }

// Key identifies a series.
type Key struct {
	Environment, Model, Version, Role, Segment string
	Subject                                    Subject
	// Name is the feature; empty for other subjects.
	Name string
	// Overflow marks what is passed on of the versions of a model, or with an empty Model of the
	// models, that found no room.
	Overflow bool
}

// String is for logs: "fraud 7 country=DE feature amount".
func (k Key) String() string {
	parts := []string{k.Model, k.Version, k.Segment, k.Subject.String(), k.Name}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), " ")
}

// Consumer tells apart the totals of a subject that is passed on. It is empty for the subjects that
// are compared.
type Consumer struct {
	// Service is the service that called the model.
	Service string
	// Unit is what was counted: the type of the tokens ("input", "output"), the currency, what the
	// length is of ("input.characters"), or the error.type of predictions that failed.
	Unit string
	// Source is where the data came from, of what a contract counts. Feature, Check and Severity say
	// which check was broken; Feature may be an attribute, or empty.
	Source, Feature, Check, Severity string
	// Overflow marks the sum of what found no room, here or in ml_summary.
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
	// Producer, Sequence, Points and Ordinal say which point of which flush it is; without a
	// producer it is never taken for a duplicate.
	Producer                  string
	Sequence, Points, Ordinal uint64
	// Partition is the partition that it came from; empty where it came in another way.
	Partition string

	Key Key
	// Consumer says of whom the count of a subject is that is passed on.
	Consumer Consumer
	// Minute is the start of the minute, in seconds since 1970.
	Minute int64
	// Count is the number of predictions, of missing values, or of values in Category; of
	// histograms, the number of values.
	Count uint64
	// SquaredWeights is the sum of the squares of the rows' adjusted counts, of which Count is the
	// sum; 0 where nothing was sampled and each of them is 1. See Squares.
	SquaredWeights uint64
	// Categorical says that Count is of Category, or with Overflow of values that found no room in
	// a table.
	Categorical bool
	Category    string
	Overflow    bool
	// Bounds and Counts are an explicit histogram, len(Counts) = len(Bounds)+1. Bounds are kept,
	// not copied.
	Bounds []float64
	Counts []uint64
	// Exponential is an exponential histogram instead.
	Exponential *distribution.Exponential
	// Vector is the sum of the Count vectors of an Embedding.
	Vector []float64
	// Sum, Min and Max are those of the values of a histogram; the Sum of a Cost is the amount.
	// HasRange says that Min and Max are known; the Sum of a histogram is NaN where it is not.
	Sum, Min, Max float64
	HasRange      bool
	Exemplars     []Exemplar
}

// SetCount sets the count of rows whose adjusted counts add up to count, and their squares to count
// and the excess.
func (d *Delta) SetCount(count, excess uint64) {
	d.Count, d.SquaredWeights = count, 0
	if excess > 0 {
		d.SquaredWeights = count + excess
	}
}

// Squares is the sum of the squares of the rows' adjusted counts, at least Count. Both add up over
// deltas: Count²/Squares is how many unsampled rows say as much (Kish 1965), the effective sample
// size.
func (d *Delta) Squares() uint64 { return max(d.SquaredWeights, d.Count) }

// Sampled reports whether any row of the delta stands for more than itself.
func (d *Delta) Sampled() bool { return d.SquaredWeights > d.Count }
