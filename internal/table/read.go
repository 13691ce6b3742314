// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

// Open opens a file of the schema. Its cells are what the schema says of their columns: numbers and
// points in time whatever way they are spelt, and missing where a string means that.
func (s *Schema) Open(path string) (*Reader, error) {
	r, err := Open(path, s.options)
	if err != nil {
		return nil, err
	}
	r.schema = s
	return r, nil
}

// read makes of a cell what the column says.
func (c *Column) read(cell Cell) Cell {
	if c.timestamp {
		if cell.Kind == Missing || cell.Kind == Time {
			return cell
		}
		if (cell.Kind == Text || cell.Kind == String) && len(c.MeansMissing) > 0 && MeansMissing(cell.Text) {
			return Cell{}
		}
		if t, ok := c.dates.parse(cell.Category()); ok {
			return Cell{Kind: Time, Time: t}
		}
		return cell
	}
	if cell.Kind != Text && cell.Kind != String || c.Type == TypeString {
		return cell
	}
	if len(c.MeansMissing) > 0 && MeansMissing(cell.Text) {
		return Cell{}
	}
	if c.Numbers == Plain && !c.signed || !c.Type.Numeric() {
		return cell
	}
	text := cell.Text
	var v float64
	var ok bool
	if c.signed {
		if text, ok = stripSign(text); !ok {
			return cell
		}
		if v, ok = ThousandsComma.Parse(text); !ok {
			v, ok = DecimalComma.Parse(text)
		}
	} else {
		v, ok = c.Numbers.Parse(text)
	}
	switch {
	case !ok:
		return cell
	case c.Type == TypeInteger && isWhole(v):
		return Cell{Kind: Integer, Int: int64(v)}
	}
	return Cell{Kind: Number, Float: v}
}
