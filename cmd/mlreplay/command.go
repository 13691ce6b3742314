// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/cmd/internal/dataflags"
	"github.com/otelcol-ml/otelcol-ml/cmd/internal/labels"
	"github.com/otelcol-ml/otelcol-ml/cmd/internal/replay"
	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// flags are the flags of the command.
type flags struct {
	columns       dataflags.Columns
	options       replay.Options
	target        replay.Target
	insecure      bool
	segments      []string
	probabilities []string
	unit          string
	headers       []string
	quiet         bool

	labels     replay.Labels
	labelsFile string
	labelsTo   string
}

func newCommand() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "mlreplay FILE...",
		Short: "Send the rows of data files as prediction spans",
		Long: `mlreplay reads CSV, JSON lines or Parquet files, a row a prediction, and sends each row as a span to a collector. With a timestamp
column each span ends at its row's time, so that months pass in seconds; without one, or with --now, it ends when it is sent.

With --label, what was right is posted to the collector's ground_truth receiver as well, when it is known: --label-delay after its row,
in the time of the rows, or of the clock with --now. Labels name their row by the column of --id, or else by the span.

A cell without a value becomes no attribute. Rows are sent in order, and each batch is waited for: the command ends with
an error, and says how many spans were delivered, at the first batch that the collector does not take.`,
		Example: `  mlreplay traffic.csv --model fraud --version 7 --prediction label --confidence score --timestamp at
  mlreplay traffic.parquet --model fraud --prediction label --now --rate 50 --segment country=country
  mlreplay traffic.csv --model fraud --prediction answer --score score --timestamp at --id id --label is_fraud --label-delay 72h`,
		Args:          cobra.MinimumNArgs(1),
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, files []string) error {
			if cmd.Flags().Changed("insecure") {
				f.target.Insecure = &f.insecure
			}
			return f.run(cmd.Context(), files, cmd.ErrOrStderr())
		},
	}
	o, t := &f.options, &f.target
	s := cmd.Flags()
	s.StringVar(&t.Endpoint, "endpoint", "", "the collector: host:port or an address (default localhost:4317, with --protocol http 4318)")
	s.StringVar(&t.Protocol, "protocol", "grpc", "grpc or http")
	s.BoolVar(&f.insecure, "insecure", false, "without TLS; by itself for http:// and for this machine")
	s.StringArrayVar(&f.headers, "header", nil, "KEY=VALUE to send along (repeatable)")
	s.DurationVar(&t.Timeout, "timeout", 30*time.Second, "how long a batch is tried again while the collector does not take it")
	s.StringVar(&o.Model, "model", "", "ml.model.name (required)")
	s.StringVar(&o.Version, "version", "", "ml.model.version")
	s.StringVar(&o.VersionColumn, "version-column", "", "column of the version, in place of --version")
	s.StringVar(&o.Role, "role", "", "ml.model.role: primary, shadow or canary")
	s.StringVar(&o.Environment, "environment", "", "deployment.environment.name")
	s.StringVar(&o.Service, "service", "mlreplay", "service.name")
	s.StringVar(&o.Task, "task", "", "classification or regression; by what the answers look like if not given")
	s.StringVar(&o.ID, "id", "", "column of ml.prediction.id")
	s.StringVar(&o.Score, "score", "", "column of the positive class's score")
	s.StringArrayVar(&f.probabilities, "probability", nil, "CLASS=COLUMN: the score of a class, of several (repeatable)")
	s.StringVar(&f.labels.Column, "label", "", "column of what was right, a class or a number, which is posted as a label; a row without a value has none")
	s.StringVar(&f.labelsFile, "labels", "", "file with the column of --label, by --id, in place of the rows")
	s.DurationVar(&f.labels.Delay, "label-delay", 0, "how long after its row a label is known")
	s.StringVar(&f.labels.TimeColumn, "label-time", "", "column of when a label was known, in place of --label-delay")
	s.StringVar(&f.labelsTo, "labels-endpoint", labels.DefaultEndpoint, "where labels are posted")
	s.StringVar(&o.Latency, "latency", "", "column of the prediction's duration")
	s.StringVar(&f.unit, "latency-unit", "s", "what --latency counts: s, ms or us")
	s.StringArrayVar(&f.segments, "segment", nil, "DIMENSION=COLUMN: cohorts to watch (repeatable); a column can be a feature, too")
	s.BoolVar(&o.AsMap, "as-map", false, "all features in the one attribute ml.features")
	s.BoolVar(&o.Now, "now", false, "stamp spans with the time at which they are sent")
	s.BoolVar(&o.Sort, "sort", false, "read all rows first and send them by their timestamps")
	s.Float64Var(&o.Rate, "rate", 0, "rows a second; 0 is as fast as the collector takes them")
	s.IntVar(&o.Limit, "limit", 0, "rows to send at most; 0 is all")
	s.IntVar(&o.BatchSize, "batch-size", replay.DefaultBatchSize, "spans in a request")
	s.BoolVarP(&f.quiet, "quiet", "q", false, "print errors only")
	f.columns.Register(s)
	cmd.CompletionOptions.HiddenDefaultCmd = true
	return cmd
}

// finish completes the options by the flags that need work.
func (f *flags) finish() error {
	var errs []error
	columns, err := f.columns.Options()
	errs = append(errs, err)
	o := &f.options
	o.Options = columns
	for _, s := range f.segments {
		dimension, column, ok := strings.Cut(s, "=")
		if !ok {
			column = dimension
		}
		if dimension == "" || column == "" {
			errs = append(errs, fmt.Errorf("--segment: %q is not DIMENSION=COLUMN", s))
		}
		o.Segments = append(o.Segments, replay.Segment{Dimension: dimension, Column: column})
	}
	for _, h := range f.headers {
		key, value, ok := strings.Cut(h, "=")
		if !ok || key == "" {
			errs = append(errs, errors.New("--header: must be KEY=VALUE")) // without the value: it may be a secret
			continue
		}
		if f.target.Headers == nil {
			f.target.Headers = map[string]string{}
		}
		f.target.Headers[key] = value
	}
	for _, p := range f.probabilities {
		i := strings.LastIndex(p, "=")
		if i < 1 || i == len(p)-1 {
			errs = append(errs, fmt.Errorf("--probability: %q is not CLASS=COLUMN", p))
			continue
		}
		o.Probabilities = append(o.Probabilities, baseline.Probability{Class: p[:i], Column: p[i+1:]})
	}
	errs = append(errs, f.finishLabels())
	var ok bool
	if o.LatencyUnit, ok = map[string]time.Duration{"s": time.Second, "ms": time.Millisecond, "us": time.Microsecond}[f.unit]; !ok {
		errs = append(errs, fmt.Errorf("--latency-unit: %q is none of s, ms, us", f.unit))
	}
	return errors.Join(errs...)
}

// finishLabels completes the options on labels, where there are any.
func (f *flags) finishLabels() (err error) {
	l := &f.labels
	if l.Column == "" {
		if f.labelsFile != "" || l.TimeColumn != "" || l.Delay != 0 {
			return errors.New("--labels, --label-time and --label-delay: the column of the labels is needed, --label")
		}
		return nil
	}
	f.options.Labels = l
	l.Client, err = labels.NewClient(labels.Options{Endpoint: f.labelsTo, Headers: f.target.Headers, Timeout: f.target.Timeout})
	return err
}

func (f *flags) run(ctx context.Context, files []string, stderr io.Writer) (err error) {
	if err := f.finish(); err != nil {
		return err
	}
	o := &f.options
	if f.labelsFile != "" {
		if f.labels.Known, err = replay.ReadLabels(ctx, f.labelsFile, o.Table, o.ID, &f.labels); err != nil {
			return err
		}
	}
	schema, err := table.Infer(ctx, files, o.Table)
	if err != nil {
		return err
	}
	plan, err := replay.NewPlan(schema, *o)
	if err != nil {
		return err
	}
	exporter, err := replay.NewExporter(ctx, f.target)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, exporter.Shutdown(context.WithoutCancel(ctx))) }()

	total := schema.Rows
	if o.Limit > 0 {
		total = min(total, o.Limit)
	}
	if !o.From.IsZero() || !o.To.IsZero() {
		total = 0 // not known
	}
	var progress *console.Progress
	if !f.quiet {
		if _, err := fmt.Fprintln(stderr, describe(plan, o)); err != nil {
			return err
		}
		progress = console.NewProgress(stderr, "replay", total)
		o.Progress = progress.Set
	}
	result, err := replay.Run(ctx, files, plan, *o, exporter)
	if err != nil {
		progress.Clear()
		return fmt.Errorf("%w\n%s", err, undelivered(result, total)+f.unsent(result))
	}
	progress.Finish("span")
	if result.Delivered == 0 {
		return errors.New("no row was in the range")
	}
	if f.quiet {
		return nil
	}
	if plan.Timestamp != nil && !o.Now {
		const layout = "2006-01-02 15:04:05"
		_, err = fmt.Fprintf(stderr, "from %s to %s\n", result.First.Format(layout), result.Last.Format(layout))
	}
	if result.Backwards > 0 && !o.Now {
		_, err = fmt.Fprintf(stderr, "%s older than the row before; --sort sends rows by their time\n", console.Plural(result.Backwards, "row"))
	}
	if o.Labels != nil {
		_, err = fmt.Fprintln(stderr, f.labelled(result))
	}
	return err
}

// labelled says what became of the labels.
func (f *flags) labelled(r replay.Result) string {
	t := f.labels.Client.Tally
	var s strings.Builder
	s.WriteString("labels: " + console.Count(t.Accepted) + " accepted")
	for _, x := range []struct {
		n    int
		what string
	}{
		{t.Duplicate, " known before"},
		{t.Late, " too late"},
		{r.Unsent, " not known yet"},
	} {
		if x.n > 0 {
			s.WriteString(", " + console.Count(x.n) + x.what)
		}
	}
	if r.Unlabelled > 0 {
		s.WriteString("; " + console.Plural(r.Unlabelled, "row") + " without a label")
	}
	if r.Orphans > 0 {
		s.WriteString("; " + console.Plural(r.Orphans, "id") + " of " + console.Clean(f.labelsFile, 60) + " in no row")
	}
	return s.String()
}

// unsent says how far labels came.
func (f *flags) unsent(r replay.Result) string {
	if f.options.Labels == nil {
		return ""
	}
	t := f.labels.Client.Tally
	s := "; " + console.Plural(t.Sent()-t.Rejected, "label") + " delivered"
	if t.Rejected > 0 {
		s += ", " + console.Count(t.Rejected) + " rejected"
	}
	if r.Unsent > 0 {
		s += ", " + console.Count(r.Unsent) + " not sent"
	}
	return s
}

// undelivered says how far it came.
func undelivered(r replay.Result, total int) string {
	s := console.Plural(r.Delivered, "span") + " delivered"
	if r.Failed > 0 {
		s += ", " + console.Count(r.Failed) + " refused"
	}
	if rest := total - r.Delivered - r.Failed; total > 0 && rest > 0 {
		s += ", " + console.Count(rest) + " not sent"
	}
	return s
}

// describe says what becomes of the columns, and why.
func describe(plan *baseline.Plan, o *replay.Options) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s: %s", console.Clean(o.Model, 60), console.Plural(len(plan.Features), "feature"))
	if p := plan.Prediction; p != nil {
		what := "class"
		if o.Task == "regression" || o.Task == "" && p.As == "numeric" {
			what = "value"
		}
		fmt.Fprintf(&s, ", %s from %s", what, console.Clean(p.Name, 40))
	}
	if p := plan.Confidence; p != nil {
		s.WriteString(", confidence from " + console.Clean(p.Name, 40))
	}
	switch p := plan.Timestamp; {
	case o.Now || p == nil:
		s.WriteString(", stamped now")
	default:
		s.WriteString(", time from " + console.Clean(p.Name, 40))
	}
	if l := o.Labels; l != nil {
		s.WriteString(", labels from " + console.Clean(l.Column, 40))
	}
	for _, note := range plan.Schema.Notes {
		s.WriteString("\n  " + console.Clean(note, 300))
	}
	for _, c := range plan.Columns {
		switch {
		case c.Role == baseline.RoleNone && c.Note() != "" && c.Note() != "excluded":
			fmt.Fprintf(&s, "\n  left out %s: %s", console.Clean(c.Name, 40), console.Clean(c.Note(), 300))
		case c.Role != baseline.RoleNone && (c.AmbiguousNumbers || c.Numbers != table.Plain || len(c.MeansMissing) > 0):
			fmt.Fprintf(&s, "\n  %s: %s", console.Clean(c.Name, 40), console.Clean(c.Note(), 300))
		}
	}
	return s.String()
}
