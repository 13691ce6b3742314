// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/cmd/mlrules/internal/backtest"
	"github.com/otelcol-ml/otelcol-ml/internal/boundedfile"
	"github.com/otelcol-ml/otelcol-ml/internal/ruleset"
	"github.com/otelcol-ml/otelcol-ml/internal/slo"
)

// backtestFlags are the flags of backtest.
type backtestFlags struct {
	dir, since, until, step, output string
	thresholds                      []string
	now                             func() time.Time
}

func newBacktest() *cobra.Command {
	f := backtestFlags{now: time.Now}
	cmd := &cobra.Command{
		Use:   "backtest RULES... --tsdb DIR",
		Short: "Say when rules would have fired on the series that a TSDB has kept",
		Long: `backtest evaluates rules over the past, step by step, with the engine that the collector evaluates them with, and says of each alert how
often it would have fired, when, and for how long, and how often it would have with other thresholds around the one it has.

RULES are rule files, files of service level objectives (as generate reads them), patterns of both, or rules that the collector ships:
builtin:drift, builtin:*. DIR is the folder of the TSDB of
prometheus_rules, or that of a Prometheus server. It may be in use: it is read, its log included, and nothing is written into it. What
recording rules give is kept apart, and the rules see it.

A threshold is the number that a rule compares with at its top, as in "expr > 0.2", or on the left side of "and" and "unless" there.`,
		Example: `  mlrules backtest builtin:drift --tsdb /var/lib/otelcol-ml/rules --since 14d
  mlrules backtest 'rules/*.yaml' --tsdb data --since 30d --threshold ErrorsHigh=0.01,0.02,0.05
  mlrules backtest rules.yaml --tsdb data --since 2026-06-01T00:00:00Z --until 2026-06-08T00:00:00Z -o json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := f.options(args)
			if err != nil {
				return err
			}
			progress := console.NewProgress(cmd.ErrOrStderr(), "backtest", 0)
			if console.IsTerminal(cmd.ErrOrStderr()) {
				o.Progress = func(done, all int) {
					if done == 1 {
						progress = console.NewProgress(cmd.ErrOrStderr(), "backtest", all)
					}
					progress.Set(done)
				}
			}
			report, err := backtest.Run(cmd.Context(), o)
			progress.Clear()
			if err != nil {
				return err
			}
			return f.write(cmd.OutOrStdout(), report)
		},
	}
	s := cmd.Flags()
	s.StringVar(&f.dir, "tsdb", "", "the folder of the TSDB (required)")
	s.StringVar(&f.since, "since", "14d", "from when on: a time before now, such as 14d, or 2026-06-01T00:00:00Z")
	s.StringVar(&f.until, "until", "0s", "up to when: a time before now, or 2026-06-08T00:00:00Z; now if not given")
	s.StringVar(&f.step, "step", "", "how often rules are evaluated; the interval of each group if not given")
	s.StringArrayVar(&f.thresholds, "threshold", nil, "ALERT=NUMBER,NUMBER: try these thresholds (repeatable); some around the one given if not given")
	s.StringVarP(&f.output, "output", "o", "text", "text or json")
	return cmd
}

// options returns what the flags say, with all that is wrong with them.
func (f *backtestFlags) options(args []string) (backtest.Options, error) {
	o := backtest.Options{Dir: f.dir, Thresholds: map[string][]float64{}}
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	files, unmatched, err := ruleset.Expand(args)
	if err != nil {
		errs = append(errs, err)
	}
	for _, pattern := range unmatched {
		fail("%s: there is no such file", pattern)
	}
	if o.Files, o.Generated, err = splitObjectives(files); err != nil {
		errs = append(errs, err)
	}
	if f.dir == "" {
		fail("--tsdb: name the folder of the TSDB")
	}
	if f.output != "text" && f.output != "json" {
		fail("--output: %q is neither text nor json", f.output)
	}
	now := f.now()
	if o.From, err = ago("since", f.since, now); err != nil {
		errs = append(errs, err)
	}
	if o.Until, err = ago("until", f.until, now); err != nil {
		errs = append(errs, err)
	}
	if len(errs) == 0 && !o.From.Before(o.Until) {
		fail("--since: %s is not before --until, %s", o.From.Format(time.RFC3339), o.Until.Format(time.RFC3339))
	}
	if f.step != "" {
		step, err := model.ParseDuration(f.step)
		if err != nil || time.Duration(step) < time.Second {
			fail("--step: %q is no duration of at least 1s, such as 1m", f.step)
		}
		o.Step = time.Duration(step)
	}
	for _, text := range f.thresholds {
		name, values, err := parseThresholds(text)
		if err != nil {
			errs = append(errs, err)
		}
		o.Thresholds[name] = values
	}
	return o, errors.Join(errs...)
}

// splitObjectives returns the files that have rules, and the rules that the other ones generate: files of
// service level objectives.
func splitObjectives(files []string) (ruleFiles []string, generated *rulefmt.RuleGroups, err error) {
	var objectives []string
	for _, name := range files {
		if strings.HasPrefix(name, ruleset.Builtin) || hasGroups(name) {
			ruleFiles = append(ruleFiles, name)
		} else {
			objectives = append(objectives, name)
		}
	}
	if len(objectives) == 0 {
		return ruleFiles, nil, nil
	}
	slos, err := readObjectives(objectives, strings.NewReader(""))
	if err != nil {
		return nil, nil, err
	}
	if len(slos) == 0 {
		return nil, nil, fmt.Errorf("%s: there are neither groups of rules nor objectives", strings.Join(objectives, ", "))
	}
	generated, err = slo.RuleGroups(slos)
	return ruleFiles, generated, err
}

// hasGroups reports whether a file is one of rules. What cannot be read is: the error is said where it
// is loaded.
func hasGroups(name string) bool {
	content, err := boundedfile.ReadAny(name, maxObjectiveFile)
	if err != nil {
		return true
	}
	var keys map[string]yaml.Node
	if yaml.Unmarshal(content, &keys) != nil {
		return true
	}
	_, ok := keys["groups"]
	return ok || len(keys) == 0
}

// ago reads a time, or how long before now it was.
func ago(flag, text string, now time.Time) (time.Time, error) {
	if d, err := model.ParseDuration(text); err == nil {
		return now.Add(-time.Duration(d)), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("--%s: %q is neither a duration, such as 14d, nor a time, such as 2026-06-01T00:00:00Z", flag, text)
	}
	return at, nil
}

// maxThresholds bounds how many thresholds of a rule are tried: each is evaluated on its own.
const maxThresholds = 50

func parseThresholds(text string) (name string, values []float64, err error) {
	name, list, ok := strings.Cut(text, "=")
	for one := range strings.SplitSeq(list, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(one), 64)
		ok = ok && err == nil
		values = append(values, v)
	}
	if !ok || name == "" || len(values) > maxThresholds {
		return name, nil, fmt.Errorf("--threshold: %q is not ALERT=NUMBER,NUMBER with at most %d numbers", text, maxThresholds)
	}
	return name, values, nil
}

func (f *backtestFlags) write(w io.Writer, report *backtest.Report) error {
	if f.output == "text" {
		return report.WriteText(w)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}
