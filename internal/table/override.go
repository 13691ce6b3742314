// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

import (
	"errors"
	"fmt"
	"time"
)

// AsNumbers has a column of strings read as numbers: a percent or a currency's sign is taken off,
// and what means a missing value is one. What is not a number then is an error for whoever reads
// it.
func (c *Column) AsNumbers() {
	if c.Type == TypeString {
		c.Type, c.signed = TypeNumber, c.SignedNumbers
		c.setMissing(true)
	}
}

// AsTexts has strings that mean a missing value elsewhere read as values.
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

// AsTimestamp has the values read as points in time, or says why they are not.
func (c *Column) AsTimestamp() error {
	const layout = "2006-01-02"
	switch {
	case c.Type == TypeTime && c.ambiguousDates:
		return fmt.Errorf("is the day or the month first in %q? say it by --date-order dmy or mdy", c.Example)
	case c.Type == TypeTime:
		c.timestamp = c.dates != 0
		return nil
	case c.DateDigits:
		c.timestamp, c.dates = true, dateDigits
		return nil
	case c.Type == TypeBool:
		return errors.New("true and false are no points in time")
	case !c.Type.Numeric():
		return nil // the first row that is not one will be named
	case c.Min >= 1000 && c.Max <= 2200:
		return fmt.Errorf("%g to %g are years, which are no points in time: a column of dates is needed", c.Min, c.Max)
	case c.Min < 0 || c.Max < minSeconds:
		at := func(v float64) string { return time.Unix(int64(v), 0).UTC().Format(layout) }
		return fmt.Errorf("%g to %g are no points in time: as seconds since 1970 they would lie between %s and %s", c.Min, c.Max, at(c.Min), at(c.Max))
	}
	return nil
}

// minSeconds is the first number of seconds since 1970 that is taken for a point in time: in March
// 1973.
const minSeconds = 1e8
