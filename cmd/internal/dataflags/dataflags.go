// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package dataflags holds the flags on data files that the commands share.
package dataflags

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/derive"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// Input are the flags on how to read data files.
type Input struct {
	format, delimiter, encoding, dateOrder string
	decimalComma                           bool
	null                                   []string
	flags                                  *pflag.FlagSet
}

// Register adds the flags.
func (in *Input) Register(f *pflag.FlagSet) {
	f.StringVar(&in.format, "format", "", "csv, jsonl, parquet or traces; by the extension if not given")
	f.StringVar(&in.delimiter, "delimiter", "", "what separates the cells of a CSV file; what the file's first rows show if not given")
	f.StringSliceVar(&in.null, "null", nil, "texts that mean a missing value in all columns, beside the empty one; NA and the like do in columns of numbers without it")
	f.StringVar(&in.encoding, "encoding", "", "encoding of a text file, such as windows-1252; UTF-8, or UTF-16 where that is plain, if not given")
	f.BoolVar(&in.decimalComma, "decimal-comma", false, "whether 18,456 is 18.456 (or, with =false, 18456) where a column does not show it")
	f.StringVar(&in.dateOrder, "date-order", "", "dmy or mdy: what 03/04/2026 begins with where a column does not show it")
	in.flags = f
}

// Options returns what the flags say.
func (in *Input) Options() (table.Options, error) {
	o := table.Options{Format: table.Format(in.format), Null: in.null, Encoding: in.encoding, DateOrder: in.dateOrder}
	if in.flags.Changed("decimal-comma") {
		o.DecimalComma = &in.decimalComma
	}
	var errs []error
	if in.encoding != "" {
		if err := table.ParseEncoding(in.encoding); err != nil {
			errs = append(errs, fmt.Errorf("--encoding: %w", err))
		}
	}
	if in.dateOrder != "" && in.dateOrder != table.OrderDMY && in.dateOrder != table.OrderMDY {
		errs = append(errs, fmt.Errorf("--date-order: %q is neither dmy nor mdy", in.dateOrder))
	}
	if in.delimiter != "" {
		d := strings.ReplaceAll(in.delimiter, `\t`, "\t")
		r, n := utf8.DecodeRuneInString(d)
		if n != len(d) || r == utf8.RuneError || strings.ContainsRune("\"\r\n", r) {
			errs = append(errs, fmt.Errorf("--delimiter: %q is not one character that can separate cells", in.delimiter))
		}
		o.Delimiter = r
	}
	return o, errors.Join(errs...)
}

// Columns are the flags on what the columns are.
type Columns struct {
	Input
	options  baseline.Options
	types    []string
	derived  []string
	from, to string
}

// Register adds the flags.
func (c *Columns) Register(f *pflag.FlagSet) {
	o := &c.options
	f.StringVar(&o.Prediction, "prediction", "", "column of the model's answer")
	f.StringVar(&o.Confidence, "confidence", "", "column of the answer's score, 0 to 1")
	f.StringVar(&o.Timestamp, "timestamp", "", "column of the prediction's time")
	f.StringSliceVar(&o.Features, "features", nil, "feature columns in the order of the model; all others that describe rows if not given")
	f.StringSliceVar(&o.Exclude, "exclude", nil, "columns that are no features")
	f.StringSliceVar(&o.Include, "include", nil, "columns that are features though they do not look it, beside those that do")
	f.StringArrayVar(&c.types, "type", nil, "COLUMN=numeric or COLUMN=categorical, in place of what the values look like (repeatable)")
	f.StringArrayVar(&c.derived, "derive", nil, "ATTRIBUTE#MEASURE=COLUMN: features that ml_summary works out from an attribute, from the column that has its values (repeatable)")
	f.StringVar(&c.from, "from", "", "take rows from this time on")
	f.StringVar(&c.to, "to", "", "take rows before this time")
	c.Input.Register(f)
}

// Options returns what the flags say, with all that is wrong with them.
func (c *Columns) Options() (baseline.Options, error) {
	o := c.options
	var errs [5]error
	o.Table, errs[0] = c.Input.Options()
	o.Types, errs[1] = parseTypes(c.types)
	o.From, errs[2] = ParseTime("from", c.from)
	o.To, errs[3] = ParseTime("to", c.to)
	o.Derived, errs[4] = parseDerived(c.derived)
	for _, d := range o.Derived {
		o.Table.Lists = append(o.Table.Lists, d.Column)
	}
	return o, errors.Join(errs[:]...)
}

// ParseProbabilities reads flags that are CLASS=COLUMN.
func ParseProbabilities(flags []string) (out []baseline.Probability, err error) {
	for _, f := range flags {
		i := strings.LastIndex(f, "=")
		if i < 1 || i == len(f)-1 {
			return nil, fmt.Errorf("--probability: %q is not CLASS=COLUMN", f)
		}
		out = append(out, baseline.Probability{Class: f[:i], Column: f[i+1:]})
	}
	return out, nil
}

func parseTypes(flags []string) (map[string]profile.Type, error) {
	types := map[string]profile.Type{}
	for _, f := range flags {
		i := strings.LastIndex(f, "=")
		if i < 1 {
			return nil, fmt.Errorf("--type: %q is not COLUMN=numeric or COLUMN=categorical", f)
		}
		types[f[:i]] = profile.Type(f[i+1:])
	}
	return types, nil
}

func parseDerived(flags []string) (out []baseline.Derived, err error) {
	for _, f := range flags {
		i := strings.LastIndex(f, "=")
		if i < 1 || i == len(f)-1 {
			return nil, fmt.Errorf("--derive: %q is not ATTRIBUTE#MEASURE=COLUMN", f)
		}
		features, err := derive.Parse(f[:i])
		if err != nil {
			return nil, fmt.Errorf("--derive: %w", err)
		}
		out = append(out, baseline.Derived{Column: f[i+1:], Features: features})
	}
	return out, nil
}

// ParseTime reads the value of a flag that is a point in time; empty is the zero time.
func ParseTime(flag, value string) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	t, ok := table.Cell{Kind: table.Text, Text: value}.Instant()
	if !ok {
		return t, fmt.Errorf("--%s: %q is not a point in time such as 2026-11-01 or 2026-11-01T06:00:00Z", flag, value)
	}
	return t, nil
}
