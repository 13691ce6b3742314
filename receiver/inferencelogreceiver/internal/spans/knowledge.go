// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package spans

import (
	"strconv"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// knowledge is what is known of a model beyond its payloads. It is not changed once it is made.
type knowledge struct {
	// task is what the model does, empty if unknown.
	task catalog.Task
	// classes are the labels of a classifier, by index; nil if unknown.
	classes []string
	// positive and negative are the classes of a binary classifier, empty if unknown.
	positive, negative string
	// numeric is set where the baseline's prediction is a number.
	numeric bool

	features    map[string]struct{}
	featureKeys []string
}

// newKnowledge returns what a card and its baseline say of a model; both may be nil. Features and
// classes that are given come before those of the baseline.
func newKnowledge(card *catalog.Model, baseline *profile.Profile, features, classes []string) *knowledge {
	k := &knowledge{classes: classes}
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
		k.task, k.positive = card.Task, card.PositiveClass
	}
	var known []string
	if baseline != nil && baseline.Prediction != nil {
		p := baseline.Prediction
		k.numeric = p.Type == profile.Numeric
		if k.task == "" {
			k.task = catalog.Multiclass
			if k.numeric {
				k.task = catalog.Regression
			}
		}
		for _, c := range p.Categories {
			known = append(known, c.Value)
		}
	}
	if len(classes) > 0 {
		known = classes
	}
	if len(known) == 2 && k.positive != "" {
		switch k.positive {
		case known[0]:
			k.negative = known[1]
		case known[1]:
			k.negative = known[0]
		}
	}
	return k
}

// isHeader is true where every cell is the name of a feature.
func (k *knowledge) isHeader(cells []string) bool {
	for _, s := range cells {
		if _, ok := k.features[s]; !ok {
			return false
		}
	}
	return len(cells) > 0
}

// numFeatures is the number of features the model takes, 0 if unknown.
func (k *knowledge) numFeatures() int { return len(k.featureKeys) }

// classification is true for a model that answers with classes.
func (k *knowledge) classification() bool {
	return k.task == catalog.BinaryClassification || k.task == catalog.Multiclass
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
