// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prediction

import (
	"strconv"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Knowledge is what is known of a model beyond its payloads. It is not changed once it is made.
type Knowledge struct {
	// Task is what the model does, empty if unknown.
	Task catalog.Task
	// Classes are the labels of a classifier, by index; nil if unknown.
	Classes []string
	// Positive and Negative are the classes of a binary classifier, empty if unknown.
	Positive, Negative string
	// Numeric is set where the baseline's prediction is a number.
	Numeric bool

	features    map[string]struct{}
	featureKeys []string
}

// New returns what a card and its baseline say of a model; both may be nil. Features and classes that are given come before those
// of the baseline.
func New(card *catalog.Model, baseline *profile.Profile, features, classes []string) *Knowledge {
	k := &Knowledge{Classes: classes}
	if baseline != nil && len(features) == 0 {
		for _, c := range baseline.Features {
			features = append(features, c.Name)
		}
	}
	k.features = make(map[string]struct{}, len(features))
	for _, name := range features {
		k.features[name] = struct{}{}
		k.featureKeys = append(k.featureKeys, mlconv.PrefixFeature+name)
	}
	if card != nil {
		k.Task, k.Positive = card.Task, card.PositiveClass
	}
	var known []string
	if baseline != nil && baseline.Prediction != nil {
		p := baseline.Prediction
		k.Numeric = p.Type == profile.Numeric
		if k.Task == "" {
			k.Task = catalog.Multiclass
			if k.Numeric {
				k.Task = catalog.Regression
			}
		}
		for _, c := range p.Categories {
			known = append(known, c.Value)
		}
	}
	if len(classes) > 0 {
		known = classes
	}
	if len(known) == 2 && k.Positive != "" {
		switch k.Positive {
		case known[0]:
			k.Negative = known[1]
		case known[1]:
			k.Negative = known[0]
		}
	}
	return k
}

// IsHeader is true where every cell is the name of a feature.
func (k *Knowledge) IsHeader(cells []string) bool {
	for _, s := range cells {
		if _, ok := k.features[s]; !ok {
			return false
		}
	}
	return len(cells) > 0
}

// NumFeatures is the number of features the model takes, 0 if unknown.
func (k *Knowledge) NumFeatures() int { return len(k.featureKeys) }

// classification is true for a model that answers with classes.
func (k *Knowledge) classification() bool {
	return k.Task == catalog.BinaryClassification || k.Task == catalog.Multiclass
}

// positionKeys are the attributes of features that have no name.
var positionKeys = func() []string {
	keys := make([]string, 256)
	for i := range keys {
		keys[i] = positionKey(i)
	}
	return keys
}()

func positionKey(i int) string { return mlconv.PrefixFeature + "feature_" + strconv.Itoa(i) }
