// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Index holds the facts of all cards of one set. It is not changed after it is built.
type Index struct {
	set      *catalog.Set
	models   map[*catalog.Model]*Facts
	versions map[*catalog.Version]*Facts
	jobs     map[*catalog.Job]*Facts
}

// NewIndex returns the facts of a set of cards.
func NewIndex(set *catalog.Set, s Selection, sightings *catalog.Sightings) *Index {
	ix := &Index{
		set:      set,
		models:   make(map[*catalog.Model]*Facts, len(set.Models)),
		versions: map[*catalog.Version]*Facts{},
		jobs:     make(map[*catalog.Job]*Facts, len(set.Jobs)),
	}
	for _, m := range set.Models {
		features := materialized(set.FeatureViewsOf(m))
		sighting := sightings.Of(m)
		of := func(v *catalog.Version) *Facts {
			f := modelFacts(s, m, v, features)
			f.Sighting = sighting
			return f
		}
		ix.models[m] = of(nil)
		for _, v := range m.Versions {
			ix.versions[v] = of(v)
		}
	}
	for _, j := range set.Jobs {
		f := &Facts{}
		f.text(s, mlconv.AttrJobOwner, j.Owner)
		f.text(s, mlconv.AttrJobProduces, j.Produces.Model)
		f.attributes(s, j.Attributes)
		ix.jobs[j] = f
	}
	return ix
}

// materialized returns the time up to which all views were written to the online store, as far as
// that is known: a row is as old as its oldest part.
func materialized(views []*catalog.FeatureView) time.Time {
	var oldest time.Time
	for _, v := range views {
		if until := v.MaterializedUntil; oldest.IsZero() || !until.IsZero() && until.Before(oldest) {
			oldest = until
		}
	}
	return oldest
}

// Knowledge is what the catalog knows of a model.
type Knowledge uint8

// The degrees of knowledge.
const (
	// NoCard says that the model has no card.
	NoCard Knowledge = iota
	// NoVersion says that the card lists versions, and not this one.
	NoVersion
	// Known says that the card is about the model as it is.
	Known
)

// HasModel is true for a model that has a card.
func (ix *Index) HasModel(environment, name string) bool {
	return ix.set.Model(environment, name) != nil
}

// Model returns the facts of a version, by name or alias, or else those of the model alone; nil
// without a card. A version that is not listed is unknown only where the card lists any.
func (ix *Index) Model(environment, name, version string) (*Facts, Knowledge) {
	m := ix.set.Model(environment, name)
	if m == nil {
		return nil, NoCard
	}
	if v := ix.set.Version(environment, name, version); v != nil {
		return ix.versions[v], Known
	}
	if version != "" && len(m.Versions) > 0 {
		return ix.models[m], NoVersion
	}
	return ix.models[m], Known
}

// Job returns the facts of a job; nil without a card.
func (ix *Index) Job(environment, name string) *Facts {
	j := ix.set.Job(environment, name)
	if j == nil {
		return nil
	}
	return ix.jobs[j]
}

// Of is true for the index of a set.
func (ix *Index) Of(set *catalog.Set) bool { return ix.set == set }
