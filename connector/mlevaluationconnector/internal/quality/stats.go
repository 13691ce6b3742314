// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package quality

// Reason is why something was not counted.
type Reason int

// The reasons.
const (
	// Counted is what was counted.
	Counted Reason = iota
	// Failed is a call that failed: it has no answer.
	Failed
	// Mismatch is an answer or a label of another kind than the model's task compares, such as a
	// class of a regression; and a first label by which the task is not found out.
	Mismatch
	// Unusable has a number that cannot be counted: a weight that is not above 0, a value beyond
	// 1e70, a list in which nothing is relevant.
	Unusable
	// Overflow found no room: its model, a segment of it, or its set of labels.
	Overflow
	// Late is a prediction, or a label of one, whose window is over. Such a label is in the
	// cumulative counts.
	Late
	// Future is a prediction more than five minutes ahead of now, or before 1970.
	Future

	reasons
)

// String is the name of the reason, as it stands in metrics.
func (r Reason) String() string {
	return [...]string{"counted", "failed", "mismatch", "unusable", "overflow", "late", "future"}[r]
}

// Stats are what an Engine has not counted, and how much it holds.
type Stats struct {
	// Predictions and Labels were not counted, in full or in one of their segments, by Reason.
	Predictions, Labels [reasons]uint64
	// ItemsEvicted are items of gold sets that others took the place of.
	ItemsEvicted uint64
	// Evicted are versions that others took the place of.
	Evicted uint64
	// Identities, Segments and Items are those that are there now.
	Identities, Segments, Items int
}
