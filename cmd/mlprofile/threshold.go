// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/convention"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// thresholdFlags are the flags of threshold.
type thresholdFlags struct {
	significance float64
	bins, tests  int
	rows         float64
	data, column string
	from         string
	lower, upper string
	json         bool
}

// thresholdResult is what threshold prints; what a method does not have is left out.
type thresholdResult struct {
	Method    string   `json:"method"`
	Threshold *float64 `json:"threshold,omitempty"`
	Lower     *float64 `json:"lower,omitempty"`
	Upper     *float64 `json:"upper,omitempty"`
	// Tests and Rejected are p-values and those below the threshold.
	Tests    *int `json:"tests,omitempty"`
	Rejected *int `json:"rejected,omitempty"`
}

// thresholdMethods compute thresholds by their names.
var thresholdMethods = map[string]func(f *thresholdFlags, values []float64) (thresholdResult, error){
	"psi_chi2@scouter": func(f *thresholdFlags, _ []float64) (r thresholdResult, err error) {
		err = f.needsRows()
		r.Threshold = finite(convention.PSIThreshold(f.significance, f.bins, f.rows))
		return r, err
	},
	"psi_normal@scouter": func(f *thresholdFlags, _ []float64) (r thresholdResult, err error) {
		err = f.needsRows()
		r.Threshold = finite(convention.PSINormalThreshold(f.significance, f.bins, f.rows))
		return r, err
	},
	"bonferroni": func(f *thresholdFlags, values []float64) (thresholdResult, error) {
		tests := max(f.tests, len(values))
		if tests < 1 {
			return thresholdResult{}, errors.New("--tests: how many tests there are, or --data and --column with their p-values")
		}
		level := convention.Bonferroni(f.significance, tests)
		r := thresholdResult{Threshold: &level, Tests: &tests}
		if values != nil {
			rejected := 0
			for _, p := range values {
				if p < level {
					rejected++
				}
			}
			r.Rejected = &rejected
		}
		return r, nil
	},
	"benjamini_hochberg":              falseDiscovery(true),
	"benjamini_hochberg@alibi_detect": falseDiscovery(false),
	"standard_deviation@nannyml": func(f *thresholdFlags, values []float64) (r thresholdResult, err error) {
		lower, err := multiple("lower", f.lower)
		upper, err2 := multiple("upper", f.upper)
		if err := errors.Join(err, err2, needsData(values)); err != nil {
			return r, err
		}
		low, high, err := convention.DeviationThresholds(values, f.from, lower, upper)
		if err != nil {
			return r, fmt.Errorf("--from: %w", err)
		}
		r.Lower, r.Upper = finite(low), finite(high)
		return r, nil
	},
}

func falseDiscovery(orAt bool) func(f *thresholdFlags, values []float64) (thresholdResult, error) {
	return func(f *thresholdFlags, values []float64) (thresholdResult, error) {
		if err := needsData(values); err != nil {
			return thresholdResult{}, err
		}
		level, rejected := convention.FalseDiscovery(values, f.significance, orAt)
		tests := len(values)
		return thresholdResult{Threshold: &level, Tests: &tests, Rejected: &rejected}, nil
	}
}

func (f *thresholdFlags) needsRows() error {
	if !(f.rows > 0) || math.IsInf(f.rows, 0) {
		return errors.New("--rows: the number of current rows is needed")
	}
	if f.bins < 2 {
		return fmt.Errorf("--bins: %d are fewer than 2", f.bins)
	}
	return nil
}

func needsData(values []float64) error {
	if len(values) == 0 {
		return errors.New("--data and --column: a file with the values is needed")
	}
	return nil
}

// multiple is a number of standard deviations; none is no threshold, which is infinite.
func multiple(flag, text string) (float64, error) {
	if text == "none" {
		return math.Inf(1), nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= 0) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("--%s: %q is neither none nor a number of at least 0", flag, text)
	}
	return v, nil
}

func newThreshold() *cobra.Command {
	var f thresholdFlags
	names := slices.Sorted(maps.Keys(thresholdMethods))
	cmd := &cobra.Command{
		Use:   "threshold METHOD",
		Short: "Compute a threshold as another tool does",
		Long: `threshold computes from which score on a tool says drift.

psi_chi2@scouter and psi_normal@scouter: the PSI that --rows rows in --bins bins of a fixed reference exceed with the probability --significance.
standard_deviation@nannyml: --lower and --upper standard deviations below and above the mean (--from) of scores.
bonferroni: the level of each of --tests tests. benjamini_hochberg: that of the p-values of a file; those below it (at it, too, unless
@alibi_detect) are rejected.`,
		Example: `  mlprofile threshold psi_chi2@scouter --rows 400 --bins 10
  mlprofile threshold standard_deviation@nannyml --data scores.csv --column ks --lower none
  mlprofile threshold benjamini_hochberg --data tests.csv --column p --significance 0.1`,
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd.Context(), cmd.OutOrStdout(), args[0])
		},
	}
	s := cmd.Flags()
	s.Float64Var(&f.significance, "significance", 0.05, "the probability of a false alarm")
	s.IntVar(&f.bins, "bins", 10, "bins of a PSI")
	s.Float64Var(&f.rows, "rows", 0, "current rows")
	s.IntVar(&f.tests, "tests", 0, "tests that are made together")
	s.StringVar(&f.data, "data", "", "a data file with scores or p-values")
	s.StringVar(&f.column, "column", "", "its column")
	s.StringVar(&f.from, "from", "mean", "what standard deviations count from: mean, median, min or max")
	s.StringVar(&f.lower, "lower", "3", "standard deviations below, or none")
	s.StringVar(&f.upper, "upper", "3", "standard deviations above, or none")
	s.BoolVar(&f.json, "json", false, "print JSON")
	cmd.MarkFlagsRequiredTogether("data", "column")
	return cmd
}

func (f *thresholdFlags) run(ctx context.Context, w io.Writer, name string) error {
	if !(f.significance > 0 && f.significance < 1) {
		return fmt.Errorf("--significance: %v is not between 0 and 1", f.significance)
	}
	var values []float64
	if f.data != "" {
		d, err := openData(ctx, f.data, baseline.Options{}, "")
		if err != nil {
			return err
		}
		if !d.has(f.column) {
			return fmt.Errorf("%s: there is no column %q", f.data, f.column)
		}
		columns, err := d.read(ctx, []wantedColumn{{f.column, profile.Numeric}}, baseline.Options{})
		if err != nil {
			return err
		}
		values = columns[0].values
	}
	r, err := thresholdMethods[name](f, values)
	if err != nil {
		return err
	}
	r.Method = name
	if f.json {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	_, err = fmt.Fprintln(w, r.text())
	return err
}

func (r *thresholdResult) text() string {
	parts := []string{r.Method + ":"}
	for _, one := range []struct {
		name string
		v    *float64
	}{{"threshold", r.Threshold}, {"lower", r.Lower}, {"upper", r.Upper}} {
		if one.v != nil {
			parts = append(parts, fmt.Sprintf("%s %.10g", one.name, *one.v))
		}
	}
	if r.Rejected != nil {
		parts = append(parts, fmt.Sprintf("(%d of %d below it)", *r.Rejected, *r.Tests))
	}
	return strings.Join(parts, " ")
}
