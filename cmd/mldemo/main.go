// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Command mldemo shows the whole path on one machine: it makes or takes a data set, profiles its first part, replays the rest through
// a collector, and prints what has drifted, since when, with a trace to look at. Then it runs a training job that loses rows, and
// prints the alert.
//
//	data ──► baseline + card ──► catalog ─┐
//	  └────► replay (OTLP) ──► collector: ml_metadata ──► ml_summary ──► ml_drift ──► Prometheus, windows.json ──► report
//	training job (OTLP) ─────►                     └────► ml_job ──► alerts.json ──► report
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/cmd/internal/replay"
	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
	"github.com/otelcol-ml/otelcol-ml/internal/trainingjob"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		if ctx.Err() != nil {
			err = errors.New("stopped")
		}
		_, _ = io.WriteString(os.Stderr, "\n"+console.Errorf("mldemo", err))
		stop()
		os.Exit(1)
	}
}

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
		err = d.users(ctx)
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
	delivered, last, err := d.replay(ctx, c)
	if err != nil {
		return err
	}
	found, err := d.wait(ctx, c, delivered, last)
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
	return d.report(ctx, c, found, t)
}

// generated makes the data set.
func (d *demo) generated() error {
	d.model, d.job = "fraud", trainingjob.Name
	d.file = filepath.Join(d.folder, "fraud.csv")
	f, err := os.Create(d.file)
	if err != nil {
		return err
	}
	rows, err := generate(f, d.seed, d.start, d.perHour)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	d.columns.Timestamp, d.columns.Prediction, d.columns.Confidence = "timestamp", "prediction", "confidence"
	d.columns.Exclude = []string{"transaction_id", "latency_ms"}
	split := d.start.Add(7 * 24 * time.Hour)
	d.span = span{from: d.start, split: split, to: d.start.Add(demoDays * 24 * time.Hour), rows: rows, rest: rows / 2}
	d.say("Data", "%s: %s of a fraud model, %s to %s, seed %d.\nOn %s something happens: %s.", d.file, console.Plural(rows, "prediction"),
		d.start.Format(time.DateOnly), d.start.Add((demoDays-1)*24*time.Hour).Format(time.DateOnly), d.seed,
		d.start.Add(shiftAfter).Format("2006-01-02 at 15:04"), theShift)
	return nil
}

// users takes the user's file and guesses what its columns are.
func (d *demo) users(ctx context.Context) error {
	d.file = d.data
	d.model, _, _ = strings.Cut(filepath.Base(d.data), ".")
	schema, err := table.Infer(ctx, []string{d.file}, d.columns.Table)
	if err != nil {
		return err
	}
	guess(schema, &d.columns)
	shown := func(s string) string {
		if s == "" {
			return "none"
		}
		return s
	}
	if d.columns.Timestamp != "" {
		if d.span, err = halve(ctx, schema, d.file, d.columns); err != nil {
			return err
		}
	} else {
		if schema.Rows < 2 {
			return fmt.Errorf("%s: %s is too little", d.file, console.Plural(schema.Rows, "row"))
		}
		// In the order of the file, evenly over two weeks: the order is all that is known.
		length := demoDays * 24 * time.Hour
		half := schema.Rows / 2
		when := func(n int) time.Time {
			return d.start.Add(time.Duration(float64(length) / float64(schema.Rows) * float64(n)))
		}
		d.at = func(n int) time.Time { return when(half + n) }
		d.span = span{from: d.start, split: when(half), to: d.start.Add(length), rows: schema.Rows, rest: schema.Rows - half}
	}
	d.say("Data", "%s: %s\nThe columns look like this; the flags are there to say otherwise:\n  prediction  %-20s PREDICTION=...\n  confidence  %-20s CONFIDENCE=...\n  timestamp   %-20s TIMESTAMP=...\n  left out    %-20s EXCLUDE=...",
		d.file, console.Plural(schema.Rows, "row"), shown(d.columns.Prediction), shown(d.columns.Confidence), shown(d.columns.Timestamp), shown(strings.Join(d.columns.Exclude, ",")))
	if d.at != nil {
		const indent = "             "
		text := fmt.Sprintf("Without a timestamp the rows are taken in their order and spread over %d days.", demoDays)
		_, err = fmt.Fprintln(d.out, console.Wrap(text, console.Width(d.out), indent, indent))
	}
	return err
}

// makeBaseline profiles the first part.
func (d *demo) makeBaseline(ctx context.Context) error {
	o := d.columns
	o.Name = d.model
	if d.at == nil {
		o.To = d.span.split
	} else {
		o.Take = d.span.rows - d.span.rest
	}
	var err error
	if d.profile, d.plan, err = baseline.Build(ctx, []string{d.file}, o); err != nil {
		if d.plan != nil && len(d.plan.Features) == 0 {
			for _, c := range d.plan.Columns {
				if c.Role == baseline.RoleNone {
					err = fmt.Errorf("%w\n  %s: %s", err, console.Clean(c.Name, 40), c.Note())
				}
			}
		}
		return err
	}
	d.profile.CreatedAt = time.Now().UTC().Truncate(time.Second)
	var left []string
	for _, c := range d.plan.Columns {
		if c.Role == baseline.RoleNone {
			left = append(left, console.Clean(c.Name, 30))
		}
	}
	text := fmt.Sprintf("%s before %s: %s", console.Plural(d.profile.Rows, "row"), stamp(d.span.split), console.Plural(len(d.profile.Features), "feature"))
	if len(left) > 0 {
		const most = 12
		if len(left) > most {
			left = append(left[:most], fmt.Sprintf("and %d more", len(left)-most))
		}
		text += "; left out: " + strings.Join(left, ", ")
	}
	d.say("Baseline", "%s", text)
	return nil
}

// writeCard puts the baseline and a card into a catalog's folder. The card comes last, so that what it names is there.
func (d *demo) writeCard(folder, name string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := replaceFile(folder, name+".json", d.profile.Write); err != nil {
		return err
	}
	card := map[string]any{
		"kind": "model", "name": d.model, "owner": "demo@example.com", "baseline": name + ".json",
		"drift": map[string]any{"window": d.span.window()},
	}
	for _, s := range d.segments() {
		card["segments"] = []string{s.Dimension}
		card["segment_features"] = []string{"amount"}
	}
	return replaceFile(folder, name+".yaml", func(w io.Writer) error {
		if _, err := io.WriteString(w, "# Written by make demo; delete it when you like.\n"); err != nil {
			return err
		}
		enc := yaml.NewEncoder(w)
		return errors.Join(enc.Encode(card), enc.Close())
	})
}

// replaceFile writes a file in a folder, all of it or nothing.
func replaceFile(folder, name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(folder, ".mldemo-*")
	if err != nil {
		return err
	}
	err = errors.Join(write(f), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(folder, name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// segments are the cohorts of the generated data.
func (d *demo) segments() []replay.Segment {
	if d.data != "" {
		return nil
	}
	return []replay.Segment{{Dimension: "country", Column: "country"}}
}

// writeCards writes the cards of the demo's model and job.
func (d *demo) writeCards(folder string) error {
	if err := d.writeCard(folder, "demo"); err != nil || d.job == "" {
		return err
	}
	return d.jobCard(folder, "demo_job")
}

// collector finds the one that runs, or starts one; the card is in its catalog then.
func (d *demo) collector(ctx context.Context) (*collector, error) {
	if d.running {
		c, err := running(ctx)
		if err != nil {
			return nil, err
		}
		// Event time goes forwards only: a second demo needs a model of its own.
		now := time.Now().Unix()
		d.model = fmt.Sprintf("demo_%s_%d", d.model, now)
		if d.job != "" {
			d.job = fmt.Sprintf("demo_%s_%d", d.job, now)
		}
		if err := d.writeCards(c.catalog); err != nil {
			return nil, err
		}
		d.say("Collector", "the one that is running: OTLP on %s, card %s", c.otlp, filepath.Join(c.catalog, "demo.yaml"))
		// The catalog is read anew within a second of a change, where the file system tells of it.
		select {
		case <-time.After(3 * time.Second):
			return c, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if err := d.writeCards(filepath.Join(d.folder, "catalog")); err != nil {
		return nil, err
	}
	c, err := start(ctx, d.binary, d.folder)
	if err != nil {
		return nil, err
	}
	d.say("Collector", "one of the demo's own, on free ports: OTLP on %s, numbers on %s. Its config is %s. Whatever else runs is left alone.",
		c.otlp, c.metrics, filepath.Join(d.folder, "collector.yaml"))
	return c, nil
}

// replay sends the rest.
func (d *demo) replay(ctx context.Context, c *collector) (delivered int, last time.Time, err error) {
	o := replay.Options{Options: d.columns, Model: d.model, Service: "mldemo", Segments: d.segments()}
	if d.data == "" {
		o.ID, o.Latency, o.LatencyUnit = "transaction_id", "latency_ms", time.Millisecond
	}
	if d.at == nil {
		o.From, o.Sort = d.span.split, true
	} else {
		o.At, o.Skip = d.at, d.span.rows-d.span.rest
	}
	exporter, err := replay.NewExporter(ctx, replay.Target{Endpoint: c.otlp})
	if err != nil {
		return 0, last, err
	}
	defer func() { err = errors.Join(err, exporter.Shutdown(context.WithoutCancel(ctx))) }()
	d.say("Replay", "%s from %s on, as spans with their own timestamps", console.Plural(d.span.rest, "row"), stamp(d.span.split))
	progress := console.NewProgress(d.err, "             replay", d.span.rest)
	o.Progress = progress.Set
	result, err := replay.Run(ctx, []string{d.file}, d.plan, o, exporter)
	if err != nil {
		progress.Clear()
		return result.Delivered, result.Last, err
	}
	progress.Finish("span")
	return result.Delivered, result.Last, nil
}

// wait polls what the collector offers to Prometheus until it has counted everything.
func (d *demo) wait(ctx context.Context, c *collector, delivered int, last time.Time) (scraped, error) {
	limit := time.Minute
	if !c.own() {
		limit = 4 * time.Minute
		_, _ = fmt.Fprintln(d.err, "             waiting for its next flush: seconds with the default config,\n             up to two minutes with longer intervals")
	}
	var found scraped
	var scrapeErr error
	// A busy machine takes its time: it is waited for as long as the number grows.
	grew, before := time.Now(), -1.0
	err := poll(ctx, 10*limit, 500*time.Millisecond, func() (bool, error) {
		if now := found.predictions + found.ends[false] + found.ends[true]; now != before {
			grew, before = time.Now(), now
		}
		if time.Since(grew) > limit {
			return false, errTime
		}
		samples, err := c.scrape(ctx)
		if scrapeErr = err; err != nil {
			return false, nil //nolint:nilerr // it is asked again
		}
		found = readScrape(samples, d.model)
		end := float64(last.Unix())
		answers := d.plan.Prediction != nil && d.plan.Prediction.Present > 0 || d.plan.Confidence != nil && d.plan.Confidence.Present > 0
		return found.predictions >= float64(delivered) && (!answers || found.ends[false] >= end) && (len(d.plan.Features) == 0 || found.ends[true] >= end), nil
	})
	if errors.Is(err, errTime) {
		if found.predictions == 0 && !c.own() {
			return found, errors.Join(fmt.Errorf("the running collector offers no drift of model %s on %s: does its config have ml_summary and ml_drift?", d.model, c.metrics), scrapeErr)
		}
		return found, errors.Join(fmt.Errorf("the collector has counted %s of %s on %s", console.Count(int(found.predictions)), console.Plural(delivered, "prediction"), c.metrics), scrapeErr)
	}
	return found, err
}

// report prints what was found, and what to do next.
func (d *demo) report(ctx context.Context, c *collector, found scraped, t *training) error {
	fs := found.findings
	if c.own() {
		if !d.keep { // the last window closes when the collector stops
			if err := c.stop(); err != nil {
				return err
			}
		}
		var err error
		if fs, err = readWindows(c.windows, d.model); err != nil {
			return err
		}
	}
	var names []string
	for _, f := range d.plan.Features {
		names = append(names, f.Name)
	}
	alerts, err := readAlerts(c.alerts)
	if err != nil {
		return err
	}
	r := &report{w: d.out, alerts: driftAlerts(alerts, d.model), now: !c.own(), width: console.Width(d.out)}
	for _, f := range fs.sorted(names) {
		if f.segment == "" {
			r.findings = append(r.findings, f)
		} else {
			r.segments = append(r.segments, f)
		}
	}
	if len(r.findings) == 0 {
		d.say("Drift", "Too few rows to say: no window of %s had enough (%d) to be compared with the baseline.", each(d.span.window()), minSamples)
		return nil
	}
	d.say("Drift", "%s compared with the baseline", each(d.span.window()))
	_, _ = io.WriteString(d.out, "\n")
	if err := r.table(); err != nil {
		return err
	}
	_, _ = io.WriteString(d.out, "\n")
	if _, err := r.sentences(); err != nil {
		return err
	}
	if t != nil {
		_, _ = io.WriteString(d.out, "\n")
		d.sayJob(t)
		if err := t.print(d.out, console.Width(d.out)); err != nil {
			return err
		}
	}
	if err := d.next(c, r.oneTrace(), t); err != nil {
		return err
	}
	if !d.keep || !c.own() {
		return nil
	}
	_, _ = fmt.Fprintf(d.out, "\nThe collector runs until Ctrl-C: curl %s\n", c.metrics)
	select {
	case <-ctx.Done():
		return nil
	case err := <-c.exited:
		c.exited <- err
		return fmt.Errorf("the collector has ended, see %s", c.log)
	}
}

// each names the windows.
func each(window string) string {
	switch window {
	case "day", "week", "month":
		return "each " + window
	}
	return "each " + strings.TrimSuffix(window, "0s")
}

// grep shows a span in a file of spans, by the beginning of its trace's id.
func grep(id, file string) string {
	return fmt.Sprintf("grep -o '%.16s.*' %s | head -c 2000", id, file)
}

func (d *demo) next(c *collector, id string, t *training) error {
	var b strings.Builder
	b.WriteString("\nWhat next\n")
	traces := c.traces
	if !c.own() {
		traces = runTraces
	}
	line := func(what, how string) { fmt.Fprintf(&b, "  %s\n    %s\n", what, how) }
	if id != "" {
		line("look at a prediction (Jaeger, of examples/jaeger-prometheus, finds its id)", grep(id, traces))
	}
	if t != nil {
		line("look at the broken run", grep(t.alert.TraceID.String(), traces))
	}
	line("look at the baseline and the card", "go run ./cmd/mlprofile show "+filepath.Join(c.catalog, "demo.json"))
	fmt.Fprintf(&b, "    cat %s\n", filepath.Join(c.catalog, "demo.yaml"))
	if d.data == "" {
		line("your own data", "make demo DATA=my.csv")
		line("break the training job in 40 ways", "examples/training-job")
	}
	line("your own service: set the attributes of docs/attributes.md on its spans, and", "make run")
	_, err := io.WriteString(d.out, b.String())
	return err
}
