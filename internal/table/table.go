// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package table reads data files as rows of typed cells: CSV, JSON lines and Parquet, the first two also compressed
// with gzip.
//
// A Reader streams: it holds one row, and no line longer than Options.MaxLine. Errors name the file and the
// line (the row in a Parquet file). Infer reads a file once to find out what its columns are.
package table

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Format is how a file is laid out.
type Format string

// The formats.
const (
	// CSV is comma-separated values with a header line; an empty cell is missing.
	CSV Format = "csv"
	// JSONLines is one JSON object a line; keys of nested objects are joined by dots.
	JSONLines Format = "jsonl"
	// Parquet is Apache Parquet; names in groups are joined by dots.
	Parquet Format = "parquet"
	// Traces is prediction spans in OTLP JSON, a request a line as the collector's file exporter writes them, or one document.
	Traces Format = "traces"
)

// DefaultMaxLine is the size in bytes that a row may have.
const DefaultMaxLine = 16 << 20

// Options say how to read a file. The zero value reads by the file's extension.
type Options struct {
	// Format is the layout; empty means by the extension: .csv, .tsv, .jsonl, .ndjson, .json, .parquet, each but the last
	// also with .gz.
	Format Format
	// Delimiter separates the cells of a CSV file; zero means a comma, or a tab in a .tsv file, or what separates them
	// instead: a semicolon, a tab, a bar.
	Delimiter rune
	// Null are texts that mean a missing value, beside the empty one; they do not apply to Parquet.
	Null []string
	// Encoding is that of a text file (see ParseEncoding); empty means UTF-8, or UTF-16 where that is plain to see.
	Encoding string
	// DecimalComma decides on numbers that can be read both ways: true reads 18,456 as 18.456, false as 18456. Nil leaves it to the
	// rest of the column, then to the delimiter: a decimal comma where cells are separated by semicolons.
	DecimalComma *bool
	// DateOrder is what comes first in dates such as 03/04/2026, OrderDMY or OrderMDY; empty leaves it to the rest of the column.
	DateOrder string
	// Spans makes rows of prediction spans, anew for each time that a file is read; nil where none are expected. Files whose first
	// key is resourceSpans are Traces then.
	Spans func() SpanDecoder
	// MaxLine is the size in bytes that a row of CSV or JSON may have; zero means DefaultMaxLine.
	MaxLine int
}

// The values of Options.DateOrder.
const (
	OrderDMY = "dmy"
	OrderMDY = "mdy"
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
	// skipped are the columns that are no scalars.
	skipped() []string
}

// Open opens a file for reading; the caller closes the Reader.
func Open(path string, o Options) (*Reader, error) {
	format, packed, err := o.formatOf(path)
	if err != nil {
		return nil, err
	}
	if o.MaxLine == 0 {
		o.MaxLine = DefaultMaxLine
	}
	f, err := os.Open(path)
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
		r.src = newJSONSource(text, converted, o.MaxLine)
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
	if r.src, err = newCSVSource(text, converted, r.delimiter, o.MaxLine); err != nil {
		return r.wrap(err)
	}
	return nil
}

func (o Options) formatOf(path string) (f Format, packed bool, err error) {
	name := strings.ToLower(filepath.Base(path))
	name, packed = strings.CutSuffix(name, ".gz")
	f = o.Format
	if f == "" {
		switch filepath.Ext(name) {
		case ".csv", ".tsv", ".txt":
			f = CSV
		case ".jsonl", ".ndjson", ".json":
			f = JSONLines
		case ".parquet", ".pq":
			f = Parquet
		default:
			return "", false, fmt.Errorf("%s: the extension tells no format; name it: %s, %s, %s or %s", path, CSV, JSONLines, Parquet, Traces)
		}
	}
	if !slices.Contains([]Format{CSV, JSONLines, Parquet, Traces}, f) {
		return "", false, fmt.Errorf("format %q is none of %s, %s, %s, %s", f, CSV, JSONLines, Parquet, Traces)
	}
	if packed && f == Parquet {
		return "", false, fmt.Errorf("%s: a Parquet file inside gzip cannot be read", path)
	}
	return f, packed, nil
}

// Columns are the names of the cells of the last row. A file of JSON lines may add names at the end with every row.
func (r *Reader) Columns() []string { return r.src.columns() }

// Skipped are columns that were left out because their values are lists.
func (r *Reader) Skipped() []string { return r.src.skipped() }

// Next reads the next row into dst, which may be nil, and returns it; a cell for each of Columns. At the end it
// returns io.EOF.
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
