// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/cmd/internal/dataflags"
	"github.com/otelcol-ml/otelcol-ml/internal/stream"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// standardInput is the name of the file that is standard input.
const standardInput = "-"

// streamFlags are the flags of stream.
type streamFlags struct {
	input               dataflags.Input
	spans               spanFlags
	column, label       string
	timestamp           string
	detector            string
	options             []string
	warnings, estimates bool
	json, list          bool
}

// streamRun is one file that is read.
type streamRun struct {
	*streamFlags

	watched    *stream.Detector
	parameters map[string]float64
	printer    streamPrinter
	// warned is true where the last value was one of a warning, last the time of its row.
	warned bool
	last   time.Time
	// rows are those of the file, values what the detector was given, missing rows without one, and
	// unordered rows that are earlier than the one before.
	rows, values, missing, unordered int64
}

func newStream() *cobra.Command {
	var f streamFlags
	cmd := &cobra.Command{
		Use:   "stream FILE --column C --detector D",
		Short: "Find the rows at which a column of a file changes",
		Long: `stream gives the values of a column to a change detector, row by row in the order of the file, and prints each row at which it sees a change,
with the mean before and after. There is no reference and no window of time: the detectors of ml_summary, which docs/detectors.md compares.

With --label, the stream is the error: 1 where the column is another than the label's, 0 where both are equal. A row without a value is passed
over and counted. FILE may be -, standard input, in the format that --format names: changes are printed as they come.

Detectors take values for independent. Rows that follow the hour, or that come in runs, are changes to them.`,
		Example: `  mlprofile stream today.csv --column score --timestamp at
  mlprofile stream today.csv --column prediction --label y --detector ddm --warnings
  mlprofile stream today.parquet --column amount --detector adwin --option min=0 --option max=5000 --option delta=1e-6
  tail -f scores.jsonl | mlprofile stream - --format jsonl --column score --detector adwin@river
  mlprofile stream --list`,
		Args: func(cmd *cobra.Command, args []string) error {
			if f.list {
				return cobra.NoArgs(cmd, args)
			}
			return cobra.ExactArgs(1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.list {
				return listDetectors(cmd.OutOrStdout())
			}
			return (&streamRun{streamFlags: &f}).run(cmd.Context(), args[0], cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	f.register(cmd.Flags())
	cmd.MarkFlagsOneRequired("column", "list")
	return cmd
}

func (f *streamFlags) register(s *pflag.FlagSet) {
	s.StringVar(&f.column, "column", "", "column of the values")
	s.StringVar(&f.label, "label", "", "column of the right answers: the stream is 1 where the column is another, 0 where it is not")
	s.StringVar(&f.detector, "detector", "adwin", strings.Join(stream.Names(), ", "))
	s.StringArrayVar(&f.options, "option", nil, "PARAMETER=NUMBER of the detector (repeatable); --list shows them")
	s.StringVar(&f.timestamp, "timestamp", "", "column of the row's time, which is printed; spans have one")
	s.BoolVar(&f.warnings, "warnings", false, "print the first value of each warning, too")
	s.BoolVar(&f.estimates, "estimates", false, "print the mean that the detector has after each row; in JSON, a list")
	s.BoolVar(&f.json, "json", false, "print JSON")
	s.BoolVar(&f.list, "list", false, "print the detectors and their parameters")
	f.input.Register(s)
	f.spans.register(s)
}

// validate makes the detector.
func (r *streamRun) validate(path string) (table.Options, error) {
	o, err := r.input.Options()
	errs := []error{err}
	if r.column == "" {
		errs = append(errs, errors.New("--column: which column is to be watched?"))
	}
	if path == standardInput && o.Format == "" {
		errs = append(errs, fmt.Errorf("--format: standard input has to be said to be %s or %s", table.CSV, table.JSONLines))
	}
	r.parameters = map[string]float64{}
	for _, option := range r.options {
		name, value, ok := strings.Cut(option, "=")
		v, err := strconv.ParseFloat(value, 64)
		if !ok || err != nil || name == "" {
			errs = append(errs, fmt.Errorf("--option: %q is not PARAMETER=NUMBER", option))
			continue
		}
		if _, twice := r.parameters[name]; twice {
			errs = append(errs, fmt.Errorf("--option: %s is given twice", name))
		}
		r.parameters[name] = v
	}
	if r.watched, err = stream.New(r.detector, r.parameters); err != nil {
		errs = append(errs, fmt.Errorf("--detector: %w", err))
	}
	return o, errors.Join(errs...)
}

func (r *streamRun) run(ctx context.Context, path string, stdin io.Reader, w io.Writer) error {
	o, err := r.validate(path)
	if err != nil {
		return err
	}
	in, err := r.open(ctx, path, stdin, o)
	if err != nil {
		return err
	}
	defer in.Close()
	r.printer = newStreamPrinter(r, w)
	if err := r.read(ctx, in); err != nil {
		return err
	}
	return r.printer.end()
}

// open opens a file whose columns are known, or standard input.
func (r *streamRun) open(ctx context.Context, path string, stdin io.Reader, o table.Options) (*table.Reader, error) {
	if path == standardInput {
		return table.Read(stdin, "standard input", o)
	}
	r.spans.use(&o)
	schema, err := table.Infer(ctx, []string{path}, o)
	if err != nil {
		return nil, err
	}
	if schema.Column(columnTime) != nil && r.timestamp == "" {
		r.timestamp = columnTime
	}
	var errs []error
	for _, name := range []string{r.column, r.label, r.timestamp} {
		if name != "" && schema.Column(name) == nil {
			errs = append(errs, fmt.Errorf("%s: there is no column %q", path, name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if r.label == "" {
		schema.Column(r.column).AsNumbers()
	}
	if r.timestamp != "" {
		if err := schema.Column(r.timestamp).AsTimestamp(); err != nil {
			return nil, fmt.Errorf("--timestamp: %s: column %q: %w", path, r.timestamp, err)
		}
	}
	return schema.Open(path)
}

func (r *streamRun) read(ctx context.Context, in *table.Reader) error {
	var row []table.Cell
	var err error
	for {
		if r.rows%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if row, err = in.Next(row); err != nil {
			if errors.Is(err, io.EOF) {
				return r.known(in)
			}
			return err
		}
		r.rows++
		if err := r.take(row, in.Columns()); err != nil {
			return fmt.Errorf("%s: %w", in.Where(), err)
		}
	}
}

// known is an error where the rows had no such column: those of standard input are not known before.
func (r *streamRun) known(in *table.Reader) error {
	for _, name := range []string{r.column, r.label, r.timestamp} {
		if name != "" && r.rows > 0 && !slices.Contains(in.Columns(), name) {
			return fmt.Errorf("%s: there is no column %q", in.Where(), name)
		}
	}
	return nil
}

// take gives the value of a row to the detector.
func (r *streamRun) take(row []table.Cell, columns []string) error {
	cell := func(name string) table.Cell {
		if i := slices.Index(columns, name); i >= 0 && i < len(row) && name != "" {
			return row[i]
		}
		return table.Cell{}
	}
	x, ok, err := r.value(cell(r.column), cell(r.label))
	if err != nil {
		return err
	}
	if !ok {
		r.missing++
		return nil
	}
	at, err := r.time(cell(r.timestamp))
	if err != nil {
		return err
	}
	c, ok := r.watched.Add(x)
	if !ok {
		return r.refused(x)
	}
	r.values++
	return r.print(c, at)
}

// value is the number of a row; ok is false where it is missing.
func (r *streamRun) value(c, label table.Cell) (x float64, ok bool, err error) {
	if c.Kind == table.Missing || r.label != "" && label.Kind == table.Missing {
		return 0, false, nil
	}
	if r.label != "" {
		if c.Category() != label.Category() {
			x = 1
		}
		return x, true, nil
	}
	x, ok = c.Number()
	switch {
	case ok:
		return x, x-x == 0, nil
	case table.MeansMissing(c.Text):
		return 0, false, nil
	}
	return 0, false, fmt.Errorf("column %q: %q is not a number; if it means missing, name it in --null", r.column, c.Category())
}

// refused says which values the detector takes.
func (r *streamRun) refused(x float64) error {
	takes := "takes " + stream.Domain(r.detector)
	if stream.Bounded(r.detector) {
		takes += ": give the range of the column by --option min=NUMBER and --option max=NUMBER"
	}
	return fmt.Errorf("column %q: %v: %s %s", r.column, x, r.detector, takes)
}

// time is that of a row, and takes note of rows that are not in its order.
func (r *streamRun) time(c table.Cell) (time.Time, error) {
	if r.timestamp == "" || c.Kind == table.Missing {
		return time.Time{}, nil
	}
	at, ok := c.Instant()
	if !ok {
		return at, fmt.Errorf("column %q: %q is not a point in time", r.timestamp, c.Category())
	}
	if at.Before(r.last) {
		r.unordered++
	}
	r.last = at
	return at, nil
}

// print prints what a row shows.
func (r *streamRun) print(c stream.Change, at time.Time) error {
	begins := c.Level == stream.Warning && !r.warned
	r.warned = c.Level == stream.Warning
	if r.estimates {
		if err := r.printer.estimate(r.rows, r.watched.Estimate()); err != nil {
			return err
		}
	}
	if c.Level == stream.Drift || begins && r.warnings {
		return r.printer.change(r.rows, at, c)
	}
	return nil
}

// notes say what is odd about the rows.
func (r *streamRun) notes() (lines []string) {
	if r.missing > 0 {
		lines = append(lines, "without a value, and passed over: "+console.Plural(r.missing, "row"))
	}
	if r.unordered > 0 {
		lines = append(lines, "earlier than the row before: "+console.Plural(r.unordered, "row")+"; the order of the file is that of the stream")
	}
	return append(lines, r.spans.notes()...)
}

// listDetectors prints the detectors with their parameters.
func listDetectors(w io.Writer) error {
	t := console.NewTable("detector|", "takes|", "parameter|", "default", "meaning|")
	for _, name := range stream.Names() {
		first, takes := name, stream.Domain(name)
		for _, p := range stream.Parameters(name) {
			t.Row(first, takes, p.Name, strconv.FormatFloat(p.Default, 'g', -1, 64), p.Meaning)
			first, takes = "", ""
		}
	}
	return t.Write(w, "")
}
