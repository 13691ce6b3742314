// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"maps"
	"slices"
	"strconv"

	"github.com/otelcol-ml/otelcol-ml/internal/derive"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// Feature is what a card says of one feature.
type Feature struct {
	// Type overrides the baseline's.
	Type profile.Type
	// Min and Max bound good values; nil for no bound.
	Min, Max *float64
	// Values are the allowed values of a categorical feature; nil for any.
	Values []string
	// MaxMissing and MaxUnseen are the largest good shares, 0 to 1, of missing and of unknown
	// values; nil for no limit.
	MaxMissing, MaxUnseen *float64
	// Importance is the feature's weight in the model, 0 to 1; nil where the card does not say.
	Importance *float64
	// Methods and Thresholds are as in Drift, for this feature.
	Methods    []string
	Thresholds map[string]float64
	// Ignore leaves the feature out of drift.
	Ignore bool
}

// features reads the block of features and checks names against the baselines of the model and its
// versions.
// derived returns the features that are worked out from attributes.
func (o object) derived() []string {
	list := o.texts("derive")
	for i, spec := range list {
		if _, err := derive.Parse(spec); err != nil {
			o.fail([]string{"derive", strconv.Itoa(i)}, "%v", err)
		}
	}
	return list
}

func (o object) features(m *Model) {
	columns := map[string]profile.Type{}
	known := m.Baseline != nil
	collect := func(p *profile.Profile) {
		for _, c := range p.Features {
			if _, ok := columns[c.Name]; !ok {
				columns[c.Name] = c.Type
			}
		}
	}
	if known {
		collect(m.Baseline)
	}
	for _, v := range m.Versions {
		if v.Baseline != nil && v.Baseline != m.Baseline {
			known = true
			collect(v.Baseline)
		}
	}
	names := slices.Sorted(maps.Keys(columns))
	check := func(name string, keys ...string) {
		if _, ok := columns[name]; known && !ok {
			o.fail(keys, "the baseline has no feature %q%s", yamldoc.Clip(name), yamldoc.Suggest(name, names))
		}
	}
	for i, name := range m.SegmentFeatures {
		check(name, "segment_features", strconv.Itoa(i))
	}
	block := o.block("features")
	if len(block.m) == 0 {
		return
	}
	m.Features = make(map[string]Feature, len(block.m))
	for name := range block.m {
		check(name, "features", name)
		m.Features[name] = block.block(name).feature(columns[name])
	}
}

func (o object) feature(inBaseline profile.Type) Feature {
	f := Feature{
		Type:       profile.Type(o.text("type")),
		MaxMissing: o.number("max_missing"), MaxUnseen: o.number("max_unseen"),
		Importance: o.number("importance"), Thresholds: o.numbers("thresholds"), Ignore: o.flag("ignore"),
	}
	f.Min, f.Max = o.bounds()
	f.Values = o.categories("values")
	t := f.Type
	if t == "" {
		t = inBaseline
	}
	f.Methods = o.methods("methods", t)
	switch t {
	case profile.Categorical:
		for _, key := range []string{"min", "max"} {
			if o.has(key) {
				o.fail([]string{key}, "is for numeric features, this one is categorical")
			}
		}
	case profile.Numeric:
		for _, key := range []string{"values", "max_unseen"} {
			if o.has(key) {
				o.fail([]string{key}, "is for categorical features, this one is numeric")
			}
		}
	}
	return f
}
