// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package assessment

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// Labels are the labels of a file of their own, by the id of their prediction.
type Labels struct {
	path   string
	column *table.Column
	byID   map[string]*label
	// rows are those of the file, corrected are those whose id had a label already, of which the
	// later one counts, and withoutID those that belong to nothing.
	rows, corrected, withoutID int
}

type label struct {
	cell table.Cell
	time time.Time
	used bool
}

// ReadLabels reads a file with a label for each id. Of several for one id the one of the latest
// LabelTime counts, or, without that column, the last; one without a value takes the label back.
func ReadLabels(ctx context.Context, path string, o Options) (*Labels, error) {
	f, err := openFile(ctx, path, o.Table)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	id, err := f.column("id", o.ID, usual.id, true)
	if err != nil {
		return nil, err
	}
	name, err := f.column("label", o.Label, usual.label, true)
	if err != nil {
		return nil, err
	}
	when, err := f.column("label-time", o.LabelTime, nil, false)
	if err != nil {
		return nil, err
	}
	l := &Labels{path: path, column: f.schema.Column(name), byID: map[string]*label{}}
	for {
		switch err := f.next(ctx); {
		case errors.Is(err, io.EOF):
			return l, nil
		case err != nil:
			return nil, err
		}
		l.rows++
		key := f.category(id)
		if key == "" {
			l.withoutID++
			continue
		}
		one := &label{cell: f.cell(name)}
		if when != "" {
			t, ok := f.cell(when).Instant()
			if !ok {
				return nil, fmt.Errorf("%s: --label-time: column %q: %q is not a point in time", f.reader.Where(), when, f.category(when))
			}
			one.time = t
		}
		before, twice := l.byID[key]
		if twice {
			l.corrected++
			if one.time.Before(before.time) {
				continue
			}
		}
		l.byID[key] = one
	}
}

// orphans are the labels of which no prediction was read.
func (l *Labels) orphans() (n int) {
	for _, one := range l.byID {
		if !one.used {
			n++
		}
	}
	return n
}
