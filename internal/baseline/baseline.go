// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package baseline makes a baseline profile from data files.
//
// The files are read twice: once to find out what the columns are (table.Infer), from which a Plan
// says what becomes of each, and once to count. What a person would want to know of the decisions
// is in the Plan.
package baseline

import (
	"context"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/derive"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// Options say which columns are what. Empty names mean that there is no such column.
type Options struct {
	// Table says how to read the files.
	Table table.Options
	// Name is what the data set is called.
	Name string
	// Prediction, Confidence and Timestamp are columns.
	Prediction, Confidence, Timestamp string
	// Label is the column of what was right, by which scores are calibrated; Score that of the score
	// of the positive class of a binary model, and Positive that class, empty for 1 or true;
	// Probabilities are the scores of the classes of another model.
	Label, Score, Positive string
	Probabilities          []Probability
	// Features are the feature columns in the order of the model; nil means all that are left and
	// describe rows.
	Features []string
	// Exclude are columns that are not features, Include those that are features though they do not
	// look it.
	Exclude, Include []string
	// Types overrides what the values look like, by column.
	Types map[string]profile.Type
	// Derived are features that are worked out from columns.
	Derived []Derived
	// Bins is the number of bins of a numeric column; zero means distribution.DefaultBins.
	Bins int
	// MaxCategories is the number of values kept of a categorical column; zero means
	// profile.DefaultMaxCategories.
	MaxCategories int
	// Skip leaves out the first rows of all files together, and Take bounds the rows after them;
	// zero is none and all.
	Skip, Take int
	// From and To take the rows with From <= timestamp < To; zero means no bound.
	From, To time.Time
}

// Derived is a column, and the features that are worked out from its values: JSON of a vector or of
// scores, a text, a number. The column itself is no feature, unless it is named as one.
type Derived struct {
	Column   string
	Features []derive.Feature
}

// Taken says whether the n-th row, from 0, is within Skip and Take.
func (o *Options) Taken(n int) bool { return n >= o.Skip && (o.Take == 0 || n < o.Skip+o.Take) }

// Build makes a profile of the files. The Plan is returned with the error where there is one.
func Build(ctx context.Context, files []string, o Options) (*profile.Profile, *Plan, error) {
	schema, err := table.Infer(ctx, files, o.Table)
	if err != nil {
		return nil, nil, err
	}
	plan, err := NewPlan(schema, o)
	if err != nil {
		return nil, plan, err
	}
	p, err := plan.Count(ctx, files, o)
	return p, plan, err
}
