// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package series

import (
	"cmp"
	"maps"
	"reflect"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/derive"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// Column says how the values of a feature, the prediction or the confidence are counted. It is
// immutable.
type Column struct {
	// Name is the feature's; empty for the prediction and the confidence, and for a series that
	// takes what finds no room (Overflow).
	Name     string
	Overflow bool
	// Categorical values are counted one by one.
	Categorical bool
	// Bins are the baseline's; nil without one, then numbers go to an exponential histogram.
	Bins *distribution.Bins
	// Groups are the groups of bins of a segment's histogram; Emitted those of a cumulative one,
	// with tails.
	Groups, Emitted distribution.Grouping
	// Segment is the feature's place among those that are watched in segments, or -1.
	Segment int

	base *base
}

// Plan is what the catalog says of a model, made ready for counting. It is immutable.
type Plan struct {
	// Columns are the baseline's features in its order, at most the limit.
	Columns []*Column
	// Value is the answer of a regressor, Confidence the score of the answer.
	Value, Confidence *Column
	// Segments are the dimensions that are watched.
	Segments []string
	// SegmentFeatures is the number of features that are watched in segments.
	SegmentFeatures int
	// Derived are the features that are worked out from attributes, sorted by the attribute.
	Derived []derive.Feature
	// Centroids are the attributes whose vectors are added up: the sources of Derived that are.
	Centroids []string
	// PositiveClass is the class that ml.prediction.score speaks of; empty if unknown.
	PositiveClass string

	classes         *base
	segmentFeatures map[string]int
	// named are the features that the card names; numeric are those of which it says that they are
	// numbers.
	named, numeric map[string]bool
	// maxBatch is the largest batch that is believed without arrays of that length; 0 if the card
	// does not say.
	maxBatch int
	source   source
	// checks are those of the card's contract, by their ids.
	checks         map[string]Check
	unknownFeature Check
}

// source is all that a Plan is made of: equal sources make equal plans.
type source struct {
	baseline                  *profile.Profile
	types                     map[string]profile.Type
	features                  []string // that the card names, sorted
	segments, segmentFeatures []string
	derived                   []string // what the card, or the config, says
	positiveClass             string
	maxBatch                  int
	checks                    []checkOf // of the card's contract
}

// newSource gathers what a set says of a model; watched is what is watched of one without a card.
func newSource(set *catalog.Set, key Key, watched Watched) source {
	card := set.Model(key.Environment, key.Name)
	if card == nil {
		return source{segments: watched.Segments, derived: watched.Derived}
	}
	s := source{
		baseline:        set.Baseline(key.Environment, key.Name, key.Version),
		segments:        card.Segments,
		segmentFeatures: card.SegmentFeatures,
		derived:         card.Derive,
		positiveClass:   card.PositiveClass,
		maxBatch:        card.MaxBatch,
		checks:          checksOf(card.Contract),
		features:        slices.Sorted(maps.Keys(card.Features)),
	}
	for name, f := range card.Features {
		if f.Type != "" {
			if s.types == nil {
				s.types = make(map[string]profile.Type)
			}
			s.types[name] = f.Type
		}
	}
	return s
}

// equal is true where a reload changed nothing that is counted by.
func (s source) equal(t source) bool {
	return s.positiveClass == t.positiveClass && s.maxBatch == t.maxBatch &&
		slices.Equal(s.features, t.features) &&
		slices.Equal(s.segments, t.segments) &&
		slices.Equal(s.segmentFeatures, t.segmentFeatures) &&
		slices.Equal(s.derived, t.derived) &&
		slices.Equal(s.checks, t.checks) &&
		reflect.DeepEqual(s.types, t.types) &&
		(s.baseline == t.baseline || reflect.DeepEqual(s.baseline, t.baseline))
}

func newPlan(s source, maxFeatures int) *Plan {
	p := &Plan{
		Segments: s.segments, PositiveClass: s.positiveClass,
		SegmentFeatures: len(s.segmentFeatures),
		segmentFeatures: make(map[string]int, len(s.segmentFeatures)),
		source:          s,
		Value:           &Column{Segment: -1},
		Confidence:      &Column{Segment: -1},
		named:           make(map[string]bool, len(s.features)),
		numeric:         make(map[string]bool),
		maxBatch:        s.maxBatch,
	}
	for _, f := range s.features {
		p.named[f] = true
		p.numeric[f] = s.types[f] == profile.Numeric
	}
	for i, f := range s.segmentFeatures {
		p.segmentFeatures[f] = i
	}
	p.checks = make(map[string]Check, len(s.checks))
	for _, c := range s.checks {
		if p.checks[c.id] = c.Check; c.unknown {
			p.unknownFeature = c.Check
		}
	}
	p.derive()
	if s.baseline == nil {
		return p
	}
	for _, c := range s.baseline.Features[:min(len(s.baseline.Features), maxFeatures)] {
		p.Columns = append(p.Columns, newColumn(c, s.types[c.Name], p.segment(c.Name)))
	}
	if c := s.baseline.Confidence; c != nil {
		p.Confidence = newColumn(c, profile.Numeric, -1)
		p.Confidence.Name = ""
	}
	if c := s.baseline.Prediction; c != nil {
		if c.Type == profile.Numeric {
			p.Value = newColumn(c, profile.Numeric, -1)
			p.Value.Name = ""
		} else {
			p.classes = newColumn(c, profile.Categorical, -1).base
		}
	}
	return p
}

// derive finds the features that are derived: those that are named, and those that the baseline has.
func (p *Plan) derive() {
	seen := make(map[string]bool)
	add := func(f derive.Feature) {
		if !seen[f.Name] {
			seen[f.Name] = true
			p.Derived = append(p.Derived, f)
		}
	}
	for _, spec := range p.source.derived {
		list, _ := derive.Parse(spec) // the card or the config was checked
		for _, f := range list {
			add(f)
		}
	}
	if p.source.baseline != nil {
		for _, e := range p.source.baseline.Embeddings {
			add(derive.Feature{Name: e.Name + "#centroid", Source: e.Name, Measure: derive.Centroid})
		}
		for _, c := range p.source.baseline.Features {
			if f, ok := derive.Named(c.Name); ok && c.Type == profile.Numeric && f.Measure != derive.Centroid {
				add(f)
			}
		}
	}
	slices.SortFunc(p.Derived, func(a, b derive.Feature) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Name, b.Name))
	})
	for i := range p.Derived {
		if f := &p.Derived[i]; f.Measure == derive.Centroid {
			f.Index = len(p.Centroids)
			p.Centroids = append(p.Centroids, f.Source)
		}
	}
}

// MaxBatch is the largest batch that is believed of a span without arrays of that length, at least
// 1.
func (p *Plan) MaxBatch() int { return max(p.maxBatch, 1) }

// setBins makes the bins of a numeric column; counts are the reference's.
func (c *Column) setBins(bounds []float64, counts []uint64) {
	bins, err := distribution.NewBins(bounds)
	if err != nil {
		return // a profile that was validated has good bounds; without, the values still count
	}
	c.Bins = bins
	c.Groups = distribution.GroupByMass(bounds, counts, distribution.DefaultGroups)
	c.Emitted = distribution.GroupWithTails(bounds, counts, distribution.DefaultGroups)
}

// segment returns a feature's place among those that are watched in segments, or -1.
func (p *Plan) segment(feature string) int {
	if i, ok := p.segmentFeatures[feature]; ok {
		return i
	}
	return -1
}

// newColumn uses what the baseline knows unless the card's type, where there is one, says
// otherwise.
func newColumn(c *profile.Column, override profile.Type, segment int) *Column {
	typ := c.Type
	if override != "" {
		typ = override
	}
	col := &Column{Name: c.Name, Categorical: typ == profile.Categorical, Segment: segment}
	switch {
	case typ != c.Type:
	case typ == profile.Categorical:
		values := make([]string, 0, len(c.Categories))
		for _, category := range c.Categories {
			values = append(values, category.Value)
		}
		col.base = newBase(values)
	case c.Numeric != nil:
		col.setBins(c.Numeric.Bounds, c.Numeric.Counts)
	}
	return col
}
