// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// plan is what the catalog says of a subject of a version; its series in all segments share it.
type plan struct {
	column               *profile.Column // nil without a baseline
	numeric, categorical []method
	missing, relative    float64 // thresholds of missing values, and of relative changes
	asTool               bool    // nothing but the methods decides of values
	lowConfidence        float64 // threshold
	ignore               bool
	categories           int // limit of a binning without a baseline
	shared               *binnings
	fine                 []float64 // see counts
}

// binnings are those of one column of a baseline, shared by all versions of a model that have it, or
// those of one plan without a baseline.
type binnings struct{ list []*distribution.Binning }

// maxBinnings bounds binnings, which only data in changing bins fill.
const maxBinnings = 8

func (s *binnings) keep(b *distribution.Binning) {
	if b.Kind != distribution.KindNumeric || len(s.list) < maxBinnings { // there is one of each other kind
		s.list = append(s.list, b)
	}
}

// methods returns the statistics for a kind; the first one decides.
func (p *plan) methods(k distribution.Kind) []method {
	if k == distribution.KindCategorical {
		return p.categorical
	}
	return p.numeric
}

// method returns the one of a name for a kind; nil if there is none.
func (p *plan) method(k distribution.Kind, name string) *method {
	list := p.methods(k)
	for i := range list {
		if list[i].name == name {
			return &list[i]
		}
	}
	return nil
}

// find returns the binning of a kind and bounds that is kept, or nil.
func (s *binnings) find(kind distribution.Kind, bounds []float64) *distribution.Binning {
	for _, b := range s.list {
		if b.Kind == kind && (kind != distribution.KindNumeric || slices.Equal(b.Bounds, bounds)) {
			return b
		}
	}
	return nil
}

// numericBinning returns the binning for data with the given bounds: their own, or the baseline's
// where the data's are finer.
func (p *plan) numericBinning(bounds []float64) *distribution.Binning {
	if b := p.shared.find(distribution.KindNumeric, bounds); b != nil {
		return b
	}
	var b *distribution.Binning
	switch c := p.column; {
	case c == nil || c.Numeric == nil:
		b = distribution.NewNumericBinning(bounds, nil)
		// A column without values, or a categorical one, has nothing to compare with.
		b.Mismatched = c != nil && c.Type != profile.Numeric
	case distribution.Subset(bounds, c.Numeric.Bounds):
		if len(bounds) == len(c.Numeric.Bounds) {
			bounds = c.Numeric.Bounds // one copy for all series
		}
		b = distribution.NewNumericBinning(bounds, &distribution.Histogram{
			Bounds: c.Numeric.Bounds, Counts: c.Numeric.Counts, Min: c.Numeric.Min, Max: c.Numeric.Max, Mean: c.Numeric.Mean, StdDev: c.Numeric.StdDev,
		})
	case distribution.Subset(c.Numeric.Bounds, bounds):
		return p.numericBinning(c.Numeric.Bounds)
	default:
		b = distribution.NewNumericBinning(bounds, nil)
		b.Mismatched = true
	}
	p.shared.keep(b)
	return b
}

// categoricalBinning returns the binning of the baseline's categories, or a new one to grow.
func (p *plan) categoricalBinning() *distribution.Binning {
	c := p.column
	if c == nil || c.Type != profile.Categorical {
		b := distribution.NewCategoricalBinning()
		b.Mismatched = c != nil && c.Count > 0
		return b
	}
	if b := p.shared.find(distribution.KindCategorical, nil); b != nil {
		return b
	}
	b := fixedBinning(c)
	if few := c.Fewer(maxStrip); few != c {
		b.Narrow(fixedBinning(few))
	}
	p.shared.keep(b)
	return b
}

// fixedBinning returns the binning of a column's categories.
func fixedBinning(c *profile.Column) *distribution.Binning {
	var names []string
	counts := append(make([]float64, 0, len(c.Categories)+1), float64(c.Other))
	for _, category := range c.Categories {
		names = append(names, category.Value)
		counts = append(counts, float64(category.Count))
	}
	b := distribution.NewFixedBinning(names, counts, c.Count)
	if c.HeldOut != nil {
		b.Compare(c.HeldOut.Count, c.HeldOut.Counts)
	}
	return b
}

// exponentialBinning returns the binning of exponential histograms, which are compared with no
// baseline.
func (p *plan) exponentialBinning() *distribution.Binning {
	if b := p.shared.find(distribution.KindExponential, nil); b != nil {
		return b
	}
	b := &distribution.Binning{Kind: distribution.KindExponential, Mismatched: p.column != nil && p.column.Count > 0}
	p.shared.keep(b)
	return b
}

// plan says how one subject of a version is compared.
func (o *Options) plan(set *catalog.Set, key modelKey, version string, sk seriesKey) *plan {
	p := &plan{
		missing: DefaultMissing, relative: defaultRelativeChange, lowConfidence: defaultLowConfidence, categories: o.Limits.Categories,
	}
	if base := set.Baseline(key.environment, key.name, version); base != nil {
		switch sk.subject {
		case Feature:
			p.column = base.Column(sk.name)
		case Confidence:
			p.column = base.Confidence
		case Value:
			if c := base.Prediction; c != nil && c.Type == profile.Numeric {
				p.column = c
			}
		case Class:
			if c := base.Prediction; c != nil && c.Type == profile.Categorical {
				p.column = c
			}
		}
	}
	thresholds := []map[string]float64{o.Thresholds}
	methods, tools := map[profile.Type][]string{}, map[profile.Type]string{}
	use := func(method string, lists map[profile.Type][]string) {
		for _, t := range []profile.Type{profile.Numeric, profile.Categorical} {
			if len(lists[t]) > 0 {
				methods[t], tools[t] = lists[t], ""
			}
			if method != "" && checkPreset(method) == nil {
				tools[t] = method
			}
		}
	}
	use(o.Method, o.Methods)
	if m := set.Model(key.environment, key.name); m != nil {
		use(m.Drift.Method, m.Drift.Methods)
		thresholds = append(thresholds, m.Drift.Thresholds)
		if f, ok := m.Features[sk.name]; ok && sk.subject == Feature {
			p.ignore = f.Ignore
			if len(f.Methods) > 0 {
				use("", map[profile.Type][]string{profile.Numeric: f.Methods, profile.Categorical: f.Methods})
			}
			thresholds = append(thresholds, f.Thresholds)
		}
	}
	build := func(t profile.Type) []method {
		if tools[t] != "" {
			return preset(tools[t], t, p.column, thresholds...)
		}
		var out []method
		for _, names := range [][]string{methods[t], o.Methods[t]} {
			for _, name := range names {
				if m, err := newMethod(name, t, thresholds...); err == nil {
					out = append(out, m)
				}
			}
			if len(out) > 0 {
				break // the config's own where the card has none that fits
			}
		}
		return out
	}
	p.numeric, p.categorical = build(profile.Numeric), build(profile.Categorical)
	p.asTool = tools[profile.Numeric] != "" && tools[profile.Categorical] != ""
	for _, overrides := range thresholds {
		if v, ok := overrides[missingThreshold]; ok {
			p.missing = v
		}
		if v, ok := overrides[lowConfidence]; ok {
			p.lowConfidence = v
		}
		if v, ok := overrides[RelativeChange]; ok {
			p.relative = v
		}
	}
	return p
}

// plan says how a subject of a version of a model is compared.
func (e *Engine) plan(m *model, version string, sk seriesKey) *plan {
	p := e.opts.plan(m.set, m.key, version, sk)
	if p.column == nil {
		p.shared = &binnings{}
		return p
	}
	p.shared = m.shared[p.column]
	if p.shared == nil {
		if m.shared == nil {
			m.shared = make(map[*profile.Column]*binnings)
		}
		p.shared = &binnings{}
		m.shared[p.column] = p.shared
	}
	return p
}
