// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/dataflags"
	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/comparison"
	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/convention"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// The values of --format.
const (
	formatTable = "table"
	formatJSON  = "json"
	formatHTML  = "html"
	formatJUnit = "junit"
)

// failInsufficient is the value of --fail-on that takes a subject without a verdict for a drift.
const failInsufficient = "insufficient"

// compareFlags are the flags of compare.
type compareFlags struct {
	columns                    dataflags.Columns
	spans                      spanFlags
	methods, thresholds        []string
	minSamples                 int
	significance, designEffect float64
	clusterBy                  string
	segments, segmentFeatures  []string
	card                       string
	format, output             string
	all                        bool
	failOn                     string
	referenceFrom, referenceTo string
	flags                      *pflag.FlagSet
}

func (f *compareFlags) register(s *pflag.FlagSet) {
	f.flags = s
	defaults := drift.DefaultOptions()
	s.StringArrayVar(&f.methods, "method", nil, "statistic of the columns that it can be computed of, ours or such as psi@evidently; numeric=NAME or categorical=NAME of those alone (repeatable); or evidently, nannyml, scouter or tfdv, for what that tool takes")
	s.StringArrayVar(&f.thresholds, "threshold", nil, "METHOD=EFFECT, missing=DIFFERENCE or relative_change=RATIO, from which it is drift (repeatable)")
	s.IntVar(&f.minSamples, "min-samples", defaults.MinSamples, "independent values that a verdict needs")
	s.Float64Var(&f.significance, "significance", defaults.Significance, "share of false alarms that is accepted among the subjects that drift")
	s.StringVar(&f.clusterBy, "cluster-by", "", "column of B of what depends on each other: rows of one user, or of one hour of a column of time; values are worth fewer for it")
	s.Float64Var(&f.designEffect, "design-effect", 0, "by how many times fewer independent values than values there are, in place of --cluster-by")
	s.StringArrayVar(&f.segments, "segment", nil, "COLUMN or DIMENSION=COLUMN of B: cohorts that are compared with the reference one at a time (repeatable); those of the card if not given")
	s.StringSliceVar(&f.segmentFeatures, "segment-features", nil, "features whose values are compared in segments, too; those of the card if not given")
	s.StringVar(&f.card, "card", "", "file with the model's card")
	s.StringVar(&f.format, "format", formatTable, "table, json, html or junit")
	s.StringVarP(&f.output, "output", "o", "", "the file to write; the standard output if not given")
	s.BoolVar(&f.all, "all", false, "list missing values that do not drift, too; the other formats have all there is")
	s.StringVar(&f.failOn, "fail-on", "drift", "drift; or insufficient, which takes a subject without a verdict for a drift")

	var columns pflag.FlagSet
	f.columns.Register(&columns)
	columns.VisitAll(func(flag *pflag.Flag) {
		switch flag.Name {
		case "format":
			flag.Name, flag.Usage = "input-format", "of the files: "+flag.Usage
		case "from", "to":
			flag.Usage += ", of B"
		}
		s.AddFlag(flag)
	})
	s.StringVar(&f.referenceFrom, "reference-from", "", "take rows of A from this time on")
	s.StringVar(&f.referenceTo, "reference-to", "", "take rows of A before this time")
	f.spans.register(s)
}

// options returns what the flags say of verdicts, with the card that they change; nil without one.
func (f *compareFlags) options() (drift.Options, *catalog.Model, error) {
	o := drift.DefaultOptions()
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !slices.Contains([]string{formatTable, formatJSON, formatHTML, formatJUnit}, f.format) {
		fail("--format: %q is none of table, json, html, junit; --input-format is that of the files", f.format)
	}
	if f.failOn != failInsufficient && f.failOn != drift.Drift.String() {
		fail("--fail-on: %q is neither drift nor insufficient", f.failOn)
	}
	if f.minSamples < 1 {
		fail("--min-samples: %d is below 1", f.minSamples)
	}
	if !(f.significance > 0 && f.significance < 1) {
		fail("--significance: %v is not between 0 and 1", f.significance)
	}
	if f.flags.Changed("design-effect") && !(f.designEffect >= 1 && f.designEffect <= 1e9) {
		fail("--design-effect: %v is not between 1 and 1e9", f.designEffect)
	}
	if f.designEffect > 0 && f.clusterBy != "" {
		fail("--design-effect: it is what --cluster-by estimates; give one of them")
	}
	tool, methods, err := parseMethods(f.methods)
	errs = append(errs, err)
	thresholds, err := parseThresholds(f.thresholds)
	errs = append(errs, err)
	card, err := f.loadCard()
	errs = append(errs, err)
	if err := errors.Join(errs...); err != nil {
		return o, nil, err
	}
	o.MinSamples, o.Significance, o.Method, o.Thresholds = f.minSamples, f.significance, tool, thresholds
	maps.Copy(o.Methods, methods)
	if err := o.Validate(); err != nil { // all but thresholds has been looked at
		return o, nil, fmt.Errorf("--threshold: %w", err)
	}
	if card != nil {
		f.override(&card.Drift, tool, methods, thresholds)
	}
	return o, card, nil
}

// override gives the flags that are there precedence over the card.
func (f *compareFlags) override(d *catalog.Drift, tool string, methods map[profile.Type][]string, thresholds map[string]float64) {
	if f.flags.Changed("min-samples") {
		d.MinSamples = f.minSamples
	}
	if tool != "" || len(methods) > 0 {
		d.Method = tool
	}
	merged := maps.Clone(d.Methods)
	if merged == nil {
		merged = map[profile.Type][]string{}
	}
	maps.Copy(merged, methods)
	d.Methods = merged
	all := maps.Clone(d.Thresholds)
	if all == nil {
		all = map[string]float64{}
	}
	maps.Copy(all, thresholds)
	d.Thresholds = all
}

// rows returns how the rows of B are counted.
func (f *compareFlags) rows(o baseline.Options, card *catalog.Model) comparison.Options {
	out := comparison.Options{Options: o, ClusterBy: f.clusterBy, SegmentFeatures: f.segmentFeatures, MaxSegments: drift.DefaultOptions().Limits.Segments}
	for _, s := range f.segments {
		dimension, column, found := strings.Cut(s, "=")
		if !found {
			column = dimension
		}
		out.Segments = append(out.Segments, comparison.Segment{Dimension: dimension, Column: column})
	}
	if card == nil {
		return out
	}
	if len(f.segments) == 0 {
		for _, dimension := range card.Segments {
			out.Segments = append(out.Segments, comparison.Segment{Dimension: dimension, Column: dimension, Optional: true})
		}
	}
	if len(f.segmentFeatures) == 0 {
		out.SegmentFeatures = card.SegmentFeatures
	}
	return out
}

// loadCard reads the model's card; its copy may be changed.
func (f *compareFlags) loadCard() (*catalog.Model, error) {
	if f.card == "" {
		return nil, nil //nolint:nilnil // no card is no error
	}
	set, err := catalog.LoadFile(f.card)
	if err != nil {
		return nil, fmt.Errorf("--card: %w", err)
	}
	models := slices.DeleteFunc(slices.Clone(set.Models), func(m *catalog.Model) bool { return f.spans.model != "" && m.Name != f.spans.model })
	if len(models) != 1 {
		return nil, fmt.Errorf("--card: %s has %d cards of models, and one is needed", f.card, len(models))
	}
	m := *models[0]
	return &m, nil
}

// parseMethods reads the values of --method: statistics by type, or a tool whose choice is taken.
func parseMethods(flags []string) (tool string, methods map[profile.Type][]string, err error) {
	methods = map[profile.Type][]string{}
	var errs []error
	for _, flag := range flags {
		if slices.Contains(convention.Presets(), flag) {
			if tool = flag; len(flags) > 1 {
				errs = append(errs, fmt.Errorf("--method: %s chooses for all columns; give it alone", flag))
			}
			continue
		}
		kind, name, found := strings.Cut(flag, "=")
		only := profile.Type(kind)
		if !found {
			name = flag
		}
		types, err := drift.MethodTypes(name)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("--method: %w", err))
		case found && only != profile.Numeric && only != profile.Categorical:
			errs = append(errs, fmt.Errorf("--method: %q is not NAME, numeric=NAME or categorical=NAME", flag))
		case found && !slices.Contains(types, only):
			errs = append(errs, fmt.Errorf("--method: %s is for %s columns, not for %s ones", name, types[0], only))
		case found:
			methods[only] = append(methods[only], name)
		default:
			for _, t := range types {
				methods[t] = append(methods[t], name)
			}
		}
	}
	return tool, methods, errors.Join(errs...)
}

// parseThresholds reads the values of --threshold.
func parseThresholds(flags []string) (map[string]float64, error) {
	out := map[string]float64{}
	var errs []error
	for _, flag := range flags {
		name, text, found := strings.Cut(flag, "=")
		v, err := strconv.ParseFloat(text, 64)
		if !found || err != nil || !(v >= 0 && v <= 1e300) {
			errs = append(errs, fmt.Errorf("--threshold: %q is not METHOD=NUMBER, of at least 0", flag))
		}
		out[name] = v
	}
	return out, errors.Join(errs...)
}

// referenceRange returns the options for A, whose range of time is its own.
func (f *compareFlags) referenceRange(o baseline.Options) (baseline.Options, error) {
	var errs [2]error
	o.From, errs[0] = dataflags.ParseTime("reference-from", f.referenceFrom)
	o.To, errs[1] = dataflags.ParseTime("reference-to", f.referenceTo)
	return o, errors.Join(errs[:]...)
}
