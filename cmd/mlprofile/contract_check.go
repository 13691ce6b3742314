// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/cmd/internal/dataflags"
	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/verify"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// contractCheckFlags are the flags of contract check.
type contractCheckFlags struct {
	input                                 dataflags.Input
	card, model, environment, at, junitTo string
	exclude                               []string
	json                                  bool
}

func newContractCheck() *cobra.Command {
	var f contractCheckFlags
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Check a data file by the contract of a card",
		Long: `check makes a prediction of each row of a CSV, JSON lines or Parquet file, a feature a column, and checks it as ml_contract does; statistics are those of
the whole file, exactly. The status is 0 where no check is violated, 1 where one is, and 2 where the file or the card cannot be read. A check with
max_violations is violated above that share of rows. What cannot be asked of a file is said to be not checked, with the reason.`,
		Example: `  mlprofile contract check today.csv --card catalog/fraud.yaml
  mlprofile contract check today.parquet --card catalog/models.yaml --model fraud --junit contract.xml`,
		Args: func(cmd *cobra.Command, args []string) error { return failed(cobra.ExactArgs(1)(cmd, args)) },
		RunE: func(cmd *cobra.Command, args []string) error {
			report, err := f.check(cmd.Context(), args[0])
			if err != nil {
				return failed(err)
			}
			if err := f.write(cmd.OutOrStdout(), report); err != nil {
				return failed(err)
			}
			if report.Violated() {
				return &console.StatusError{Status: statusDrift}
			}
			return nil
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return failed(err) })
	s := cmd.Flags()
	s.StringVar(&f.card, "card", "", "file with the card of the model")
	s.StringVar(&f.model, "model", "", "the model, where the file has cards of several")
	s.StringVar(&f.environment, "environment", "", "the environment, where the file has cards of several")
	s.StringSliceVar(&f.exclude, "exclude", nil, "columns that are no features, such as an id or the label")
	s.StringVar(&f.at, "at", "", "the time up to which ages are counted; now if not given")
	s.StringVar(&f.junitTo, "junit", "", "file to write as JUnit XML, too: a test case a check")
	s.BoolVar(&f.json, "json", false, "print all there is as JSON")
	f.input.Register(s)
	return cmd
}

// check reads the card and checks the file.
func (f *contractCheckFlags) check(ctx context.Context, path string) (*verify.Report, error) {
	o, err := f.input.Options()
	at := now()
	if f.at != "" {
		t, atErr := dataflags.ParseTime("at", f.at)
		at, err = t, errors.Join(err, atErr)
	}
	if f.card == "" {
		err = errors.Join(err, errors.New("--card: names no file"))
	}
	if o.Format == table.Traces {
		err = errors.Join(err, errors.New("--format: spans are checked by the ml_contract processor"))
	}
	if err != nil {
		return nil, err
	}
	model, err := f.findModel()
	if err != nil {
		return nil, err
	}
	return verify.Run(ctx, path, model, verify.Options{Table: o, Exclude: f.exclude, Now: at})
}

// findModel returns the card of the model, which has a contract.
func (f *contractCheckFlags) findModel() (*catalog.Model, error) {
	set, err := catalog.LoadFile(f.card)
	if err != nil {
		return nil, err
	}
	var model *catalog.Model
	var names []string
	for _, m := range set.Models {
		names = append(names, m.Name)
	}
	switch {
	case f.model != "":
		if model = set.Model(f.environment, f.model); model == nil {
			return nil, fmt.Errorf("--model: %s has no card of %q, but of %s", f.card, f.model, strings.Join(names, ", "))
		}
	case len(set.Models) == 1:
		model = set.Models[0]
	default:
		return nil, fmt.Errorf("%s has cards of %d models: name one with --model: %s", f.card, len(names), strings.Join(names, ", "))
	}
	if model.Contract == nil {
		return nil, fmt.Errorf("%s: the card of %s has no contract, and no checks at its features", f.card, model.Name)
	}
	return model, nil
}

func (f *contractCheckFlags) write(w io.Writer, r *verify.Report) error {
	if f.junitTo != "" {
		if err := replaceFile(f.junitTo, func(w io.Writer) error { return r.WriteJUnit(w, now()) }); err != nil {
			return err
		}
	}
	if f.json {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	return printContract(w, r)
}

var verdictWords = map[string]string{verify.OK: "ok", verify.Violated: "VIOLATED", verify.NotChecked: "not checked"}

// printContract writes a line a check, and what breaks those that are violated.
func printContract(w io.Writer, r *verify.Report) error {
	t := console.NewTable("check|", "severity|", "expected|", "", "rows", "violations", "share", "tolerance", "first|")
	var left []string
	for _, c := range r.Results {
		name := console.Clean(c.Check, 40)
		if c.Verdict == verify.NotChecked {
			left = append(left, fmt.Sprintf("  %s: %s", name, console.Clean(c.Reason, remarkWidth)))
		}
		cells := []string{name, c.Severity, console.Clean(c.Expected, 50), verdictWords[c.Verdict], "", "", "", "", samples(c)}
		switch {
		case c.Verdict == verify.NotChecked:
		case c.Value != nil:
			cells[4], cells[5] = console.Count(c.Samples), "= "+console.Number(*c.Value)
		default:
			cells[4], cells[5], cells[6] = console.Count(r.Rows), console.Count(c.Violations), console.Percent(c.Share)
			if c.Tolerance > 0 {
				cells[7] = console.Percent(c.Tolerance)
			}
		}
		t.Row(cells...)
	}
	if err := t.Write(w, ""); err != nil {
		return err
	}
	lines := []string{""}
	lines = append(lines, r.Notes...)
	if len(left) > 0 {
		lines = append(append(lines, "not checked:"), left...)
	}
	lines = append(lines, r.Headline())
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// samples are the first rows that break a check.
func samples(c *verify.Result) string {
	if len(c.First) == 0 {
		return ""
	}
	parts := make([]string, len(c.First))
	for i, s := range c.First {
		text := "(missing)"
		if s.Observed != "" {
			text = console.Clean(s.Observed, 30)
		}
		if s.Feature != "" {
			text = console.Clean(s.Feature, 30) + " " + text
		}
		parts[i] = fmt.Sprintf("%s (line %s)", text, s.Line)
	}
	return console.Clean(strings.Join(parts, ", "), 120)
}
