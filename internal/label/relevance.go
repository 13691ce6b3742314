// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package label

import (
	"unicode/utf8"

	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// relevances are the items that a label judges, while they are read.
type relevances struct {
	name  string
	items []Relevance
	// wrong is the first mistake. Nothing is kept behind it.
	wrong *Error
}

// relevances begins to read the items that have a name. Whoever has read them gives them to judge.
func (d *draft) relevances(name string) relevances {
	return relevances{name: name, items: []Relevance{}, wrong: d.give(fieldRelevance, name)}
}

// add takes an item and its gain.
func (r *relevances) add(item string, gain table.Cell) {
	if r.wrong != nil {
		return
	}
	v, ok := gain.Number()
	switch {
	case len(r.items) == MaxRelevances:
		r.wrong = badLabel(r.name, "has more than %d items", MaxRelevances)
	case item == "" || len(item) > MaxText:
		r.wrong = badLabel(r.name, "an item has %d bytes, from 1 to %d", len(item), MaxText)
	case !utf8.ValidString(item):
		r.wrong = badLabel(r.name, "%s is not UTF-8", quote(item))
	case !ok || v-v != 0 || v < 0:
		r.wrong = badLabel(r.name, "the gain of %s is no finite number from 0 on", quote(item))
	default:
		r.items = append(r.items, Relevance{Item: item, Gain: v})
	}
}

// addRight takes an item of a list of those that were right.
func (r *relevances) addRight(item table.Cell) {
	if item.Kind == table.Bytes && r.wrong == nil {
		r.wrong = badLabel(r.name, "an item is neither a text nor a number")
	}
	r.add(category(item), table.Cell{Kind: table.Integer, Int: 1})
}

// judge takes the items that were read.
func (d *draft) judge(r relevances) *Error {
	if r.wrong == nil {
		d.label.Relevances = r.items
	}
	return r.wrong
}
