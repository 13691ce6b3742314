// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package baseline

import (
	"fmt"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// Role is what a column is for.
type Role string

// The roles of columns.
const (
	RoleFeature    Role = "feature"
	RolePrediction Role = "prediction"
	RoleConfidence Role = "confidence"
	RoleTimestamp  Role = "timestamp"
	// RoleLabel and RoleScore are columns of which the calibration is made, and nothing else.
	RoleLabel Role = "label"
	RoleScore Role = "score"
	// RoleNone is a column that is left out.
	RoleNone Role = "left out"
)

// PlannedColumn is what becomes of a column.
type PlannedColumn struct {
	*table.Column
	Role Role
	// As is how its values are compared; empty for a timestamp, label and score, and for what is left
	// out.
	As profile.Type
	// Notes are what a person should know: why it is left out, how its values were read, what is
	// odd about it. What a flag changes names the flag.
	Notes []string
	// Warning says that one of them is odd.
	Warning bool

	excluded, included bool
}

// Note is all notes in one line.
func (c *PlannedColumn) Note() string { return strings.Join(c.Notes, "; ") }

func (c *PlannedColumn) note(format string, args ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, args...))
}

func (c *PlannedColumn) warn(format string, args ...any) {
	c.note(format, args...)
	c.Warning = true
}
