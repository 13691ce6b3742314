// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/cmd/internal/dataflags"
	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// now is the time that profiles are made at.
var now = time.Now

func newBuild() *cobra.Command {
	var (
		columns             dataflags.Columns
		spans               spanFlags
		output, name        string
		bins, maxCategories int
		calibration         calibrationFlags
	)
	cmd := &cobra.Command{
		Use:   "build FILE...",
		Short: "Make a baseline from data files",
		Long: `build reads one or more files of the same columns, a row a prediction, and writes a baseline. Files of spans in OTLP JSON, as the collector's
file exporter writes them, are live traffic: their predictions are read as ml_summary reads them.

A column is numeric if each of its values is a number, else categorical. Columns that are given no role become features, but for
row numbers, ids, points in time and empty ones. What was decided is printed; --features, --include, --exclude and --type overrule it.

With --label and --score the scores are calibrated: the baseline says which share of rows was of the class, by score, so that ml_evaluation and
mlprofile evaluate can estimate what labels will show before they are there. These columns are no features.

NA, null, - and the like are missing values in columns of numbers. Thousands separators, decimal commas, dates with slashes or points, semicolons
between cells and UTF-16 are read, and said; text in another encoding is refused until --encoding names it.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			o, err := columns.Options()
			if err != nil {
				return err
			}
			o.Name, o.Bins, o.MaxCategories = name, bins, maxCategories
			if err := calibration.to(&o); err != nil {
				return err
			}
			if o.Name == "" {
				o.Name, _, _ = strings.Cut(filepath.Base(files[0]), ".")
			}
			plan, p, err := spans.build(cmd.Context(), files, o)
			if err != nil {
				return err
			}
			plan.NoteSmall(p, drift.DefaultOptions().MinSamples)
			p.CreatedAt = now().UTC().Truncate(time.Second)
			if output == "-" {
				if err := printPlan(cmd.ErrOrStderr(), plan); err != nil {
					return err
				}
				return p.Write(cmd.OutOrStdout())
			}
			if err := writeProfile(output, p); err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if err := printPlan(out, plan); err != nil {
				return err
			}
			_, err = fmt.Fprintf(out, "\n%s: %s of %s, %s%s\n", output, console.Plural(p.Rows, "row"), console.Count(plan.Schema.Rows),
				console.Plural(len(p.Features), "feature"), period(p))
			return err
		},
	}
	f := cmd.Flags()
	f.StringVarP(&output, "output", "o", "baseline.json", "the file to write; - is the standard output")
	f.StringVar(&name, "name", "", "what the data set is called; the first file's name if not given")
	columns.Register(f)
	calibration.register(f)
	spans.register(f)
	f.IntVar(&bins, "bins", distribution.DefaultBins, "bins of a numeric column")
	f.IntVar(&maxCategories, "max-categories", profile.DefaultMaxCategories, "values kept of a categorical column")
	return cmd
}

// calibrationFlags say of which columns a calibration is made.
type calibrationFlags struct {
	label, score, positive string
	probabilities          []string
}

func (c *calibrationFlags) register(f *pflag.FlagSet) {
	f.StringVar(&c.label, "label", "", "column of what was right, by which --score or --probability is calibrated")
	f.StringVar(&c.score, "score", "", "column of the score of the positive class, 0 to 1")
	f.StringVar(&c.positive, "positive", "", "the class of --score; 1 or true if not given")
	f.StringArrayVar(&c.probabilities, "probability", nil, "CLASS=COLUMN: the score of a class, 0 to 1, where there are several (repeatable)")
}

func (c *calibrationFlags) to(o *baseline.Options) (err error) {
	o.Label, o.Score, o.Positive = c.label, c.score, c.positive
	o.Probabilities, err = dataflags.ParseProbabilities(c.probabilities)
	return err
}

// build makes a profile of data files, or of files of spans.
func (f *spanFlags) build(ctx context.Context, files []string, o baseline.Options) (*baseline.Plan, *profile.Profile, error) {
	f.use(&o.Table)
	schema, err := table.Infer(ctx, files, o.Table)
	if err != nil {
		return nil, nil, err
	}
	if err := f.roles(schema, &o); err != nil {
		return nil, nil, err
	}
	plan, err := baseline.NewPlan(schema, o)
	if err != nil {
		return nil, nil, err
	}
	p, err := plan.Count(ctx, files, o)
	if err != nil {
		return nil, nil, err
	}
	schema.Notes = append(schema.Notes, f.notes()...)
	return plan, p, nil
}

// writeProfile writes a baseline, the first one of a new catalog, too. A collector that watches the
// file never reads a half.
func writeProfile(path string, p *profile.Profile) error { return replaceFile(path, p.Write) }

// replaceFile writes beside a file and renames, so that the file is there whole or not at all.
func replaceFile(path string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".mlprofile-*")
	if err != nil {
		return err
	}
	err = errors.Join(write(f), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// printPlan says what becomes of each column, and why.
func printPlan(w io.Writer, plan *baseline.Plan) error {
	t := console.NewTable("column|", "role|", "compared as|", "values|", "missing", "distinct")
	var notes, left []string
	warnings := 0
	for _, c := range plan.Columns {
		name := console.Clean(c.Name, 40)
		if c.Role == baseline.RoleNone {
			left = append(left, fmt.Sprintf("  %s: %s", name, console.Clean(cmp.Or(c.Note(), "not named in --features"), 300)))
			continue
		}
		missing := 0.0
		if plan.Schema.Rows > 0 {
			missing = float64(c.Missing) / float64(plan.Schema.Rows)
		}
		distinct := console.Count(c.Distinct)
		if c.Distinct >= 10_000 {
			distinct = "≥" + distinct
		}
		t.Row(name, string(c.Role), cmp.Or(string(c.As), "-"), string(c.Type), console.Percent(missing), distinct)
		mark := " "
		if c.Warning {
			mark = "!"
			warnings++
		}
		for _, note := range c.Notes {
			notes = append(notes, fmt.Sprintf("%s %s: %s", mark, name, console.Clean(note, 300)))
		}
	}
	for _, name := range plan.Schema.Skipped {
		left = append(left, fmt.Sprintf("  %s: a list", console.Clean(name, 40)))
	}
	if err := t.Write(w, ""); err != nil {
		return err
	}
	lines := append([]string{""}, plan.Schema.Notes...)
	for _, warning := range plan.Warnings {
		lines = append(lines, "! "+warning)
		warnings++
	}
	lines = append(lines, notes...)
	if len(left) > 0 {
		lines = append(append(lines, "left out:"), left...)
	}
	if warnings > 0 {
		lines = append(lines, console.Plural(warnings, "warning")+": look at the lines with !")
	}
	if len(lines) == 1 {
		return nil
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// period writes ", 2026-11-01 to 2026-11-08" where the profile knows.
func period(p *profile.Profile) string {
	if p.From.IsZero() {
		return ""
	}
	const layout = "2006-01-02 15:04"
	return ", " + p.From.Format(layout) + " to " + p.To.Format(layout)
}
