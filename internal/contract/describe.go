// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// maxShownValues is how many values of a set are written out.
const maxShownValues = 10

// Expected says in words what the check asks for, such as "at least 0 and below 100".
func (c *Check) Expected() string {
	switch c.Kind {
	case Type:
		return "type " + strings.Join(c.Types, " or ")
	case Required:
		return "to be there"
	case NotMissing:
		return "a value"
	case Range:
		return c.bounds("")
	case Length:
		return "length " + c.bounds("")
	case Values:
		return "one of " + shown(c.Values)
	case NotValues:
		return "none of " + shown(c.Values)
	case Matches:
		return "matches " + c.Pattern.String()
	case NotMatches:
		return "does not match " + c.Pattern.String()
	case Freshness:
		return "at most " + c.Age.String() + " old"
	case Condition:
		return cmp.Or(c.Description, c.Condition)
	case JSONSchema:
		return "valid by its JSON schema"
	case SchemaVersion:
		return "schema version " + shown(c.Values)
	case UnknownFeature:
		return "no feature that the contract does not know"
	case External:
		return c.Description
	case Statistic:
		return c.statistic()
	}
	return ""
}

func (c *Check) statistic() string {
	name := c.Statistic
	if c.Statistic == Quantile {
		name += " " + value.FormatFloat(c.Quantile)
	}
	if c.ComparedWith == 0 {
		return c.bounds(name + " ")
	}
	var parts []string
	if c.MaxIncrease != nil {
		parts = append(parts, "at most "+percent(*c.MaxIncrease)+" more")
	}
	if c.MaxDecrease != nil {
		parts = append(parts, "at most "+percent(*c.MaxDecrease)+" less")
	}
	return fmt.Sprintf("%s %s than %s before", name, strings.Join(parts, " and "), c.ComparedWith)
}

func percent(share float64) string { return strconv.FormatFloat(100*share, 'g', 6, 64) + " %" }

func (c *Check) bounds(prefix string) string {
	var parts []string
	if c.Min != nil {
		parts = append(parts, choose(c.Above, "above ", "at least ")+value.FormatFloat(*c.Min))
	}
	if c.Max != nil {
		parts = append(parts, choose(c.Below, "below ", "at most ")+value.FormatFloat(*c.Max))
	}
	return prefix + strings.Join(parts, " and ")
}

// maxShown is the most bytes that are shown of a value, or of what another tool says.
const maxShown = 128

// Clip cuts what is shown of a text.
func Clip(s string) string {
	if len(s) <= maxShown {
		return s
	}
	return strings.ToValidUTF8(s[:maxShown], "") + "…"
}

func choose(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

func shown(values []string) string {
	if len(values) <= maxShownValues {
		return strings.Join(values, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(values[:maxShownValues], ", "), len(values)-maxShownValues)
}
