// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package baseline

import (
	"fmt"

	"github.com/otelcol-ml/otelcol-ml/internal/derive"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// names are those of the features.
func (d *Derived) names() (names []string) {
	for i := range d.Features {
		names = append(names, d.Features[i].Name)
	}
	return names
}

// deriver works features out from the values of one column.
type deriver struct {
	Derived

	values          [][]float64 // by feature
	vector          derive.Vector
	projections     int
	vectors, scores bool
	centroid        *profile.Embedding // nil where none is asked for
	present         uint64
}

func newDerivers(list []Derived) (out []*deriver) {
	for _, d := range list {
		n := &deriver{Derived: d, values: make([][]float64, len(d.Features))}
		for i := range d.Features {
			switch f := &d.Features[i]; f.Measure {
			case derive.Projection:
				n.vectors, n.projections = true, max(n.projections, f.Index+1)
			case derive.Norm:
				n.vectors = true
			case derive.Centroid:
				n.vectors, n.centroid = true, &profile.Embedding{Name: f.Source}
			case derive.Entropy:
				n.vectors, n.scores = true, true
			}
		}
		out = append(out, n)
	}
	return out
}

// of returns what is derived from a column.
func of(list []*deriver, column string) (out []*deriver) {
	for _, d := range list {
		if d.Column == column {
			out = append(out, d)
		}
	}
	return out
}

func (d *deriver) add(cell table.Cell) error {
	if cell.Kind == table.Missing {
		return nil
	}
	text := cell.Text
	if cell.Kind != table.Text && cell.Kind != table.String {
		text = cell.Category()
	}
	if d.vectors {
		d.vector.Reset(d.projections, d.scores)
		if d.centroid != nil {
			d.vector.Keep()
		}
		if err := d.vector.AddJSON(text); err != nil {
			return fmt.Errorf("column %q: %.40q is no JSON array of numbers: %w", d.Column, text, err)
		}
	}
	d.present++
	if err := d.addToCentroid(); err != nil {
		return err
	}
	described := derive.NewText(text)
	for i := range d.Features {
		f := &d.Features[i]
		var v float64
		var ok bool
		switch {
		case f.Measure == derive.Centroid:
			continue
		case f.Measure == derive.Value:
			if v, ok = cell.Number(); !ok {
				return fmt.Errorf("column %q: %.40q is no number", d.Column, text)
			}
		case f.Measure.OfText():
			v, ok = described.Measure(f.Measure)
		default:
			v, ok = d.vector.Measure(f)
		}
		if ok {
			d.values[i] = append(d.values[i], v)
		}
	}
	return nil
}

// addToCentroid adds the vector that was read.
func (d *deriver) addToCentroid() error {
	if d.centroid == nil {
		return nil
	}
	elements := d.vector.Elements()
	e := d.centroid
	if e.Centroid == nil {
		e.Centroid = make([]float64, len(elements))
	}
	if len(elements) == 0 || len(elements) != len(e.Centroid) {
		return fmt.Errorf("column %q: a vector has not the %d numbers (at most %d) of the one before", d.Column, len(e.Centroid), derive.MaxDimensions)
	}
	e.Count++
	for i, x := range elements {
		e.Centroid[i] += (x - e.Centroid[i]) / float64(e.Count)
	}
	return nil
}

// embedding returns the centroid, nil where there is none.
func (d *deriver) embedding() *profile.Embedding {
	if d.centroid == nil || d.centroid.Count == 0 {
		return nil
	}
	return d.centroid
}

// profile returns a column for each feature.
func (d *deriver) profile(rows uint64, o Options) ([]*profile.Column, error) {
	var out []*profile.Column
	for i := range d.Features {
		f := &d.Features[i]
		if f.Measure == derive.Centroid {
			continue
		}
		if d.present > 0 && len(d.values[i]) == 0 {
			return nil, fmt.Errorf("column %q has no value of which %s can be derived", d.Column, f.Name)
		}
		out = append(out, profile.NewNumeric(f.Name, d.values[i], rows-uint64(len(d.values[i])), o.Bins))
	}
	return out, nil
}
