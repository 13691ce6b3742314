// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlmetadataprocessor

import (
	"maps"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// facts is what is put on the spans of one version of a model, of a model whose version is unknown, or of a job.
type facts struct {
	list []fact
	ages []age
	// sighting is of the model's card; nil for a job's.
	sighting *catalog.Sighting
}

// age is an attribute of seconds between a time and the end of the span.
type age struct {
	key   string
	since time.Time
}

// fact is one attribute. Its value is only read.
type fact struct {
	key   string
	value pcommon.Value
}

// index holds the facts of all cards of one set. It is not changed after it is built.
type index struct {
	set      *catalog.Set
	models   map[*catalog.Model]*facts
	versions map[*catalog.Version]*facts
	jobs     map[*catalog.Job]*facts
}

func newIndex(set *catalog.Set, s selection, sightings *catalog.Sightings) *index {
	ix := &index{
		set:      set,
		models:   make(map[*catalog.Model]*facts, len(set.Models)),
		versions: map[*catalog.Version]*facts{},
		jobs:     make(map[*catalog.Job]*facts, len(set.Jobs)),
	}
	for _, m := range set.Models {
		features := materialized(set.FeatureViewsOf(m))
		sighting := sightings.Of(m)
		of := func(v *catalog.Version) *facts {
			f := modelFacts(s, m, v, features)
			f.sighting = sighting
			return f
		}
		ix.models[m] = of(nil)
		for _, v := range m.Versions {
			ix.versions[v] = of(v)
		}
	}
	for _, j := range set.Jobs {
		f := &facts{}
		f.text(s, mlconv.AttrJobOwner, j.Owner)
		f.text(s, mlconv.AttrJobProduces, j.Produces.Model)
		f.attributes(s, j.Attributes)
		ix.jobs[j] = f
	}
	return ix
}

// materialized returns the time up to which all views were written to the online store, as far as that is known: a row is as old as its
// oldest part.
func materialized(views []*catalog.FeatureView) time.Time {
	var oldest time.Time
	for _, v := range views {
		if until := v.MaterializedUntil; oldest.IsZero() || !until.IsZero() && until.Before(oldest) {
			oldest = until
		}
	}
	return oldest
}

// modelFacts returns the facts of a version, or of the model alone where v is nil. The model's features are those of the time given.
func modelFacts(s selection, m *catalog.Model, v *catalog.Version, features time.Time) *facts {
	f := &facts{}
	f.text(s, mlconv.AttrModelOwner, m.Owner)
	f.text(s, mlconv.AttrModelTask, string(m.Task))
	f.text(s, mlconv.AttrModelRunbook, m.Alerts.Runbook)
	attributes := m.Attributes
	if v != nil {
		attributes = v.Attributes
		if len(v.Aliases) > 0 && s.has(mlconv.AttrModelAliases) {
			value := pcommon.NewValueSlice()
			value.Slice().EnsureCapacity(len(v.Aliases))
			for _, a := range v.Aliases {
				value.Slice().AppendEmpty().SetStr(a)
			}
			f.list = append(f.list, fact{mlconv.AttrModelAliases, value})
		}
		f.age(s, mlconv.AttrModelAge, v.TrainedAt)
	}
	f.age(s, mlconv.AttrFeatureViewAge, features)
	f.attributes(s, attributes)
	return f
}

func (f *facts) text(s selection, key, value string) {
	if value != "" && s.has(key) {
		f.list = append(f.list, fact{key, pcommon.NewValueStr(value)})
	}
}

func (f *facts) age(s selection, key string, since time.Time) {
	if !since.IsZero() && s.has(key) {
		f.ages = append(f.ages, age{key, since})
	}
}

// attributes adds those that a card gives by name, except where the card has said the same with a key of its own.
func (f *facts) attributes(s selection, attributes map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(attributes)) {
		if !s.has(key) || slices.ContainsFunc(f.list, func(other fact) bool { return other.key == key }) {
			continue
		}
		value := pcommon.NewValueEmpty()
		if value.FromRaw(attributes[key]) == nil {
			f.list = append(f.list, fact{key, value})
		}
	}
}

// size is the number of attributes that put may add.
func (f *facts) size() int { return len(f.list) + len(f.ages) }

// put adds the facts to a span that ended at end (0 = unknown). The caller has made room for them.
func (f *facts) put(attrs pcommon.Map, end pcommon.Timestamp, overwrite bool) {
	for i := range f.list {
		fact := &f.list[i]
		if value, there := attrs.GetOrPutEmpty(fact.key); !there || overwrite {
			fact.value.CopyTo(value)
		}
	}
	if end == 0 {
		return
	}
	for _, a := range f.ages {
		// A prediction from before the training is a replay or a wrong card: no age is better than a negative one.
		if old := end.AsTime().Sub(a.since); old >= 0 {
			if value, there := attrs.GetOrPutEmpty(a.key); !there || overwrite {
				value.SetDouble(old.Seconds())
			}
		}
	}
}
