// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package profile holds baselines: the JSON profile of a reference data set that live traffic is
// compared with.
//
// NewNumeric and NewCategorical make columns from values (internal/baseline feeds them from files);
// Read and Write move a Profile from and to JSON; the catalog hands it to the components, which
// count into its bins.
package profile

import (
	"slices"
	"time"
)

// FormatVersion is the version of the JSON layout that this package writes, and the newest it
// reads.
//
// Version 2 has held_out beside categories. A column of version 1 that needs one gets it when it is
// read (Column.HeldOut).
const FormatVersion = 2

// Type is how the values of a column are compared.
type Type string

// The types of a column.
const (
	// Numeric values are ordered and counted into bins.
	Numeric Type = "numeric"
	// Categorical values are counted one by one; booleans are the categories "false" and "true".
	Categorical Type = "categorical"
)

// Profile describes a reference data set.
type Profile struct {
	// FormatVersion is the layout's version.
	FormatVersion int `json:"format_version"`
	// Name is what the data set is called, for people.
	Name string `json:"name,omitempty"`
	// CreatedAt is when the profile was made.
	CreatedAt time.Time `json:"created_at,omitzero"`
	// From and To are the smallest and largest timestamp in the data, where it has any.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
	// Rows is the number of rows.
	Rows uint64 `json:"rows"`
	// Features are the model's inputs in the order in which it takes them.
	Features []*Column `json:"features"`
	// Prediction is the model's answer: categorical for a classifier, numeric for a regressor; nil
	// if unknown.
	Prediction *Column `json:"prediction,omitempty"`
	// Confidence is the score, 0 to 1, of the answer given; nil if unknown.
	Confidence *Column `json:"confidence,omitempty"`
	// Embeddings are the centroids of vectors, by attribute.
	Embeddings []*Embedding `json:"embeddings,omitempty"`
	// Calibration makes probabilities of the model's scores; nil if unknown.
	Calibration *Calibration `json:"calibration,omitempty"`
}

// Column describes one feature, the prediction or the confidence.
type Column struct {
	Name string `json:"name"`
	Type Type   `json:"type"`
	// Count is the number of rows with a value, Missing the number without; NaN and infinities are
	// missing.
	Count   uint64 `json:"count"`
	Missing uint64 `json:"missing"`
	// Numeric is set on a numeric column with at least one value.
	Numeric *NumericColumn `json:"numeric,omitempty"`
	// Categories are the most frequent values of a categorical column, most frequent first, ties by
	// value. Where rows are held out, the values that the other rows chose come first, in that
	// order, and the most frequent of the others after them.
	Categories []Category `json:"categories,omitempty"`
	// Other is the number of rows of a categorical column whose value is not in Categories.
	Other uint64 `json:"other,omitempty"`
	// HeldOut are the rows of a categorical column to compare with; nil where it is all rows, as
	// each value has many.
	HeldOut *HeldOut `json:"held_out,omitempty"`
}

// NumericColumn is the distribution of a numeric column.
type NumericColumn struct {
	Min  float64 `json:"min"`
	Max  float64 `json:"max"`
	Mean float64 `json:"mean"`
	// StdDev is the population standard deviation (divided by n).
	StdDev float64 `json:"std_dev"`
	// Bounds are the upper-inclusive bounds of the bins (see distribution.Bins), len(Counts)-1 of
	// them.
	Bounds []float64 `json:"bounds"`
	// Counts are the rows in each bin; the first bin is open below, the last one above.
	Counts []uint64 `json:"counts"`
}

// Category is one value of a categorical column.
type Category struct {
	Value string `json:"value"`
	Count uint64 `json:"count"`
}

// Column returns the feature with the given name, or nil.
func (p *Profile) Column(feature string) *Column {
	for _, c := range p.Features {
		if c.Name == feature {
			return c
		}
	}
	return nil
}

// MostFrequent returns the categories, most frequent first, whether they were chosen or not.
func (c *Column) MostFrequent() []Category {
	return slices.SortedFunc(slices.Values(c.Categories), byCount)
}

// MissingRatio is the share of rows without a value, 0 for an empty column.
func (c *Column) MissingRatio() float64 {
	if c.Count+c.Missing == 0 {
		return 0
	}
	return float64(c.Missing) / float64(c.Count+c.Missing)
}
