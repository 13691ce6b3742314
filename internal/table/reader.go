// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/boundedfile"
)

// Reader gives the rows of a file. It is not safe for concurrent use.
type Reader struct {
	path    string
	src     source
	null    []string
	closers []io.Closer
	notes   []string
	// delimiter is that of a CSV file.
	delimiter rune
	// schema is set where cells are read by it, into which places their columns are.
	schema *Schema
	places []*Column
}

// source is one format.
type source interface {
	// next appends the cells of the next row to dst, in the order of columns(), or returns io.EOF.
	next(dst []Cell) ([]Cell, error)
	// columns may grow with each row.
	columns() []string
	// position says where the last row was: "12" is a line, "row 12" a row.
	position() string
	// skipped are the columns that are not scalars.
	skipped() []string
}

// Open opens a file for reading; the caller closes the Reader.
func Open(path string, o Options) (*Reader, error) {
	format, packed, err := o.formatOf(path)
	if err != nil {
		return nil, err
	}
	if o.maxLine == 0 {
		o.maxLine = defaultMaxLine
	}
	open := os.Open // a person may name a pipe
	if format == Parquet {
		open = boundedfile.Open // its end is read first
	}
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	r := &Reader{path: path, null: o.Null, closers: []io.Closer{f}}
	if err := r.start(f, format, packed, o); err != nil {
		_ = r.Close()
		return nil, err
	}
	return r, nil
}

// Read reads CSV or JSON lines from in, of which the Options name the format. The name is that of the
// file in errors; the Reader does not close in. Cells are those of Open: without a schema.
func Read(in io.Reader, name string, o Options) (*Reader, error) {
	if o.Format != CSV && o.Format != JSONLines {
		return nil, fmt.Errorf("%s: format %q cannot be read from a stream: %s and %s can", name, o.Format, CSV, JSONLines)
	}
	if o.maxLine == 0 {
		o.maxLine = defaultMaxLine
	}
	r := &Reader{path: name, null: o.Null}
	if err := r.startText(in, o.Format, o); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Reader) start(f *os.File, format Format, packed bool, o Options) (err error) {
	if format == Parquet {
		info, err := f.Stat()
		if err != nil {
			return err
		}
		p, err := newParquetSource(f, info.Size())
		if err != nil {
			return fmt.Errorf("%s: %w", r.path, err)
		}
		r.src = p
		r.closers = append(r.closers, p)
		return nil
	}
	var in io.Reader = f
	if packed {
		z, err := gzip.NewReader(bufio.NewReaderSize(f, 1<<16))
		if err != nil {
			return fmt.Errorf("%s: %w", r.path, err)
		}
		r.closers = append(r.closers, z)
		in = z
	}
	return r.startText(in, format, o)
}

// startText starts to read a text file.
func (r *Reader) startText(in io.Reader, format Format, o Options) error {
	text, converted, err := decodeText(in, o.Encoding)
	if err != nil {
		return fmt.Errorf("%s: %w", r.path, err)
	}
	if converted != "" && o.Encoding == "" {
		r.notes = append(r.notes, fmt.Sprintf("%s: %s, read as such (--encoding)", r.path, strings.ToUpper(converted)))
	}
	if format == Traces || format == JSONLines && o.Spans != nil && looksLikeTraces(text) {
		if o.Spans == nil {
			return fmt.Errorf("%s: prediction spans cannot be read here", r.path)
		}
		r.src = newSpanSource(text, o.Spans())
		return nil
	}
	if format == JSONLines {
		r.src = newJSONSource(text, converted, o)
		return nil
	}
	if r.delimiter = o.Delimiter; r.delimiter == 0 {
		usual := ','
		if strings.HasSuffix(strings.TrimSuffix(strings.ToLower(r.path), ".gz"), ".tsv") {
			usual = '\t'
		}
		head, err := text.Peek(headSize)
		if r.delimiter = guessDelimiter(head, err != nil, usual); r.delimiter != usual {
			r.notes = append(r.notes, fmt.Sprintf("%s: cells are separated by %q (--delimiter)", r.path, r.delimiter))
		}
	}
	if r.src, err = newCSVSource(text, converted, r.delimiter, o.maxLine); err != nil {
		return r.wrap(err)
	}
	return nil
}

// Columns are the names of the cells of the last row. A file of JSON lines may add names at the end
// with every row.
func (r *Reader) Columns() []string { return r.src.columns() }

// Delimiter is what separates the cells of a CSV file.
func (r *Reader) Delimiter() rune { return r.delimiter }

// Skipped are columns that were left out because their values are lists.
func (r *Reader) Skipped() []string { return r.src.skipped() }

// Next reads the next row into dst, which may be nil, and returns it; a cell for each of Columns.
// At the end it returns io.EOF.
func (r *Reader) Next(dst []Cell) ([]Cell, error) {
	row, err := r.src.next(dst[:0])
	if err != nil {
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		return nil, r.wrap(err)
	}
	if len(r.null) > 0 {
		for i := range row {
			if (row[i].Kind == Text || row[i].Kind == String) && slices.Contains(r.null, row[i].Text) {
				row[i] = Cell{}
			}
		}
	}
	if r.schema != nil {
		for _, name := range r.Columns()[len(r.places):] {
			r.places = append(r.places, r.schema.Column(name))
		}
		for i := range row {
			if c := r.places[i]; c != nil && row[i].Kind != Missing {
				row[i] = c.read(row[i])
			}
		}
	}
	return row, nil
}

// Where names the file and the line (or row) that Next read last, for errors about its content.
func (r *Reader) Where() string { return r.path + ":" + r.src.position() }

func (r *Reader) wrap(err error) error { return fmt.Errorf("%s: %w", r.Where(), err) }

// Close closes the file.
func (r *Reader) Close() error {
	var errs []error
	for _, c := range slices.Backward(r.closers) {
		errs = append(errs, c.Close())
	}
	r.closers = nil
	return errors.Join(errs...)
}
