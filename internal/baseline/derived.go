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

// Measures works features out of the values of one column.
type Measures struct {
	Derived

	vector          derive.Vector
	projections     int
	vectors, scores bool
	centroid        bool // elements are asked for
	cell            table.Cell
	text            derive.Text
}

// NewMeasures returns what works the features of d out.
func NewMeasures(d Derived) *Measures {
	m := &Measures{Derived: d}
	for i := range d.Features {
		switch f := &d.Features[i]; f.Measure {
		case derive.Projection:
			m.vectors, m.projections = true, max(m.projections, f.Index+1)
		case derive.Norm:
			m.vectors = true
		case derive.Centroid:
			m.vectors, m.centroid = true, true
		case derive.Entropy:
			m.vectors, m.scores = true, true
		}
	}
	return m
}

// Read takes a value, which is not missing, in. It is an error where a vector is needed and it is
// no JSON array of numbers.
func (m *Measures) Read(cell table.Cell) error {
	text := cell.Text
	if cell.Kind != table.Text && cell.Kind != table.String {
		text = cell.Category()
	}
	if m.vectors {
		m.vector.Reset(m.projections, m.scores)
		if m.centroid {
			m.vector.Keep()
		}
		if err := m.vector.AddJSON(text); err != nil {
			return fmt.Errorf("column %q: %.40q is no JSON array of numbers: %w", m.Column, text, err)
		}
	}
	m.cell, m.text = cell, derive.NewText(text)
	return nil
}

// Of returns the i-th feature of the value that was read last; false where it has none, as a
// centroid always. It is an error where a number is needed and it is none.
func (m *Measures) Of(i int) (v float64, ok bool, err error) {
	switch f := &m.Features[i]; {
	case f.Measure == derive.Centroid:
		return 0, false, nil
	case f.Measure == derive.Value:
		if v, ok = m.cell.Number(); !ok {
			return 0, false, fmt.Errorf("column %q: %.40q is no number", m.Column, m.cell.Category())
		}
		return v, true, nil
	case f.Measure.OfText():
		v, ok = m.text.Measure(f.Measure)
	default:
		v, ok = m.vector.Measure(f)
	}
	return v, ok, nil
}

// deriver collects the features of one column.
type deriver struct {
	*Measures

	values   [][]float64        // by feature
	centroid *profile.Embedding // nil where none is asked for
	present  uint64
}

func newDerivers(list []Derived) (out []*deriver) {
	for _, d := range list {
		n := &deriver{Measures: NewMeasures(d), values: make([][]float64, len(d.Features))}
		for i := range d.Features {
			if f := &d.Features[i]; f.Measure == derive.Centroid {
				n.centroid = &profile.Embedding{Name: f.Source}
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
	if err := d.Read(cell); err != nil {
		return err
	}
	d.present++
	if err := d.addToCentroid(); err != nil {
		return err
	}
	for i := range d.Features {
		v, ok, err := d.Of(i)
		if err != nil {
			return err
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
