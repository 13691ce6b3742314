// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package contract has the checks of a data contract: what a model's features, or the data of a
// job's stage, must be like. A card has them under contract.
//
// Most checks are of one row: a Checker reads spans and says which rows break which. A check with a
// Statistic is of all rows of a window, or of a file.
package contract

import (
	"cmp"
	"regexp"
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Contract are the checks of a card.
type Contract struct {
	// Checks are in the card's order, those of its features after those of its contract.
	Checks []Check
	// Known are the features that there may be where OnlyKnown is set: those of checks, of the card
	// and of its baselines.
	OnlyKnown bool
	Known     map[string]bool
}

// Kind is what a check asks.
type Kind string

// The kinds of checks of a row.
const (
	// Type asks for a value of one of Types.
	Type Kind = "type"
	// Required asks that the attribute is there, be it empty.
	Required Kind = "required"
	// NotMissing asks for a value: not absent, empty, null or NaN.
	NotMissing Kind = "not_missing"
	// Range asks for a number between Min and Max.
	Range Kind = "range"
	// Values asks for one of Values, NotValues for none of them.
	Values    Kind = "values"
	NotValues Kind = "not_values"
	// Matches asks that Pattern matches, NotMatches that it does not.
	Matches    Kind = "pattern"
	NotMatches Kind = "not_pattern"
	// Length asks for a number of characters, or of elements of a list, between Min and Max.
	Length Kind = "length"
	// Freshness asks that a feature view is no older than Age.
	Freshness Kind = "freshness"
	// Condition asks that an OTTL condition on the span holds. Unless the condition speaks of nil, it is
	// not asked of a row that lacks one of the attributes which it reads.
	Condition Kind = "condition"
	// JSONSchema asks that a map, or JSON in a string, is valid by Schema.
	JSONSchema Kind = "json_schema"
	// SchemaVersion asks that ml.data.schema_version is one of Values.
	SchemaVersion Kind = "schema_version"
	// UnknownFeature asks for no feature but Contract.Known.
	UnknownFeature Kind = "unknown_feature"
)

// External is a check of another tool, which says itself what it expects: Description.
const External Kind = "external"

// Statistic is the kind of a check of many rows; its bounds are Min and Max.
const Statistic Kind = "statistic"

// The statistics.
const (
	Mean     = "mean"
	Median   = "median"
	Quantile = "quantile"
	Stdev    = "stdev" // of the sample, as Great Expectations has it
	Minimum  = "min"
	Maximum  = "max"
	Sum      = "sum"
	// Distinct is the number of different values, DistinctShare that over the number of values.
	Distinct      = "distinct"
	DistinctShare = "distinct_share"
	// Missing is the share of rows without a value, Unseen the share of values that the baseline, or
	// the values of the feature's card, do not have.
	Missing = "missing"
	Unseen  = "unseen"
	// Rows is the number of rows. It needs no feature.
	Rows = "rows"
)

// The severities that have a meaning of their own, highest first. Any other word comes after them.
const (
	Critical = "critical"
	Warning  = "warning"
	Info     = "info"
)

// The types of values.
const (
	Integer   = "integer"
	Number    = "number"
	String    = "string"
	Boolean   = "boolean"
	Array     = "array"
	Object    = "object"
	Timestamp = "timestamp" // RFC 3339
)

// Types are the types of values that a check may ask for.
var Types = []string{Integer, Number, String, Boolean, Array, Object, Timestamp}

// Predicate is a condition on a span. It is safe for concurrent use.
type Predicate interface {
	// Holds evaluates it; the error says why it cannot be.
	Holds(ptrace.ResourceSpans, ptrace.ScopeSpans, ptrace.Span) (bool, error)
}

// Check is one check.
type Check struct {
	Kind Kind
	// Name tells it from other checks of its subject: the kind, or the statistic, if the card gives
	// none.
	Name string
	// Feature or Attribute is what is checked; both are empty where that is the whole row. Stage is
	// that of a job whose spans are checked; empty for all.
	Feature, Attribute, Stage string
	Severity                  string
	Description               string

	// Types are those that are good: an integer is a number, too.
	Types []string
	// Min and Max bound a number, a length or a statistic; nil for no bound. Above and Below say
	// that the bound itself is bad.
	Min, Max     *float64
	Above, Below bool
	// Values are categories, as package value spells them.
	Values    []string
	Pattern   *regexp.Regexp
	Age       time.Duration
	Condition string
	// Predicate evaluates Condition.
	Predicate Predicate
	Schema    *jsonschema.Schema
	// MaxViolations is the share of rows, 0 to 1, that may break a check of rows before a window, or
	// a file, does; 0 for none.
	MaxViolations float64

	// Statistic is what a check of a window bounds; empty for a check of rows. Quantile is 0 to 1.
	Statistic string
	Quantile  float64
	// ComparedWith makes the statistic its change against what it was so long ago: MaxIncrease and
	// MaxDecrease are shares of the earlier value.
	ComparedWith             time.Duration
	MaxIncrease, MaxDecrease *float64

	// Line is where the check begins in the card's file.
	Line int
}

// Subject is what the check is of: the feature or the attribute; empty for the whole row.
func (c *Check) Subject() string { return cmp.Or(c.Feature, c.Attribute) }

// ID is the check's name within its card: subject and name with a dot between, or the name alone.
// Names have no dots: what follows the last dot is the name.
func (c *Check) ID() string {
	if subject := c.Subject(); subject != "" {
		return subject + "." + c.Name
	}
	return c.Name
}

// Find returns the check of a stage, empty for a model, that an ID names: one of the card's, or of
// its features that nobody knows, whose ID has the name of the feature in front.
func (c *Contract) Find(stage, id string) *Check {
	if c == nil {
		return nil
	}
	var found *Check
	for i := range c.Checks {
		check := &c.Checks[i]
		switch {
		case check.Stage != "" && check.Stage != stage:
		case check.ID() == id:
			if check.Stage == stage {
				return check
			}
			found = check
		case check.Kind == UnknownFeature && found == nil && strings.HasSuffix(id, "."+check.Name):
			found = check
		}
	}
	return found
}

// SplitID returns the subject and the name of the check that an ID is of, for those that no card
// has.
func SplitID(id string) (subject, name string) {
	if i := strings.LastIndexByte(id, '.'); i >= 0 {
		return id[:i], id[i+1:]
	}
	return "", id
}

// OfRow is true for a check that a row alone can break.
func (c *Check) OfRow() bool { return c.Statistic == "" }

// Rank orders severities: the lowest number is the highest.
func Rank(severity string) int {
	switch severity {
	case Critical:
		return 0
	case Warning:
		return 1
	case Info:
		return 3
	default:
		return 2
	}
}
