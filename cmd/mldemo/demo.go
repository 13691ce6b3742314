// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// demo is one run.
type demo struct {
	out, err io.Writer

	data, binary, folder string
	columns              baseline.Options
	features, exclude    string
	seed                 uint64
	perHour              int
	start                time.Time
	keep, running        bool

	model   string
	job     string
	file    string
	span    span
	at      func(int) time.Time // times for a file without
	plan    *baseline.Plan
	profile *profile.Profile
	step    int
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	d := &demo{out: stdout, err: stderr}
	f := flag.NewFlagSet("mldemo", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&d.data, "data", "", "a CSV, JSON lines or Parquet file, a row a prediction; a generated one if not given")
	f.StringVar(&d.columns.Timestamp, "timestamp", os.Getenv("TIMESTAMP"), "column of the time; guessed if not given")
	f.StringVar(&d.columns.Prediction, "prediction", os.Getenv("PREDICTION"), "column of the model's answer; guessed if not given")
	f.StringVar(&d.columns.Confidence, "confidence", os.Getenv("CONFIDENCE"), "column of the answer's score, 0 to 1; guessed if not given")
	f.StringVar(&d.columns.Label, "label", os.Getenv("LABEL"), "column of what was right, which the collector is told two days later; none if not given")
	f.StringVar(&d.columns.Score, "score", os.Getenv("SCORE"), "column of the score of the positive class, 0 to 1; needed with -label")
	f.StringVar(&d.columns.Positive, "positive", os.Getenv("POSITIVE"), "the class that the model looks for; 1 or true if not given")
	f.StringVar(&d.features, "features", os.Getenv("FEATURES"), "feature columns, with commas between; all that are left if not given")
	f.StringVar(&d.exclude, "exclude", os.Getenv("EXCLUDE"), "columns that are no features, with commas between")
	f.Uint64Var(&d.seed, "seed", 1, "seed of the generated data")
	f.IntVar(&d.perHour, "per-hour", demoPerHour, "predictions an hour in the generated data")
	begin := f.String("start", "", "first day of the generated data; two weeks ago if not given")
	f.StringVar(&d.binary, "collector", filepath.Join("bin", "otelcol-ml"), "the collector to start")
	f.StringVar(&d.folder, "folder", filepath.Join("state", "demo"), "where the demo keeps its files")
	f.BoolVar(&d.running, "running", os.Getenv("RUNNING") != "", "send to the collector that make run has started, in place of one of the demo's own")
	f.BoolVar(&d.keep, "keep", false, "leave the collector running until Ctrl-C")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("%q is not a flag; name a file with -data", f.Arg(0))
	}
	d.start = time.Now().UTC().Truncate(24 * time.Hour).Add(-demoDays * 24 * time.Hour)
	if *begin != "" {
		t, err := time.Parse(time.DateOnly, *begin)
		if err != nil {
			return fmt.Errorf("-start: %q is not a day such as 2026-11-01", *begin)
		}
		d.start = t
	}
	if d.perHour < 1 || d.perHour > 100_000 {
		return fmt.Errorf("-per-hour: %d is not between 1 and 100000", d.perHour)
	}
	d.columns.Features, d.columns.Exclude = list(d.features), list(d.exclude)
	return d.run(ctx)
}

func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// say prints a numbered step; lines after the first are indented below it.
func (d *demo) say(title, format string, args ...any) {
	d.step++
	const indent = "             "
	first := fmt.Sprintf("%d %-10s ", d.step, title)
	for line := range strings.SplitSeq(fmt.Sprintf(format, args...), "\n") {
		if strings.Contains(line, "  ") { // aligned
			line = first + line
		} else {
			line = console.Wrap(line, console.Width(d.out), first, indent)
		}
		_, _ = fmt.Fprintln(d.out, line)
		first = indent
	}
}

func (d *demo) run(ctx context.Context) (err error) {
	if err := os.MkdirAll(d.folder, 0o755); err != nil {
		return err
	}
	if d.data == "" {
		err = d.generated()
	} else {
		err = d.takeFile(ctx)
	}
	if err != nil {
		return err
	}
	if err := d.makeBaseline(ctx); err != nil {
		return err
	}
	if rows := d.span.rows - d.span.rest; rows < minSamples || d.span.rest < minSamples {
		d.say("Drift", "Too few rows to say: %s are the baseline, %s the rest, and a verdict wants %d on both sides. Nothing was sent anywhere.",
			console.Count(rows), console.Count(d.span.rest), minSamples)
		return nil
	}
	c, err := d.collector(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	sent, err := d.replay(ctx, c)
	if err != nil {
		return err
	}
	found, err := d.wait(ctx, c, sent)
	if err != nil {
		return err
	}
	q, err := d.waitForQuality(ctx, c, sent.labels)
	if err != nil {
		return err
	}
	var t *training
	if d.job != "" {
		t, err = d.train(ctx, c)
		if errors.Is(err, errNoJobs) && !c.own() { // it runs on a config of the user's
			_, _ = fmt.Fprintf(d.err, "             %v\n", err)
			t, err = nil, nil
		}
		if err != nil {
			return err
		}
	}
	fired, err := d.ruleAlerts(ctx, c)
	if err != nil {
		return err
	}
	return d.report(ctx, c, found, q, fired, t)
}
