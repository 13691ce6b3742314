// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"fmt"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// place is where a column is in the rows of a file; rows of JSON may bring new columns.
type place struct {
	name string
	kind table.Type
	at   int // -1 where it is not there (yet)
	seen int
}

// newPlace looks for a column; an empty name is nowhere.
func newPlace(schema *table.Schema, name string) *place {
	p := &place{name: name, kind: table.TypeString, at: -1}
	if c := schema.Column(name); c != nil {
		p.kind = c.Type
	}
	return p
}

func (p *place) find(columns []string) {
	for ; p.at < 0 && p.name != "" && p.seen < len(columns); p.seen++ {
		if columns[p.seen] == p.name {
			p.at = p.seen
		}
	}
}

// text returns the cell as a category, "" where it is missing or no finite number.
func (p *place) text(row []table.Cell) string {
	if p.at < 0 || row[p.at].Kind == table.Number && row[p.at].Float-row[p.at].Float != 0 {
		return ""
	}
	return p.kind.Category(row[p.at])
}

// instant returns the cell as a point in time, which must be there where the column is asked for.
func (p *place) instant(row []table.Cell) (time.Time, error) {
	if p.name == "" {
		return time.Time{}, nil
	}
	if p.at >= 0 {
		if t, ok := row[p.at].Instant(); ok {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("column %q: %q is not a point in time", p.name, p.text(row))
}
