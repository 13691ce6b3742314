// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package baseline

import (
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// minIDs is the number of values from which a column in which all differ can be told from one of
// few rows.
const minIDs = 20

// describes says whether a column that was given no role describes rows, and notes why it does not.
func (c *PlannedColumn) describes() bool {
	switch {
	case c.IDLike() && c.Type == table.TypeString && c.SignedNumbers:
		c.note("numbers with a sign, such as %q; --type %s=numeric reads them", c.Example, flagName(c.Name))
	case c.IDLike() && c.Type == table.TypeString:
		c.note("all values differ: an id? --include %s keeps it", flagName(c.Name))
	case c.IDLike():
		c.note("counts upwards or downwards: a row number? --include %s keeps it", flagName(c.Name))
	case c.namedID() && c.Unique && c.Present >= minIDs:
		c.note("all values differ: an id, by its name; --include %s keeps it", flagName(c.Name))
	case c.Type == table.TypeTime:
		c.note("a point in time; --timestamp %s if it is the prediction's", flagName(c.Name))
	case c.Type == table.TypeEmpty && len(c.MeansMissing) > 0:
		c.note("has no values but %s; --type %s=categorical keeps it", texts(c.MeansMissing, false), flagName(c.Name))
	case c.Type == table.TypeEmpty:
		c.note("has no values")
	case c.Type == table.TypeBytes:
		c.note("bytes that are no text")
	default:
		return true
	}
	return false
}

// namedID says that the name of a column of integers is that of an id.
func (c *PlannedColumn) namedID() bool {
	if c.Type != table.TypeInteger {
		return false
	}
	name := strings.ToLower(c.Name)
	for _, id := range []string{"id", "uuid", "guid", "index", "rownum"} {
		if name == id || strings.HasSuffix(name, "_"+id) || strings.HasSuffix(name, "."+id) || strings.HasSuffix(name, "-"+id) {
			return true
		}
	}
	return strings.HasSuffix(c.Name, "Id") || strings.HasSuffix(c.Name, "ID")
}
