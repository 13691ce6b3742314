// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package table reads data files as rows of typed cells: CSV, JSON lines and Parquet, the first two
// also compressed with gzip.
//
// A Reader streams: it holds one row, and no line longer than Options.maxLine. Errors name the file
// and the line (the row in a Parquet file). Infer reads a file once to find out what its columns
// are.
package table

import (
	"fmt"
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
	// Traces is prediction spans in OTLP JSON, a request a line as the collector's file exporter
	// writes them, or one document.
	Traces Format = "traces"
)

// defaultMaxLine is the size in bytes that a row may have.
const defaultMaxLine = 16 << 20

// Options say how to read a file. The zero value reads by the file's extension.
type Options struct {
	// Format is the layout; empty means by the extension: .csv, .tsv, .jsonl, .ndjson, .json,
	// .parquet, each but the last also with .gz.
	Format Format
	// Delimiter separates the cells of a CSV file; zero means a comma, or a tab in a .tsv file, or
	// what separates them instead: a semicolon, a tab, a bar.
	Delimiter rune
	// Null are strings that mean a missing value, beside the empty one; they do not apply to
	// Parquet.
	Null []string
	// Encoding is that of a text file (see ParseEncoding); empty means UTF-8, or UTF-16 where that
	// is plain to see.
	Encoding string
	// DecimalComma decides on numbers that can be read both ways: true reads 18,456 as 18.456,
	// false as 18456. Nil leaves it to the rest of the column, then to the delimiter: a decimal
	// comma where cells are separated by semicolons.
	DecimalComma *bool
	// DateOrder is what comes first in dates such as 03/04/2026, OrderDMY or OrderMDY; empty leaves
	// it to the rest of the column.
	DateOrder string
	// Spans makes rows of prediction spans, anew for each time that a file is read; nil where none
	// are expected. Files whose first key is resourceSpans are Traces then.
	Spans func() SpanDecoder
	// Lists are the columns of JSON lines whose arrays are read, as JSON; other arrays are passed
	// over.
	Lists []string
	// maxLine is the size in bytes that a row of CSV or JSON may have; zero means defaultMaxLine.
	maxLine int
}

// The values of Options.DateOrder.
const (
	OrderDMY = "dmy"
	OrderMDY = "mdy"
)

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
