// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package comparison

import (
	"fmt"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// derived is a column of a file of which features are worked out.
type derived struct {
	measures *baseline.Measures
	counters []*counter // by feature; nil where the reference does not have it
}

// derive finds the features of the reference that are worked out.
func (w *Window) derive(schema *table.Schema, o *Options) error {
	for _, one := range o.Derived {
		if schema.Column(one.Column) == nil {
			return fmt.Errorf("--derive: %s has no column %q", w.Path, one.Column)
		}
		d := &derived{measures: baseline.NewMeasures(one), counters: make([]*counter, len(one.Features))}
		for i := range one.Features {
			for _, c := range w.columns {
				if c.subject == drift.Feature && c.source == nil && c.column.Name == one.Features[i].Name {
					d.counters[i] = c
				}
			}
		}
		w.derived = append(w.derived, d)
	}
	return nil
}

// derives reports whether a column's values are worked out.
func (w *Window) derives(c *counter) bool {
	return slices.ContainsFunc(w.derived, func(d *derived) bool { return slices.Contains(d.counters, c) })
}

func (d *derived) add(cell table.Cell, at *place) error {
	missing := cell.Kind == table.Missing
	if !missing {
		if err := d.measures.Read(cell); err != nil {
			return err
		}
	}
	for i, c := range d.counters {
		if c == nil {
			continue
		}
		ok, v := false, 0.0
		if !missing {
			var err error
			if v, ok, err = d.measures.Of(i); err != nil {
				return err
			}
		}
		if ok {
			c.addNumber(v, at)
		} else {
			c.addMissing(at)
		}
	}
	return nil
}
