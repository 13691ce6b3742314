// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

func newCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "mlprofile",
		Short: "Baselines of data sets, and how far data has drifted from them",
		Long: `mlprofile makes the baselines that ml_summary and ml_drift compare live traffic with, from CSV, JSON lines or
Parquet files, and computes drift between files with the code that the collector runs.`,
		Example: `  mlprofile build training.csv --prediction label --confidence score -o catalog/fraud.json
  mlprofile show catalog/fraud.json
  mlprofile card catalog/fraud.json --name fraud > catalog/fraud.yaml
  mlprofile score --method psi --reference catalog/fraud.json --current today.csv --column amount`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.CompletionOptions.HiddenDefaultCmd = true
	cmd.AddCommand(newBuild(), newShow(), newCard(), newScore())
	return cmd
}

// input are the flags on how to read data files.
type input struct {
	format, delimiter string
	null              []string
}

func (in *input) register(f *pflag.FlagSet) {
	f.StringVar(&in.format, "format", "", "csv, jsonl or parquet; by the extension if not given")
	f.StringVar(&in.delimiter, "delimiter", "", "what separates the cells of a CSV file; a comma, or a tab in a .tsv file, if not given")
	f.StringSliceVar(&in.null, "null", nil, "texts that mean a missing value, such as NA, beside the empty one")
}

func (in *input) options() (table.Options, error) {
	o := table.Options{Format: table.Format(in.format), Null: in.null}
	if in.delimiter != "" {
		d := strings.ReplaceAll(in.delimiter, `\t`, "\t")
		r, n := utf8.DecodeRuneInString(d)
		if n != len(d) || r == utf8.RuneError || strings.ContainsRune("\"\r\n", r) {
			return o, fmt.Errorf("--delimiter: %q is not one character that can separate cells", in.delimiter)
		}
		o.Delimiter = r
	}
	return o, nil
}

// parseTypes reads the values of --type.
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

// parseTime reads the value of a flag that is a point in time; empty is the zero time.
func parseTime(flag, value string) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	t, ok := table.Cell{Kind: table.Text, Text: value}.Instant()
	if !ok {
		return t, fmt.Errorf("--%s: %q is not a point in time such as 2026-11-01 or 2026-11-01T06:00:00Z", flag, value)
	}
	return t, nil
}
