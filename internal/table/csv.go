// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// errTooLong is wrapped by errors about a row above Options.maxLine.
var errTooLong = errors.New("the row is too long")

// csvSource reads comma-separated values.
type csvSource struct {
	csv    *csv.Reader
	gate   *gate
	names  []string
	line   int
	failed error
	// converted is the encoding that the text was converted from; empty for UTF-8.
	converted string
}

// gate stops a reader that has read too far beyond the last record, so that one open quote does not
// read a file into memory.
type gate struct {
	r           io.Reader
	read, taken int64
	limit       int64
}

func (g *gate) Read(p []byte) (int, error) {
	if g.read-g.taken > g.limit {
		return 0, fmt.Errorf("%w: more than %d bytes (is a quote not closed?)", errTooLong, g.limit)
	}
	n, err := g.r.Read(p)
	g.read += int64(n)
	return n, err
}

func newCSVSource(r io.Reader, converted string, delimiter rune, maxLine int) (*csvSource, error) {
	s := &csvSource{gate: &gate{r: r, limit: int64(maxLine)}, line: 1, converted: converted}
	s.csv = csv.NewReader(s.gate)
	s.csv.Comma = delimiter
	s.csv.ReuseRecord = true
	header, err := s.csv.Read()
	if errors.Is(err, io.EOF) {
		return s, errors.New("the file is empty; a header line is needed")
	}
	if err != nil {
		return s, s.explain(err)
	}
	var errs []error
	seen := map[string]bool{}
	for i, name := range header {
		if err := checkText(name, converted); err != nil {
			return s, fmt.Errorf("the header: %w", err)
		}
		name = strings.TrimSpace(name)
		if name == "" { // the index column of a data frame
			name = "column_" + strconv.Itoa(i+1)
		}
		if seen[name] {
			errs = append(errs, fmt.Errorf("column %q is there twice", name))
		}
		seen[name] = true
		s.names = append(s.names, name)
	}
	return s, errors.Join(errs...)
}

func (s *csvSource) next(dst []Cell) ([]Cell, error) {
	if s.failed != nil {
		return nil, s.failed
	}
	record, err := s.csv.Read()
	s.gate.taken = s.csv.InputOffset()
	if err != nil {
		if errors.Is(err, io.EOF) {
			s.failed = io.EOF
			return nil, io.EOF
		}
		s.failed = s.explain(err)
		return nil, s.failed
	}
	s.line, _ = s.csv.FieldPos(0)
	for i, field := range record {
		if err := checkText(field, s.converted); err != nil {
			s.failed = fmt.Errorf("column %q: %w", s.names[i], err)
			return nil, s.failed
		}
		if field == "" {
			dst = append(dst, Cell{})
		} else {
			dst = append(dst, Cell{Kind: Text, Text: field})
		}
	}
	return dst, nil
}

// explain takes the position out of an error: it stands before it already.
func (s *csvSource) explain(err error) error {
	if p, ok := errors.AsType[*csv.ParseError](err); ok {
		s.line = p.Line
		if errors.Is(p.Err, csv.ErrFieldCount) {
			return fmt.Errorf("the row does not have the header's %d cells", len(s.names))
		}
		return fmt.Errorf("column %d: %w", p.Column, p.Err)
	}
	return err
}

func (s *csvSource) columns() []string { return s.names }
func (s *csvSource) position() string  { return strconv.Itoa(s.line) }
func (*csvSource) skipped() []string   { return nil }
