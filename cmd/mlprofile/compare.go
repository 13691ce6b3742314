// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/comparison"
	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// The statuses of compare.
const (
	statusDrift = 1
	statusError = 2
)

func newCompare() *cobra.Command {
	var f compareFlags
	cmd := &cobra.Command{
		Use:   "compare A B",
		Short: "Say what ml_drift would say of two files",
		Long: `compare judges B beside A as one window of ml_drift beside a baseline: the same bins, methods, thresholds, min_samples and words, with all
features tested together, and the answer and the confidence. A and B are data files or baselines that build has made; of data, A is made a
baseline first.

A file with a subject that drifts ends with status 1, one without with 0, and what cannot be compared with 2. A subject with too few values is
no drift; --fail-on insufficient makes it one.

The model's card (--card) overrides the defaults, and --method, --threshold, --min-samples and --segment override the card, but for what it says
of a single feature. There is one window: for, max_window, season, slow windows and the references champion and previous have no meaning, and a
drift is one by this window alone. So compare whole days with whole days: nothing here knows what is usual at an hour.

Rows are taken for independent. Where they are not, --cluster-by user (or hour by hour, --cluster-by with a column of time) estimates from B by
how much fewer they are worth.`,
		Example: `  mlprofile compare training.csv today.csv --prediction label --confidence score
  mlprofile compare catalog/fraud.json today.parquet --card catalog/fraud.yaml --cluster-by user
  mlprofile compare catalog/fraud.json today.csv --format html -o today.html
  mlprofile compare catalog/fraud.json catalog/fraud-8.json
  mlprofile compare log.csv log.csv --timestamp at --reference-to 2026-11-01 --from 2026-11-01
  mlprofile compare catalog/fraud.json today.csv --format junit -o drift.xml`,
		Args: func(cmd *cobra.Command, args []string) error { return failed(cobra.ExactArgs(2)(cmd, args)) },
		RunE: func(cmd *cobra.Command, files []string) error {
			c, err := f.compare(cmd.Context(), files[0], files[1])
			if err != nil {
				return failed(err)
			}
			if err := f.write(cmd.OutOrStdout(), c); err != nil {
				return failed(err)
			}
			if c.Summary.Drift > 0 || f.failOn == failInsufficient && c.Summary.Insufficient > 0 {
				return &console.StatusError{Status: statusDrift}
			}
			return nil
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return failed(err) })
	f.register(cmd.Flags())
	return cmd
}

// failed gives an error the status of one that is no drift.
func failed(err error) error {
	if err == nil {
		return nil
	}
	return &console.StatusError{Status: statusError, Err: err}
}

func (f *compareFlags) compare(ctx context.Context, a, b string) (*comparison.Comparison, error) {
	o, err := f.columns.Options()
	opts, card, flagErr := f.options()
	ofA, rangeErr := f.referenceRange(o)
	if err := errors.Join(err, flagErr, rangeErr); err != nil {
		return nil, err
	}
	p, reference, notes, err := f.reference(ctx, a, &ofA)
	if err != nil {
		return nil, err
	}
	o.Exclude = ofA.Exclude // what is left out of A is not missed in B
	// What says whose a row is describes no row.
	if f.clusterBy != "" && !slices.Contains(slices.Concat(o.Features, o.Include), f.clusterBy) {
		p.Features = slices.DeleteFunc(p.Features, func(c *profile.Column) bool { return c.Name == f.clusterBy })
	}
	w, err := f.window(ctx, b, p, f.rows(o, card))
	if err != nil {
		return nil, err
	}
	c, err := comparison.New(reference, w, comparison.Rule{Options: opts, Card: card, DesignEffect: f.designEffect})
	if err != nil {
		return nil, err
	}
	if sameFile(a, b) && o.From.IsZero() && o.To.IsZero() && ofA.From.IsZero() && ofA.To.IsZero() {
		notes = append(notes, "both are one file")
	}
	c.Notes = append(notes, c.Notes...)
	return c, nil
}

// reference returns the profile that is compared with. Columns that were left out of it are excluded
// in the options from then on.
func (f *compareFlags) reference(ctx context.Context, path string, o *baseline.Options) (*profile.Profile, comparison.Side, []string, error) {
	side := comparison.Side{Path: path}
	is, err := isBaseline(path)
	if err != nil {
		return nil, side, nil, err
	}
	var p *profile.Profile
	var notes []string
	if is {
		side.Baseline = true
		if p, err = profile.Load(path); err == nil {
			err = f.checkBaseline(path, p, o)
		}
	} else {
		var plan *baseline.Plan
		if plan, p, err = f.spans.build(ctx, []string{path}, *o); err == nil {
			notes = f.planNotes(path, plan)
			for _, c := range plan.Columns {
				if c.Role == baseline.RoleNone && !slices.Contains(o.Exclude, c.Name) {
					o.Exclude = append(slices.Clip(o.Exclude), c.Name)
				}
			}
		}
		err = inFile(path, err)
	}
	if err != nil {
		return nil, side, nil, err
	}
	side.Rows, side.From, side.To = p.Rows, p.From, p.To
	return p, side, notes, nil
}

// checkBaseline takes the flags on columns, which were decided when a baseline was made, for what
// they can still mean: other names, and columns to leave out.
func (f *compareFlags) checkBaseline(path string, p *profile.Profile, o *baseline.Options) error {
	if len(o.Include) > 0 || !o.From.IsZero() || !o.To.IsZero() {
		return fmt.Errorf("%s is a baseline: --include, --reference-from and --reference-to decide what a baseline is made of; build it anew", path)
	}
	rename := func(flag, name string, c *profile.Column) error {
		switch {
		case name == "":
		case c == nil:
			return fmt.Errorf("--%s: the baseline %s has none", flag, path)
		default:
			c.Name = name
		}
		return nil
	}
	if err := errors.Join(rename("prediction", o.Prediction, p.Prediction), rename("confidence", o.Confidence, p.Confidence)); err != nil {
		return err
	}
	var errs []error
	for _, name := range o.Features {
		if p.Column(name) == nil {
			errs = append(errs, fmt.Errorf("--features: the baseline has no column %q", name))
		}
	}
	for name, t := range o.Types {
		if c := p.Column(name); c != nil && c.Type != t {
			errs = append(errs, fmt.Errorf("--type: the baseline's column %q is %s; build it anew to change that", name, c.Type))
		}
	}
	p.Features = slices.DeleteFunc(p.Features, func(c *profile.Column) bool {
		return slices.Contains(o.Exclude, c.Name) || o.Features != nil && !slices.Contains(o.Features, c.Name)
	})
	return errors.Join(errs...)
}

// planNotes are the warnings on the columns of the reference.
func (f *compareFlags) planNotes(path string, plan *baseline.Plan) []string {
	notes := slices.Clone(plan.Schema.Notes)
	var left []string
	for _, c := range plan.Columns {
		name := console.Clean(c.Name, 60)
		switch {
		case c.Name == f.clusterBy:
		case c.Role == baseline.RoleNone && c.Note() != "excluded":
			left = append(left, name+" ("+console.Clean(c.Note(), 200)+")")
		case c.Warning:
			for _, note := range c.Notes {
				notes = append(notes, name+": "+console.Clean(note, 300))
			}
		}
	}
	if len(left) > 0 {
		const most = 5
		if n := len(left); n > most {
			left = append(left[:most], console.Plural(n-most, "more column"))
		}
		notes = append(notes, "left out of "+console.Clean(path, 60)+": "+strings.Join(left, "; "))
	}
	return notes
}

// window counts the current rows.
func (f *compareFlags) window(ctx context.Context, path string, p *profile.Profile, o comparison.Options) (*comparison.Window, error) {
	is, err := isBaseline(path)
	if err != nil {
		return nil, err
	}
	if is {
		return f.windowOfBaseline(path, p)
	}
	f.spans.use(&o.Table)
	schema, err := table.Infer(ctx, []string{path}, o.Table)
	if err != nil {
		return nil, inFile(path, err)
	}
	if schema.Column(columnTime) != nil {
		nameAsSpans(p)
		o.Timestamp = columnTime
	}
	w, err := comparison.Count(ctx, path, schema, p, o)
	if err != nil {
		return nil, inFile(path, err)
	}
	w.AddNotes(f.spans.notes()...)
	return w, nil
}

// windowOfBaseline takes a baseline for the current rows: flags on rows have no meaning for it.
func (f *compareFlags) windowOfBaseline(path string, p *profile.Profile) (*comparison.Window, error) {
	var errs []error
	for _, name := range []string{"from", "to", "timestamp", "segment", "cluster-by", "derive"} {
		if f.flags.Changed(name) {
			errs = append(errs, fmt.Errorf("--%s: %s is a baseline and has no rows", name, path))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	current, err := profile.Load(path)
	if err != nil {
		return nil, err
	}
	return comparison.OfBaseline(path, current, p)
}

// inFile names the file in an error that does not.
func inFile(path string, err error) error {
	if err == nil || strings.Contains(err.Error(), path) {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// write writes the comparison where the flags say. A file is there whole or not at all.
func (f *compareFlags) write(out io.Writer, c *comparison.Comparison) error {
	if f.output == "" || f.output == "-" {
		return f.writeTo(out, c)
	}
	if err := replaceFile(f.output, func(w io.Writer) error { return f.writeTo(w, c) }); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%s: %s\n", f.output, c.Headline())
	return err
}

func (f *compareFlags) writeTo(w io.Writer, c *comparison.Comparison) error {
	switch f.format {
	case formatJSON:
		return c.WriteJSON(w)
	case formatHTML:
		return c.WriteHTML(w)
	case formatJUnit:
		return c.WriteJUnit(w, f.failOn == failInsufficient, now().UTC().Truncate(time.Second))
	}
	return c.WriteTable(w, f.all)
}

// sameFile says whether two paths are of one file.
func sameFile(a, b string) bool {
	x, errA := os.Stat(a)
	y, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(x, y)
}
