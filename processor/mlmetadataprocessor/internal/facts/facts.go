// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package facts has what the catalog's cards say of models and jobs, as attributes.
//
// An Index is built when the catalog changes: the facts of every card become flat lists of keys and
// values, as far as a Selection wants them. The list that belongs to a span is then put on it.
package facts

import (
	"maps"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Facts are what is put on the spans of one version of a model, of a model whose version is
// unknown, or of a job.
type Facts struct {
	list []fact
	ages []age
	// Sighting is of the model's card; nil for a job's.
	Sighting *catalog.Sighting
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

// modelFacts returns the facts of a version, or of the model alone where v is nil. The model's
// features are those of the time given.
func modelFacts(s Selection, m *catalog.Model, v *catalog.Version, features time.Time) *Facts {
	f := &Facts{}
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

func (f *Facts) text(s Selection, key, value string) {
	if value != "" && s.has(key) {
		f.list = append(f.list, fact{key, pcommon.NewValueStr(value)})
	}
}

func (f *Facts) age(s Selection, key string, since time.Time) {
	if !since.IsZero() && s.has(key) {
		f.ages = append(f.ages, age{key, since})
	}
}

// attributes adds those that a card gives by name, except where the card has said the same with a
// key of its own.
func (f *Facts) attributes(s Selection, attributes map[string]any) {
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

// Size is the number of attributes that Put may add.
func (f *Facts) Size() int { return len(f.list) + len(f.ages) }

// Put adds the facts to a span that ended at end (0 = unknown). The caller has made room for them.
func (f *Facts) Put(attrs pcommon.Map, end pcommon.Timestamp, overwrite bool) {
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
		// A prediction from before the training is a replay or a wrong card: no age is better than
		// a negative one.
		if old := end.AsTime().Sub(a.since); old >= 0 {
			if value, there := attrs.GetOrPutEmpty(a.key); !there || overwrite {
				value.SetDouble(old.Seconds())
			}
		}
	}
}
