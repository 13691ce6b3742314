// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/dataflags"
	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/convention"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// The values of --scale: what a Wasserstein distance is divided by.
const (
	scaleReference = "reference_sd"
	scalePooled    = "pooled_sd"
	scaleNone      = "none"
)

// The values of --test: what chi² takes the reference for.
const (
	testHomogeneity = "homogeneity"
	testGoodness    = "goodness_of_fit"
)

// scoreFlags are the flags of score.
type scoreFlags struct {
	columns            dataflags.Columns
	spans              spanFlags
	method             string
	parameters         map[string]string
	correction         string
	reference, current string
	names              []string
	weight             string
	scale, test        string
	threshold          float64
	pseudoCount        float64
	significance       float64
	minSamples         float64
	all, json          bool
	exact, bins        bool
}

// score is what is printed of one column; JSON leaves out what does not apply.
type score struct {
	Column string `json:"column"`
	Type   string `json:"type"`
	Method string `json:"method"`
	// Score and Effect are as in stats.Result.
	Score     float64 `json:"score"`
	Effect    float64 `json:"effect"`
	Threshold float64 `json:"threshold"`
	PValue    float64 `json:"p_value"`
	Statistic float64 `json:"statistic"`
	// Error is how far Score may be from that of the values themselves, where it is of bins.
	Error   float64 `json:"error,omitempty"`
	Verdict string  `json:"verdict"`
	// The samples are rows with a value, or their weights.
	ReferenceSamples float64 `json:"reference_samples"`
	CurrentSamples   float64 `json:"current_samples"`
	ReferenceMissing float64 `json:"reference_missing"`
	CurrentMissing   float64 `json:"current_missing"`
	// Computed is exact, or bins: the collector's way.
	Computed string `json:"computed"`
	// Cells are the bins, groups or categories that were compared; 0 where values were.
	Cells int    `json:"cells,omitempty"`
	Scale string `json:"scale,omitempty"`
	Test  string `json:"test,omitempty"`
}

func newScore() *cobra.Command {
	var f scoreFlags
	cmd := &cobra.Command{
		Use:   "score --reference FILE --current FILE --column C",
		Short: "Compute how far a column of a file has drifted",
		Long: `score compares columns of a data file with a reference: a baseline made by mlprofile build, or another data file.

With a baseline the numbers are those of ml_drift: the same bins, groups and code. With a data file, ks and wasserstein are computed
on the values themselves and chi2, l_infinity and total_variation on the distinct values; the other methods need bins, which
are made from the reference as build would make them. --bins takes bins for all methods.

p_value is the probability of a difference at least this large if both had one distribution. The verdict is drift where the effect is above the
threshold and the p-value, corrected for the number of columns, is significant; insufficient with fewer than --min-samples values.

A method with another tool's name (psi@evidently) is computed as that tool does, with its threshold and verdict: on the values of two
data files, or, where bins are enough, against a baseline. A tool's name alone (evidently) takes the method that the tool takes for the
column's type and size. --parameter sets what the method can be told. Histograms in JSON are compared by jsd@tfdv.`,
		Example: `  mlprofile score --method psi --reference catalog/fraud.json --current today.csv --column amount
  mlprofile score --reference last_month.parquet --current today.parquet --all
  mlprofile score --method chi2 --reference a.csv --current b.csv --column country --json
  mlprofile score --method evidently --reference last_month.parquet --current today.parquet --all
  mlprofile score --method mann_whitney@kayenta --parameter tolerance=0.1 --reference control.csv --current canary.csv --column latency`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd.Context(), cmd.OutOrStdout())
		},
	}
	s := cmd.Flags()
	f.register(s)
	_ = cmd.MarkFlagRequired("reference")
	_ = cmd.MarkFlagRequired("current")
	cmd.MarkFlagsMutuallyExclusive("exact", "bins")
	cmd.MarkFlagsMutuallyExclusive("column", "all")
	cmd.MarkFlagsOneRequired("column", "all")
	return cmd
}

func (f *scoreFlags) register(s *pflag.FlagSet) {
	var names []string
	for _, m := range stats.Methods() {
		names = append(names, string(m))
	}
	s.StringVar(&f.method, "method", "", strings.Join(names, ", ")+"; ks for numbers and jensen_shannon for categories if not given; or as another tool has it: "+strings.Join(convention.Names(), ", ")+"; or the tool that chooses: "+strings.Join(convention.Presets(), ", "))
	s.StringToStringVar(&f.parameters, "parameter", nil, "a parameter of another tool's method, as num_bins=20; an unknown one lists those that there are")
	s.StringVar(&f.correction, "correction", correctionNone, "how the p-values of a tool's test are corrected for the number of columns: none, bonferroni or benjamini_hochberg")
	s.StringVar(&f.reference, "reference", "", "a baseline (.json) or a data file (required)")
	s.StringVar(&f.current, "current", "", "a data file (required)")
	s.StringSliceVar(&f.names, "column", nil, "columns to compare")
	s.BoolVar(&f.all, "all", false, "compare every column of the reference that is there in both")
	s.BoolVar(&f.json, "json", false, "print JSON: an object for one column, a list for more")
	s.BoolVar(&f.exact, "exact", false, "refuse to use bins")
	s.BoolVar(&f.bins, "bins", false, "use bins for all methods, as the collector does")
	s.StringVar(&f.scale, "scale", scaleReference, "what a wasserstein distance is divided by: reference_sd, pooled_sd or none")
	s.StringVar(&f.test, "test", testHomogeneity, "chi2 without bins: homogeneity of two samples, or goodness_of_fit to the reference's exact shares")
	s.Float64Var(&f.pseudoCount, "pseudo-count", 0.5, "what psi, jensen_shannon, kl and hellinger add to each group; with 0, for categories of data files only, nothing is taken off for chance, either, nor of l_infinity and total_variation")
	s.StringVar(&f.weight, "weight", "", "column that says how many rows a row stands for; for categories")
	s.Float64Var(&f.threshold, "threshold", math.NaN(), "the effect from which it is drift; the method's own if not given")
	defaults := drift.DefaultOptions()
	s.Float64Var(&f.significance, "significance", defaults.Significance, "the p-value below which it is drift")
	s.Float64Var(&f.minSamples, "min-samples", float64(defaults.MinSamples), "the values that a verdict needs on either side")
	s.Lookup("threshold").DefValue = ""
	f.spans.register(s)
	// Of the columns' flags only those on rows: the roles do not matter here.
	var all pflag.FlagSet
	f.columns.Register(&all)
	for _, name := range []string{"type", "timestamp", "from", "to", "format", "delimiter", "null", "encoding", "decimal-comma", "date-order"} {
		flag := all.Lookup(name)
		if name == "from" || name == "to" || name == "timestamp" {
			flag.Usage += ", of the current file"
		}
		s.AddFlag(flag)
	}
}

func (f *scoreFlags) validate() (stats.Method, baseline.Options, error) {
	o, err := f.columns.Options()
	errs := []error{err}
	var m stats.Method
	switch plain := f.method + "@plain"; {
	case f.pseudoCount == 0.5:
	case f.pseudoCount != 0:
		errs = append(errs, fmt.Errorf("--pseudo-count: %v is neither 0 nor 0.5", f.pseudoCount))
	case known(plain):
		f.method = plain
	default:
		errs = append(errs, fmt.Errorf("--pseudo-count: %q adds none and takes nothing off; psi, jensen_shannon, kl, hellinger, l_infinity and total_variation do", f.method))
	}
	if f.method != "" && !f.ofTool() {
		m, err = stats.ParseMethod(f.method)
		if err != nil {
			err = fmt.Errorf("%w; or of another tool: %s; or as a tool chooses: %s", err, strings.Join(convention.Names(), ", "), strings.Join(convention.Presets(), ", "))
		}
		errs = append(errs, err)
	}
	if !f.ofTool() && (len(f.parameters) > 0 || f.correction != correctionNone) {
		errs = append(errs, errors.New("--parameter and --correction: only another tool's methods have them"))
	}
	if !slices.Contains(corrections, f.correction) {
		errs = append(errs, fmt.Errorf("--correction: %q is none of %s", f.correction, strings.Join(corrections, ", ")))
	}
	if !slices.Contains([]string{scaleReference, scalePooled, scaleNone}, f.scale) {
		errs = append(errs, fmt.Errorf("--scale: %q is none of %s, %s, %s", f.scale, scaleReference, scalePooled, scaleNone))
	}
	if !slices.Contains([]string{testHomogeneity, testGoodness}, f.test) {
		errs = append(errs, fmt.Errorf("--test: %q is neither %s nor %s", f.test, testHomogeneity, testGoodness))
	}
	if !(f.significance > 0 && f.significance < 1) {
		errs = append(errs, fmt.Errorf("--significance: %v is not between 0 and 1", f.significance))
	}
	return m, o, errors.Join(errs...)
}

func (f *scoreFlags) run(ctx context.Context, w io.Writer) error {
	m, o, err := f.validate()
	if err != nil {
		return err
	}
	if done, err := f.runHistograms(w); done || err != nil {
		return err
	}
	f.spans.use(&o.Table)
	ref, err := f.openReference(ctx, o)
	if err != nil {
		return err
	}
	cur, err := openData(ctx, f.current, o, f.weight)
	if err != nil {
		return err
	}
	cur.keepRows = f.ofTool()
	if ref.data != nil {
		ref.data.keepRows = f.ofTool()
	}
	if cur.has(columnTime) && ref.baseline != nil {
		nameAsSpans(ref.baseline)
	}
	names := f.names
	if f.all {
		for _, name := range ref.names() {
			if cur.has(name) {
				names = append(names, name)
			}
		}
		if len(names) == 0 {
			return fmt.Errorf("%s and %s have no column in common", f.reference, f.current)
		}
	}
	columns := make([]referenceColumn, len(names))
	wanted := make([]wantedColumn, len(names))
	var errs []error
	for i, name := range names {
		if columns[i], err = ref.column(name, o.Types[name]); err != nil {
			errs = append(errs, err)
			continue
		}
		wanted[i] = wantedColumn{name: name, as: columns[i].as}
		if !cur.has(name) {
			errs = append(errs, fmt.Errorf("%s: there is no column %q", f.current, name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := ref.read(ctx, columns); err != nil {
		return err
	}
	values, err := cur.read(ctx, wanted, o)
	if err != nil {
		return err
	}
	if f.ofTool() {
		return f.runTool(w, columns, values)
	}
	var scores []score
	for i := range columns {
		method := m
		if method == "" {
			method = stats.KS
			if columns[i].as == profile.Categorical {
				method = stats.JensenShannon
			}
		}
		s, err := f.compute(method, &columns[i], values[i])
		if err != nil {
			err = fmt.Errorf("column %q: %w", names[i], err)
			if f.all { // a constant or empty column does not spoil the rest
				errs = append(errs, err)
				continue
			}
			return err
		}
		scores = append(scores, s)
	}
	if len(scores) == 0 {
		return errors.Join(errs...)
	}
	f.judge(scores)
	if f.json {
		return f.printJSON(w, scores)
	}
	for _, err := range errs {
		if _, err := fmt.Fprintln(w, err); err != nil {
			return err
		}
	}
	if len(scores) == 1 && !f.all {
		return printScore(w, scores[0])
	}
	return printScores(w, scores)
}

// judge sets the verdicts; the p-values are corrected for the number of columns
// (Benjamini-Hochberg).
func (f *scoreFlags) judge(scores []score) {
	p := make([]float64, len(scores))
	for i := range scores {
		p[i] = scores[i].PValue
	}
	significant, _ := stats.BenjaminiHochberg(p, f.significance)
	for i := range scores {
		s := &scores[i]
		switch {
		case s.ReferenceSamples < f.minSamples || s.CurrentSamples < f.minSamples:
			s.Verdict = "insufficient"
		case s.Effect >= s.Threshold && significant[i]:
			s.Verdict = "drift"
		default:
			s.Verdict = "ok"
		}
	}
}

// sortedKeys returns the union of the categories of both sides in a fixed order.
func sortedKeys(a, b map[string]float64) []string {
	keys := slices.Collect(maps.Keys(a))
	for k := range b {
		if _, ok := a[k]; !ok {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}
