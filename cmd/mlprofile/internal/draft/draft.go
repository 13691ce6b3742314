// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package draft makes a data contract as a person would write it: checks are added one by one and
// become the YAML of a card, checks that ask the same of several features as one entry.
//
// What a card cannot say is kept by name with the reason (Left), what it says differently too
// (Notes).
package draft

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/otelcol-ml/otelcol-ml/internal/contract"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// The bounds of a card (docs/schema/card.schema.json).
const (
	maxChecks  = 5000
	maxValues  = 10_000
	maxText    = 1024
	maxPattern = 4096
)

// Contract is a contract that is being written.
type Contract struct {
	// Name is what the model may be called; empty if unknown.
	Name string
	// Baseline is the path of a baseline, as the card names it; empty for none.
	Baseline string
	// Severity is that of checks that give none; empty for the card's default.
	Severity string
	// OnlyKnown makes other features violations.
	OnlyKnown bool
	// Stated is the number of things that the source asks for, Carried those of them that the
	// contract has, be it in part.
	Stated, Carried int
	// Left are the things that the contract does not have, Notes those that it has otherwise.
	Left, Notes []Remark

	checks     []Check
	thresholds []threshold
}

// Remark says something of a thing in a file.
type Remark struct{ Name, Text string }

// threshold is one of drift.
type threshold struct {
	feature, statistic string
	value              float64
}

// Check is an entry of a card's contract, in the order of its keys. It asks for one thing.
type Check struct {
	Name          string   `yaml:"name,omitempty"`
	Feature       string   `yaml:"feature,omitempty"`
	Features      []string `yaml:"features,omitempty"`
	Types         types    `yaml:"type,omitempty"`
	Required      bool     `yaml:"required,omitempty"`
	NotMissing    bool     `yaml:"not_missing,omitempty"`
	Statistic     string   `yaml:"statistic,omitempty"`
	Quantile      *float64 `yaml:"quantile,omitempty"`
	Min           *float64 `yaml:"min,omitempty"`
	Above         *float64 `yaml:"above,omitempty"`
	Max           *float64 `yaml:"max,omitempty"`
	Below         *float64 `yaml:"below,omitempty"`
	ComparedWith  string   `yaml:"compared_with,omitempty"`
	MaxIncrease   *float64 `yaml:"max_increase,omitempty"`
	MaxDecrease   *float64 `yaml:"max_decrease,omitempty"`
	Values        []any    `yaml:"values,omitempty"`
	NotValues     []any    `yaml:"not_values,omitempty"`
	Pattern       string   `yaml:"pattern,omitempty"`
	NotPattern    string   `yaml:"not_pattern,omitempty"`
	MinLength     *int64   `yaml:"min_length,omitempty"`
	MaxLength     *int64   `yaml:"max_length,omitempty"`
	Age           string   `yaml:"max_age,omitempty"`
	Condition     string   `yaml:"condition,omitempty"`
	JSONSchema    any      `yaml:"json_schema,omitempty"`
	MaxMissing    *float64 `yaml:"max_missing,omitempty"`
	MaxUnseen     *float64 `yaml:"max_unseen,omitempty"`
	MaxViolations float64  `yaml:"max_violations,omitempty"`
	Severity      string   `yaml:"severity,omitempty"`
	Description   string   `yaml:"description,omitempty"`
}

// types are written as one word where there is one.
type types []string

// MarshalYAML returns the word, or the list.
func (t types) MarshalYAML() (any, error) {
	if len(t) == 1 {
		return t[0], nil
	}
	return []string(t), nil
}

// kind is what the card calls the check if it has no name.
func (c *Check) kind() string {
	switch {
	case c.Statistic != "":
		return c.Statistic
	case c.Min != nil, c.Max != nil, c.Above != nil, c.Below != nil:
		return string(contract.Range)
	case len(c.Types) > 0:
		return string(contract.Type)
	case c.Required:
		return string(contract.Required)
	case c.NotMissing:
		return string(contract.NotMissing)
	case c.Values != nil:
		return string(contract.Values)
	case c.NotValues != nil:
		return string(contract.NotValues)
	case c.Pattern != "":
		return string(contract.Matches)
	case c.NotPattern != "":
		return string(contract.NotMatches)
	case c.MinLength != nil, c.MaxLength != nil:
		return string(contract.Length)
	case c.Age != "":
		return string(contract.Freshness)
	case c.Condition != "":
		return string(contract.Condition)
	case c.JSONSchema != nil:
		return string(contract.JSONSchema)
	case c.MaxMissing != nil:
		return contract.Missing
	case c.MaxUnseen != nil:
		return contract.Unseen
	}
	return ""
}

// Add adds a check, or returns why a card cannot have it.
func (c *Contract) Add(check Check) (refused string) {
	if check.Feature == "" && check.Condition == "" && check.Statistic != contract.Rows {
		return "it names no column"
	}
	if reason := check.tidy(); reason != "" {
		return reason
	}
	if len(c.checks) >= maxChecks {
		return fmt.Sprintf("a card has at most %d checks", maxChecks)
	}
	c.checks = append(c.checks, check)
	return ""
}

// tidy makes of a check what a card allows, or says why not.
func (c *Check) tidy() string {
	if reason := badText(c.Feature); reason != "" {
		return "the column's name " + reason
	}
	for _, bound := range []*float64{c.Min, c.Max, c.Above, c.Below, c.Quantile, c.MaxMissing, c.MaxUnseen, c.MaxIncrease, c.MaxDecrease, &c.MaxViolations} {
		if bound != nil && (math.IsNaN(*bound) || math.IsInf(*bound, 0)) {
			return "a bound is not finite"
		}
	}
	for _, share := range []*float64{c.Quantile, c.MaxMissing, c.MaxUnseen, c.MaxDecrease, &c.MaxViolations} {
		if share != nil && (*share < 0 || *share > 1) {
			return "a share is not between 0 and 1"
		}
	}
	if c.noneBetween() {
		return "no number is between its bounds"
	}
	if c.MinLength != nil && *c.MinLength < 0 || c.MaxLength != nil && *c.MaxLength < 0 || c.MinLength != nil && c.MaxLength != nil && *c.MinLength > *c.MaxLength {
		return "no length is between its bounds"
	}
	for _, pattern := range []string{c.Pattern, c.NotPattern} {
		if len(pattern) > maxPattern {
			return fmt.Sprintf("its pattern has more than %d bytes", maxPattern)
		}
		if reason := badUTF8(pattern); reason != "" {
			return "its pattern " + reason
		}
		if _, err := regexp.Compile(pattern); err != nil {
			return "its pattern is none in RE2: " + strings.TrimPrefix(err.Error(), "error parsing regexp: ")
		}
	}
	if len(c.Condition) > maxPattern {
		return fmt.Sprintf("the condition has more than %d bytes", maxPattern)
	}
	c.Description = clip(c.Description)
	var reason string
	if c.Values, reason = once(c.Values); reason == "" {
		c.NotValues, reason = once(c.NotValues)
	}
	return reason
}

func (c *Check) noneBetween() bool {
	low, high, open := c.Min, c.Max, c.Above != nil || c.Below != nil
	if c.Above != nil {
		low = c.Above
	}
	if c.Below != nil {
		high = c.Below
	}
	return low != nil && high != nil && (*low > *high || open && *low == *high)
}

// once leaves out values that are there twice: as a card compares them, and as JSON schemas do.
func once(values []any) ([]any, string) {
	if len(values) > maxValues {
		return nil, fmt.Sprintf("it has more than %d values", maxValues)
	}
	seen := make(map[string]bool, len(values))
	var out []any
	for _, v := range values {
		category, ok := spelt(v)
		if !ok {
			return nil, fmt.Sprintf("%v is no text, number, true or false", v)
		}
		if s, ok := v.(string); ok {
			if reason := badUTF8(s); reason != "" {
				return nil, "a value " + reason
			}
		}
		if !seen[category] {
			seen[category] = true
			out = append(out, v)
		}
	}
	return out, ""
}

func spelt(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return value.Category(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return value.FormatFloat(v), !math.IsNaN(v) && !math.IsInf(v, 0)
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

func badText(s string) string {
	if len(s) > maxText {
		return fmt.Sprintf("has more than %d bytes", maxText)
	}
	return badUTF8(s)
}

func badUTF8(s string) string {
	if !utf8.ValidString(s) {
		return "is not UTF-8"
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r == utf8.RuneError || r == 0 }) {
		return "has a character that YAML does not have"
	}
	return ""
}

func clip(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")
	for len(s) > maxText {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s
}

// Threshold sets the effect from which a statistic speaks of drift of a feature, or returns why a card
// cannot have it.
func (c *Contract) Threshold(feature, statistic string, v float64) (refused string) {
	if reason := badText(feature); reason != "" || feature == "" {
		return "the column's name " + reason
	}
	if !(v >= 0) || math.IsInf(v, 0) {
		return "a threshold is from 0 on"
	}
	if slices.ContainsFunc(c.thresholds, func(t threshold) bool { return t.feature == feature && t.statistic == statistic }) {
		return "a card has one threshold of a feature and statistic"
	}
	c.thresholds = append(c.thresholds, threshold{feature, statistic, v})
	return ""
}

// Leave notes what the contract does not have.
func (c *Contract) Leave(name, format string, args ...any) {
	c.Left = append(c.Left, Remark{name, fmt.Sprintf(format, args...)})
}

// Note notes what the contract has otherwise than the source.
func (c *Contract) Note(name, format string, args ...any) {
	c.Notes = append(c.Notes, Remark{name, fmt.Sprintf(format, args...)})
}

// Checks is the number of checks, and of thresholds of drift.
func (c *Contract) Checks() (checks, thresholds int) { return len(c.checks), len(c.thresholds) }
