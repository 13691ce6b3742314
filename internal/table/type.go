// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

import (
	"strconv"

	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// Type is what the values of a column have in common.
type Type string

// The types of columns.
const (
	// TypeEmpty is a column without a value.
	TypeEmpty Type = "empty"
	// TypeInteger is integers.
	TypeInteger Type = "integer"
	// TypeNumber is numbers.
	TypeNumber Type = "number"
	// TypeBool is true and false.
	TypeBool Type = "bool"
	// TypeTime is points in time that are not plain numbers.
	TypeTime Type = "time"
	// TypeBytes is bytes that are not text.
	TypeBytes Type = "bytes"
	// TypeString is anything else.
	TypeString Type = "string"
)

// Numeric says whether the values are numbers.
func (t Type) Numeric() bool { return t == TypeInteger || t == TypeNumber }

// Category returns the name of the category that a cell of a column of this type belongs to, the
// same whether the cell comes from a CSV file or, as an attribute of its type, from a span: 1.0 is
// "1" in a numeric column, True is "true" in one of booleans.
func (t Type) Category(c Cell) string {
	if c.Kind == Text {
		switch t {
		case TypeInteger, TypeNumber:
			if i, err := strconv.ParseInt(c.Text, 10, 64); err == nil {
				return strconv.FormatInt(i, 10) // a float64 may not tell it from the next integer
			}
			if v, ok := c.Number(); ok {
				return value.FormatFloat(v)
			}
		case TypeBool:
			if v, ok := c.Boolean(); ok {
				return strconv.FormatBool(v)
			}
		}
	}
	return c.Category()
}
