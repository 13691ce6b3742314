// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package evaluation says how good a model is, given predictions and labels, with the interval in
// which the truth lies: pure functions over counts that can be added, taken away and stored.
//
//	rows (prediction, label, weight) ──► accumulator ──► measures ──► Score{Measure, Interval}
//	                                       │   ▲                        │
//	              Merge, Remove, Encode ◄──┘   └── Decode               └─► Difference, Judge
//
// The accumulators are
//
//	Confusion      classes: rows by actual and predicted class, a bounded number of classes
//	Scores         binary: the score of the positive class by actual class, in bins
//	Regression     numbers: powers of errors and of actual values
//	Mean           scores of any range: powers of them
//	Ranking        lists: NDCG and hits among the first k
//	Unlabelled     binary, without labels: the score by predicted class, for CBPE
//	Expected       classes, without labels: what Confusion is expected to be, for CBPE
//	Pairs          two answers to one item with one label: McNemar, paired differences
//	Trials         outcomes in [0, 1] in order of time: tests that may be looked at at any time
//
// Each has Add and Remove with the same arguments: a later label takes the row of the earlier one
// away and adds its own. A sum of which all rows have been taken away is empty, without a rest of
// rounding. A Confusion keeps the place of a class of which no row is left.
//
// Merge adds another accumulator. What Encode has written is read by a Decode function; an Expected
// is given its calibrations anew then, and Pairs are not stored. None is safe for concurrent use.
//
// An Interval has the point, its bounds and N, the number of rows of weight 1 that the rows in it
// are worth: Kish's (Σw)²/Σw² (Kish, Survey Sampling, 1965). Level is the confidence, such as 0.95.
// A measure that is not defined (precision without positive answers) has the point NaN, and bounds
// that exclude nothing.
//
// docs/evaluation.md has the table of measures, their intervals, and how often the intervals have
// held the truth in simulations.
package evaluation
