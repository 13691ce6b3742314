// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package assessment

import (
	"context"
	"fmt"

	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// file is a data file that is read row by row.
type file struct {
	path   string
	schema *table.Schema
	reader *table.Reader
	row    []table.Cell
	places map[string]int
	rows   int
}

func openFile(ctx context.Context, path string, o table.Options) (*file, error) {
	schema, err := table.Infer(ctx, []string{path}, o)
	if err != nil {
		return nil, err
	}
	return &file{path: path, schema: schema, places: map[string]int{}}, nil
}

// Close closes the file.
func (f *file) Close() error {
	if f.reader == nil {
		return nil
	}
	return f.reader.Close()
}

// column returns the name of a column; empty where it is not needed and not there.
func (f *file) column(flag, wanted string, names []string, needed bool) (string, error) {
	name, err := choose(f.schema, f.path, flag, wanted, names)
	if err == nil && name == "" && needed {
		err = fmt.Errorf("--%s: which column of %s is it? it has %s", flag, f.path, someOf(f.schema.Names()))
	}
	return name, err
}

// next reads a row; io.EOF is the end. What columns are read as is decided before the first.
func (f *file) next(ctx context.Context) (err error) {
	if f.reader == nil {
		if f.reader, err = f.schema.Open(f.path); err != nil {
			return err
		}
	}
	if f.rows%1024 == 0 && ctx.Err() != nil {
		return ctx.Err()
	}
	f.rows++
	if f.row, err = f.reader.Next(f.row); err != nil {
		return err
	}
	for i := len(f.places); i < len(f.reader.Columns()); i++ {
		f.places[f.reader.Columns()[i]] = i
	}
	return nil
}

func (f *file) cell(name string) table.Cell {
	if i, ok := f.places[name]; ok && i < len(f.row) {
		return f.row[i]
	}
	return table.Cell{}
}

// category is the cell's value as the collector writes it; empty where it is missing.
func (f *file) category(name string) string {
	c := f.schema.Column(name)
	if name == "" || c == nil {
		return ""
	}
	return c.Type.Category(f.cell(name))
}
