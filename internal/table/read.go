// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

import (
	"errors"
	"fmt"
	"time"
)

// Open opens a file of the schema. Its cells are what the schema says of their columns: numbers and points in time whatever way they
// are spelt, and missing where a text means that.
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
		if t, ok := c.Dates.parse(cell.Category()); ok {
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

// AsNumbers has a column of texts read as numbers: a percent or a currency's sign is taken off, and what means a missing value is one. What is
// no number then is an error for whoever reads it.
func (c *Column) AsNumbers() {
	if c.Type == TypeString {
		c.Type, c.signed = TypeNumber, c.SignedNumbers
		c.setMissing(true)
	}
}

// AsTexts has texts that mean a missing value elsewhere read as values.
func (c *Column) AsTexts() {
	if c.ReadsMissing() {
		c.setMissing(false)
		c.MeansMissing = nil
	}
}

func (c *Column) setMissing(missing bool) {
	n := 0
	for _, rows := range c.MeansMissing {
		n += rows
	}
	if !missing {
		n = -n
	}
	c.Present, c.Missing = c.Present-n, c.Missing+n
}

// AsTimestamp has the values read as points in time, or says why they are none.
func (c *Column) AsTimestamp() error {
	const layout = "2006-01-02"
	switch {
	case c.Type == TypeTime && c.AmbiguousDates:
		return fmt.Errorf("is the day or the month first in %q? say it by --date-order dmy or mdy", c.Example)
	case c.Type == TypeTime:
		c.timestamp = c.Dates != 0
		return nil
	case c.DateDigits:
		c.timestamp, c.Dates = true, DateDigits
		return nil
	case c.Type == TypeBool:
		return errors.New("true and false are no points in time")
	case !c.Type.Numeric():
		return nil // the first row that is none will be named
	case c.Min >= 1000 && c.Max <= 2200:
		return fmt.Errorf("%g to %g are years, which are no points in time: a column of dates is needed", c.Min, c.Max)
	case c.Min < 0 || c.Max < minSeconds:
		at := func(v float64) string { return time.Unix(int64(v), 0).UTC().Format(layout) }
		return fmt.Errorf("%g to %g are no points in time: as seconds since 1970 they would lie between %s and %s", c.Min, c.Max, at(c.Min), at(c.Max))
	}
	return nil
}

// minSeconds is the first number of seconds since 1970 that is taken for a point in time: in March 1973.
const minSeconds = 1e8
