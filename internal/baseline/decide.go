// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package baseline

import (
	"strconv"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// maxClasses is the number of integers that a prediction may have to be taken for a class.
const maxClasses = 20

// maxCodes is the number of integers from which on they are hardly codes.
const maxCodes = 12

// decide sets how the values are compared, and what is to be said of it.
func (c *PlannedColumn) decide() {
	switch c.Role {
	case RoleNone, RoleTimestamp, RoleLabel, RoleScore:
		c.As = ""
		return
	}
	overridden := c.As != ""
	if !overridden {
		c.As = profile.Categorical
		if c.Type.Numeric() {
			c.As = profile.Numeric
		}
		if c.Role == RolePrediction && c.Type == table.TypeInteger && c.Distinct <= maxClasses {
			c.As = profile.Categorical
			c.note("%d whole numbers are taken for classes; --type %s=numeric if they are amounts", c.Distinct, flagName(c.Name))
		}
		if c.Type == table.TypeEmpty && c.Role == RoleConfidence {
			c.As = profile.Numeric
		}
	}
	c.spelling()
	if c.Role != RoleFeature {
		if c.Type == table.TypeEmpty {
			c.warn("has no values")
		}
		return
	}
	switch {
	case c.Type == table.TypeEmpty:
		c.warn("has no values")
	case c.Constant():
		c.warn("is constant")
	case c.IDLike():
		c.warn("looks like an id: it will always drift")
	case c.As == profile.Categorical:
		c.categories()
	case !overridden:
		c.numbers()
	}
}

// spelling says how values were read that are not spelt as programs do.
func (c *PlannedColumn) spelling() {
	switch {
	case c.AmbiguousNumbers:
		c.warn("read with commas between thousands, such as %q; --decimal-comma if they stand before decimals", c.Example)
	case c.Numbers != table.Plain:
		c.note("read as numbers such as %s", c.Numbers)
	}
	switch {
	case len(c.MeansMissing) == 0:
	case c.ReadsMissing() && c.Type.Numeric():
		c.note("missing: %s; --type %s=categorical counts them as values", texts(c.MeansMissing, false), flagName(c.Name))
	case c.ReadsMissing():
		c.note("missing: %s", texts(c.MeansMissing, false))
	case c.Type == table.TypeString && c.As == profile.Categorical:
		c.warn("counted as values: %s; --null %s if they mean missing", texts(c.MeansMissing, false), texts(c.MeansMissing, true))
	}
}

// categories says what is odd about a feature of categories.
func (c *PlannedColumn) categories() {
	switch {
	case c.SignedNumbers && c.Type == table.TypeString:
		c.warn("numbers with a sign, such as %q, are categories; --type %s=numeric reads them", c.Example, flagName(c.Name))
		return
	case c.LeadingZero != "":
		c.note("codes such as %q; --type %s=numeric if they are amounts", c.LeadingZero, flagName(c.Name))
	}
	switch {
	case c.Distinct > profile.DefaultMaxCategories && c.Present >= minIDs && c.Distinct*2 > c.Present:
		c.warn("%s categories in %d rows: an id? --exclude %s leaves it out", atLeast(c.Distinct), c.Present, flagName(c.Name))
	case c.Distinct > profile.DefaultMaxCategories:
		c.warn("%s categories; the rare ones are counted as one", atLeast(c.Distinct))
	}
}

// numbers says what is odd about a feature of numbers.
func (c *PlannedColumn) numbers() {
	switch {
	case c.DateDigits:
		c.warn("dates such as %s: they will always drift; --timestamp or --exclude %s", c.Example, flagName(c.Name))
	case c.Type == table.TypeInteger && c.Min >= 1900 && c.Max <= 2100 && c.Distinct > 1:
		c.note("years? they drift as time goes by; --exclude %s leaves them out", flagName(c.Name))
	case c.LongInteger != "":
		c.warn("whole numbers such as %s are above 2^53 and lose digits: ids? --type %s=categorical, or --exclude", c.LongInteger, flagName(c.Name))
	case c.Type == table.TypeInteger && c.Unique && c.Present >= minIDs:
		c.warn("all values differ: an id? --exclude %s leaves it out", flagName(c.Name))
	case c.Type == table.TypeInteger && c.Distinct > 2 && c.Distinct <= maxCodes && c.Present >= 10*c.Distinct:
		c.note("%d whole numbers: codes? --type %s=categorical compares each by itself", c.Distinct, flagName(c.Name))
	case c.Type == table.TypeInteger && c.namedCode():
		c.note("codes, by the name? --type %s=categorical compares each by itself", flagName(c.Name))
	case c.namedID():
		c.warn("an id, by its name: it will always drift; --exclude %s leaves it out", flagName(c.Name))
	case c.digits() >= codeDigits && c.Distinct > maxCodes:
		c.note("all of %d digits: codes, telephone numbers, ids? --type %s=categorical, or --exclude", c.digits(), flagName(c.Name))
	}
}

// codeDigits is the number of digits from which on codes are looked for: postal codes have five.
const codeDigits = 5

// digits is the number of digits of positive integers that all have as many, else 0.
func (c *PlannedColumn) digits() int {
	if c.Type != table.TypeInteger || !(c.Min >= 1) {
		return 0
	}
	low, high := strconv.FormatFloat(c.Min, 'f', 0, 64), strconv.FormatFloat(c.Max, 'f', 0, 64)
	if len(low) != len(high) {
		return 0
	}
	return len(low)
}

// namedCode says that the name of a column is that of a code.
func (c *PlannedColumn) namedCode() bool {
	name := strings.ToLower(c.Name)
	for _, code := range []string{"zip", "postal", "postcode", "plz", "code"} {
		if strings.Contains(name, code) {
			return true
		}
	}
	return false
}
