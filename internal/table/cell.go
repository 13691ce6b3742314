// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

import (
	"strconv"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// Kind is what a cell holds.
type Kind uint8

// The kinds of cells.
const (
	// Missing is no value: an empty cell, a null, an absent key.
	Missing Kind = iota
	// Text is the text of a cell of a CSV file, of which the type is not known.
	Text
	// String is a value that is a string in its file.
	String
	// Integer is an integer in Int.
	Integer
	// Number is a number in Float.
	Number
	// Bool is true where Int is 1.
	Bool
	// Time is an instant.
	Time
	// Bytes are not text: a binary column of a Parquet file.
	Bytes
)

// Cell is one value of a row.
type Cell struct {
	Kind  Kind
	Text  string
	Int   int64
	Float float64
	Time  time.Time
}

// Number returns the cell as a number; a boolean is 0 or 1, an instant is seconds since 1970. ok is
// false for what is not one.
func (c Cell) Number() (v float64, ok bool) {
	switch c.Kind {
	case Integer, Bool:
		return float64(c.Int), true
	case Number:
		return c.Float, true
	case Text, String:
		return parseNumber(c.Text)
	case Time:
		return float64(c.Time.UnixNano()) / 1e9, true
	default:
		return 0, false
	}
}

// Category returns the cell as the name of a category, as the collector writes such a value:
// booleans as true and false, numbers in the shortest form. It is empty where the cell is missing.
func (c Cell) Category() string {
	switch c.Kind {
	case Text, String:
		return value.Category(c.Text)
	case Integer:
		return strconv.FormatInt(c.Int, 10)
	case Number:
		return value.FormatFloat(c.Float)
	case Bool:
		return strconv.FormatBool(c.Int != 0)
	case Time:
		return c.Time.UTC().Format(time.RFC3339Nano)
	case Bytes:
		return "(bytes)"
	default:
		return ""
	}
}

// Boolean returns the cell as a boolean; a string is one if it is "true" or "false" in any case.
func (c Cell) Boolean() (v, ok bool) {
	switch c.Kind {
	case Bool:
		return c.Int != 0, true
	case Text:
		return parseBool(c.Text)
	default:
		return false, false
	}
}

// Instant returns the cell as a point in time: RFC 3339, "2006-01-02 15:04:05" with or without a
// fraction, a zone and the time of the day, in UTC where no zone is given; a number counts the
// seconds since 1970, or the milli-, micro- or nanoseconds, by its size.
func (c Cell) Instant() (t time.Time, ok bool) {
	switch c.Kind {
	case Time:
		return c.Time, true
	case Text, String:
		if t, ok := parseTime(c.Text); ok {
			return t, true
		}
		if v, ok := parseNumber(c.Text); ok {
			return unixTime(v)
		}
	case Integer:
		return unixTime(float64(c.Int))
	case Number:
		return unixTime(c.Float)
	}
	return time.Time{}, false
}
