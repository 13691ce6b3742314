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
	"github.com/otelcol-ml/otelcol-ml/cmd/internal/replay"
	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// flags are the flags of the command.
type flags struct {
	columns  dataflags.Columns
	options  replay.Options
	target   replay.Target
	insecure bool
	segments []string
	unit     string
	headers  []string
	quiet    bool
}

func newCommand() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "mlreplay FILE...",
		Short: "Send the rows of data files as prediction spans",
		Long: `mlreplay reads CSV, JSON lines or Parquet files, a row a prediction, and sends each row as a span to a collector. With a timestamp
column each span ends at its row's time, so that months pass in seconds; without one, or with --now, it ends when it is sent.

A cell without a value becomes no attribute. Rows are sent in order, and each batch is waited for: the command ends with
an error, and says how many spans were delivered, at the first batch that the collector does not take.`,
		Example: `  mlreplay traffic.csv --model fraud --version 7 --prediction label --confidence score --timestamp at
  mlreplay traffic.parquet --model fraud --prediction label --now --rate 50 --segment country=country`,
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
	var ok bool
	if o.LatencyUnit, ok = map[string]time.Duration{"s": time.Second, "ms": time.Millisecond, "us": time.Microsecond}[f.unit]; !ok {
		errs = append(errs, fmt.Errorf("--latency-unit: %q is none of s, ms, us", f.unit))
	}
	return errors.Join(errs...)
}

func (f *flags) run(ctx context.Context, files []string, stderr io.Writer) (err error) {
	if err := f.finish(); err != nil {
		return err
	}
	o := &f.options
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
		return fmt.Errorf("%w\n%s", err, undelivered(result, total))
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
	return err
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
