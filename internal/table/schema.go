// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

// Schema is what Infer found out about a set of files.
type Schema struct {
	// Columns are in the order of the first file, with what later files add at the end.
	Columns []*Column
	Rows    int
	// Skipped are columns of lists, which are left out.
	Skipped []string
	// Notes say, a line each, how the files were read where that was not said: another encoding,
	// another delimiter.
	Notes []string

	index   map[string]*Column
	options Options
}

// Column returns the column with the name, or nil.
func (s *Schema) Column(name string) *Column { return s.index[name] }

// Names returns the names of the columns.
func (s *Schema) Names() []string {
	names := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		names[i] = c.Name
	}
	return names
}
