// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

// Column is what Infer found out about a column.
type Column struct {
	Name string
	Type Type
	// Present and Missing are the rows with and without a value; what is not a finite number counts
	// as missing in a numeric column.
	Present, Missing int
	// Distinct is the number of values, at most 10,000.
	Distinct int
	// Unique says that no value came twice among the first 10,000.
	Unique bool
	// increasing and decreasing say that each number is above, or below, the one before.
	increasing, decreasing bool
	// Min and Max bound the numbers of a numeric column.
	Min, Max float64

	// Numbers is how the numbers of a numeric column are spelt.
	Numbers NumberFormat
	// AmbiguousNumbers says that they could be the other format's as well, and other numbers then:
	// 18,456.
	AmbiguousNumbers bool
	// dates is how the points in time are spelt, of a column of points in time.
	dates dateFormat
	// ambiguousDates says that day and month could be the other way round in every one of them.
	ambiguousDates bool
	// DateDigits says that each value is an integer such as 20261130.
	DateDigits bool
	// SignedNumbers says that all are strings that would be numbers without a percent or a
	// currency's sign.
	SignedNumbers bool
	// MeansMissing are rows by strings that mean a missing value elsewhere (see MeansMissing). They
	// are missing values in a column of numbers, booleans or points in time, and values in one of
	// strings.
	MeansMissing map[string]int
	// LeadingZero is a value that would be a number but for the zero it begins with, such as 00123;
	// empty if there is none.
	LeadingZero string
	// LongInteger is an integer that a float64 may not tell from the next one; empty if there is
	// none.
	LongInteger string
	// Example is the first value.
	Example string

	signed    bool // AsNumbers
	timestamp bool // AsTimestamp
}

// ReadsMissing says that strings that mean a missing value elsewhere are read as that.
func (c *Column) ReadsMissing() bool { return len(c.MeansMissing) > 0 && c.Type != TypeString }

// IDLike says that a column tells rows apart instead of describing them: all strings differ, or it
// counts upwards or downwards. A file of fewer than 20 rows does not show it.
func (c *Column) IDLike() bool {
	if c.Present < 20 || !c.Unique {
		return false
	}
	return c.Type == TypeString || c.Type == TypeInteger && (c.increasing || c.decreasing)
}

// Constant says that all values are the same.
func (c *Column) Constant() bool { return c.Distinct == 1 }
