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

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/cmd/internal/dataflags"
	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/assessment"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// evaluateFlags are the flags of evaluate.
type evaluateFlags struct {
	input                  dataflags.Input
	options                assessment.Options
	task, by, from, to     string
	labels, baseline       string
	probabilities, margins []string
	measures               []string
	json                   bool
	output                 string
}

func newEvaluate() *cobra.Command {
	var f evaluateFlags
	cmd := &cobra.Command{
		Use:   "evaluate FILE [SECOND]",
		Short: "Say how good predictions are, given their labels",
		Long: `evaluate measures the predictions of a file by their labels, in all and by version, segment and period, each measure with the interval in which
the true one lies. Labels are a column of the file, or of a file of their own (--labels) that has the same ids, where a later label of an id
corrects the earlier one.

With a second file, or with --version, both sides are compared: the difference of each measure with its interval, what change so many rows
would show at all, and bounds that hold however often they are looked at. --margin fpr=0.005 says by how much a measure may become worse; one
that has become worse by more ends with status 1, what cannot be evaluated with 2. Files that have ids in common are also compared row by row:
how often they agree, and whether one is right more often (McNemar).

With --baseline, a file with scores and labels, or a baseline that build made with --label, evaluate says what the labels of the rows will show before they are there (CBPE), beside what they
do show where they are.

The statistics are those that ml_evaluation computes in the collector; docs/evaluation.md has them.`,
		Example: `  mlprofile evaluate predictions.csv
  mlprofile evaluate predictions.csv --labels labels.csv --id request_id --by month --segment country
  mlprofile evaluate predictions.csv --version model_version --against 7 --margin fpr=0.005
  mlprofile evaluate champion.csv challenger.csv --labels labels.csv
  mlprofile evaluate today.csv --baseline training.csv --score p_fraud --positive fraud`,
		Args: func(cmd *cobra.Command, args []string) error { return failed(cobra.RangeArgs(1, 2)(cmd, args)) },
		RunE: func(cmd *cobra.Command, files []string) error {
			a, err := f.evaluate(cmd.Context(), files)
			if err != nil {
				return failed(err)
			}
			if err := f.write(cmd.OutOrStdout(), a); err != nil {
				return failed(err)
			}
			if a.Worse() {
				return &console.StatusError{Status: statusDrift}
			}
			return nil
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return failed(err) })
	f.register(cmd.Flags())
	return cmd
}

func (f *evaluateFlags) register(s *pflag.FlagSet) {
	o := &f.options
	s.StringVar(&f.task, "task", "", "binary, multiclass, regression or ranking; what the columns look like if not given")
	s.StringVar(&o.Prediction, "prediction", "", "column of the model's answer: a class, a number, or (ranking) a JSON array of items; prediction, y_pred and the like if not given")
	s.StringVar(&o.Label, "label", "", "column of what was right: a class, a number, or (ranking) the relevant item, a JSON array of them, or a JSON object with the relevance of each; label, y_true, target and the like if not given")
	s.StringVar(&o.Score, "score", "", "column of the score of the positive class, 0 to 1; score, y_pred_proba and the like if not given")
	s.StringVar(&o.Positive, "positive", "", "the class that a binary model looks for; 1 or true if not given")
	s.Float64Var(&o.Threshold, "threshold", 0.5, "score from which on the answer is positive, where there is no column of answers")
	s.StringArrayVar(&f.probabilities, "probability", nil, "CLASS=COLUMN: the score of a class, for --baseline with several classes (repeatable)")
	s.StringVar(&f.labels, "labels", "", "file with the labels, by id")
	s.StringVar(&o.ID, "id", "", "column of the id of a prediction; prediction_id, id and the like if not given")
	s.StringVar(&o.LabelTime, "label-time", "", "column of --labels: of several labels of an id the latest counts; the last one in the file if not given")
	s.StringVar(&f.baseline, "baseline", "", "file with scores and labels, or baseline with a calibration, from which to estimate what labels will show")
	s.StringVar(&o.Timestamp, "timestamp", "", "column of the prediction's time; timestamp and the like if not given")
	s.StringVar(&f.by, "by", "", "hour, day, week or month (UTC): evaluate each on its own, too")
	s.StringVar(&f.from, "from", "", "take rows from this time on")
	s.StringVar(&f.to, "to", "", "take rows before this time")
	s.StringSliceVar(&o.Segments, "segment", nil, "columns of which to evaluate each value on its own, too")
	s.StringVar(&o.Version, "version", "", "column of the model's version: evaluate each on its own, and compare them")
	s.StringVar(&o.Against, "against", "", "the version that others are compared with; the first in order if not given")
	s.StringVar(&o.Weight, "weight", "", "column of the weight of a row")
	s.StringArrayVar(&f.margins, "margin", nil, "MEASURE=NUMBER: by how much it may become worse, in its unit (repeatable)")
	s.StringSliceVar(&f.measures, "measure", nil, "measures to print, such as roc_auc, 'macro f1' or 'recall fraud'; all of one group, or the most common of several, if not given. JSON has all")
	s.Float64Var(&o.Level, "level", 0.95, "level of intervals")
	s.IntVar(&o.K, "k", 10, "how many items of a list are looked at (ranking)")
	s.IntVar(&o.Bins, "bins", 1000, "bins of scores, from which the areas under curves and the calibration are computed")
	s.BoolVar(&f.json, "json", false, "print all there is as JSON")
	s.StringVarP(&f.output, "output", "o", "", "the file to write; the standard output if not given")
	f.input.Register(s)
}

// read returns what the flags say, with all that is wrong with them.
func (f *evaluateFlags) read() (assessment.Options, error) {
	o := f.options
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	o.Task, o.By = assessment.Task(f.task), assessment.Period(f.by)
	if f.task != "" && !slices.Contains(assessment.Tasks(), o.Task) {
		fail("--task: %q is none of %v", f.task, assessment.Tasks())
	}
	if f.by != "" && !slices.Contains(assessment.Periods(), o.By) {
		fail("--by: %q is none of %v", f.by, assessment.Periods())
	}
	if !(o.Level >= 0.5 && o.Level < 1) {
		fail("--level: %v is not from 0.5 to below 1", o.Level)
	}
	if o.K < 1 {
		fail("--k: %d is below 1", o.K)
	}
	if o.Bins < 2 || o.Bins > 10_000 {
		fail("--bins: %d is not between 2 and 10000", o.Bins)
	}
	if !(o.Threshold >= 0 && o.Threshold <= 1) {
		fail("--threshold: %v is not between 0 and 1", o.Threshold)
	}
	if o.Against != "" && o.Version == "" {
		fail("--against: it names a version, and --version their column")
	}
	if o.LabelTime != "" && f.labels == "" {
		fail("--label-time: it is a column of the file of --labels")
	}
	var probabilitiesErr error
	o.Probabilities, probabilitiesErr = dataflags.ParseProbabilities(f.probabilities)
	o.Margins = map[evaluation.Measure]float64{}
	for _, m := range f.margins {
		name, text, found := strings.Cut(m, "=")
		v, err := strconv.ParseFloat(text, 64)
		switch {
		case !found || err != nil || !(v >= 0 && v <= 1e300):
			fail("--margin: %q is not MEASURE=NUMBER, of at least 0", m)
		case !slices.Contains(evaluation.Measures(), evaluation.Measure(name)):
			fail("--margin: %q is no measure; they are %v", name, evaluation.Measures())
		default:
			o.Margins[evaluation.Measure(name)] = v
		}
	}
	var inputErr, fromErr, toErr error
	o.Table, inputErr = f.input.Options()
	o.From, fromErr = dataflags.ParseTime("from", f.from)
	o.To, toErr = dataflags.ParseTime("to", f.to)
	if o.Task == assessment.Ranking {
		for _, name := range []string{o.Prediction, o.Label, "prediction", "label"} {
			if name != "" {
				o.Table.Lists = append(o.Table.Lists, name)
			}
		}
	}
	return o, errors.Join(append(errs, probabilitiesErr, inputErr, fromErr, toErr)...)
}

func (f *evaluateFlags) evaluate(ctx context.Context, files []string) (*assessment.Assessment, error) {
	o, err := f.read()
	if err != nil {
		return nil, err
	}
	if len(files) < 2 && o.Version == "" && len(o.Margins) > 0 {
		return nil, errors.New("--margin: there is nothing to compare with: give a second file, or --version")
	}
	var labels *assessment.Labels
	if f.labels != "" {
		if labels, err = assessment.ReadLabels(ctx, f.labels, o); err != nil {
			return nil, inFile(f.labels, err)
		}
		o.Label = ""
	}
	calibration, err := f.calibration(ctx, o, labels)
	if err != nil {
		return nil, err
	}
	if calibration != nil && o.Positive == "" {
		o.Positive = calibration.Positive
	}
	a, err := assessment.New(ctx, files, o, labels, calibration)
	if err != nil {
		return nil, err
	}
	if missing := a.Missing(f.measures); len(missing) > 0 {
		return nil, fmt.Errorf("--measure: there is no %q here; there are %s", missing[0], strings.Join(a.Names(), ", "))
	}
	return a, nil
}

// calibration returns that of --baseline, nil without that flag: a baseline has it, a data file makes
// it.
func (f *evaluateFlags) calibration(ctx context.Context, o assessment.Options, labels *assessment.Labels) (*profile.Calibration, error) {
	if f.baseline == "" {
		return nil, nil
	}
	is, err := isBaseline(f.baseline)
	if err != nil {
		return nil, fmt.Errorf("--baseline: %w", err)
	}
	if !is {
		o.Label = f.options.Label
		c, err := assessment.Calibrate(ctx, f.baseline, o, labels)
		return c, inFile(f.baseline, err)
	}
	p, err := profile.Load(f.baseline)
	if err != nil {
		return nil, fmt.Errorf("--baseline: %w", err)
	}
	if p.Calibration == nil {
		return nil, fmt.Errorf("--baseline: %s has no calibration; mlprofile build --label and --score, or --probability, make one", f.baseline)
	}
	return p.Calibration, nil
}

func (f *evaluateFlags) write(out io.Writer, a *assessment.Assessment) error {
	to := func(w io.Writer) error {
		if f.json {
			return a.WriteJSON(w)
		}
		return a.WriteTable(w, f.measures)
	}
	if f.output == "" || f.output == "-" {
		return to(out)
	}
	return replaceFile(f.output, to)
}
