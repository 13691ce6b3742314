// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/cmd/internal/replay"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/trainingjob"
)

// goodRuns is the number of good runs that ml_job needs to know what is usual, by default.
const goodRuns = 5

// theBreak is what happens to the training job in its last run: rows get lost without an error.
var theBreak = trainingjob.Break{Stage: trainingjob.Transform, How: trainingjob.Rows}

// training is the demo's second part: a job that runs well for some days, then loses rows, and
// believes that all is well.
type training struct {
	broken trainingjob.Result
	alert  alert.Alert
	// resolved says that the next good run has ended the alert.
	resolved bool
}

// train runs the job, good ones first, then a broken one, and waits for what ml_job says.
func (d *demo) train(ctx context.Context, c *collector) (t *training, err error) {
	t = &training{}
	exporter, err := replay.NewExporter(ctx, replay.Target{Endpoint: c.otlp})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, exporter.Shutdown(context.WithoutCancel(ctx))) }()
	today := d.start.AddDate(0, 0, demoDays)
	run := func(days int, b trainingjob.Break) (trainingjob.Result, error) {
		date := today.AddDate(0, 0, days)
		return trainingjob.Run(ctx, trainingjob.Options{
			Job: d.job, RunID: "demo__" + date.Format(time.DateOnly), LogicalDate: date, Seed: d.seed, Break: b, Fast: true,
			Folder: filepath.Join(d.folder, "training"), Exporter: exporter,
		})
	}
	// The next run begins when those before have been judged, as the days of a real job do.
	limit := 30 * time.Second
	if !c.own() {
		limit = time.Minute
		_, _ = fmt.Fprintln(d.err, "             a training job runs six times; the collector decides about each run after its decision_wait")
	}
	for i := range goodRuns {
		if _, err := run(i-goodRuns-1, trainingjob.Break{}); err != nil {
			return nil, err
		}
	}
	if err := c.judged(ctx, limit, d.job, goodRuns); err != nil {
		return nil, err
	}
	if t.broken, err = run(-1, theBreak); err != nil {
		return nil, err
	}
	t.alert, err = c.alertOf(ctx, limit, d.job, alert.Firing)
	// Whatever came of it, no alert of a demo must stay in somebody's collector.
	if _, again := run(0, trainingjob.Break{}); err != nil || again != nil {
		return nil, errors.Join(err, again)
	}
	if !c.own() {
		return t, nil
	}
	_, err = c.alertOf(ctx, limit, d.job, alert.Resolved)
	t.resolved = err == nil
	return t, err
}

var errNoJobs = errors.New("the collector does not seem to have ml_job with alerts in a file")

// judged waits until the collector has counted so many good runs of a job.
func (c *collector) judged(ctx context.Context, limit time.Duration, name string, n float64) error {
	err := poll(ctx, limit, 200*time.Millisecond, func() (bool, error) {
		samples, err := c.scrape(ctx)
		return err == nil && successes(samples, name) >= n, nil
	})
	if errors.Is(err, errTime) {
		return fmt.Errorf("%w: it has not counted the good runs of %s on %s", errNoJobs, name, c.metrics)
	}
	return err
}

// successes is the number of good runs of a job.
func successes(samples []sample, name string) (n float64) {
	for _, s := range samples {
		if s.name == "ml_job_run_count_total" && s.labels["cicd_pipeline_name"] == name && s.labels["cicd_pipeline_result"] == "success" {
			n += s.value
		}
	}
	return n
}

// sayJob prints what was run.
func (d *demo) sayJob(t *training) {
	d.say("Job", "%s ran well for %d days; then %s.\nThe job has not noticed: no error, %s rows left of %s, val_auc %.3f.", d.job, goodRuns, theBreak.Way().Does,
		console.Count(t.broken.Rows[theBreak.Stage]), console.Count(t.broken.Rows[trainingjob.Validate]), t.broken.AUC)
}

// print writes the alert as a few lines.
func (t *training) print(w io.Writer, width int) error {
	a := t.alert
	var b strings.Builder
	b.WriteString("\n" + console.Wrap(fmt.Sprintf("%s %s: %s", strings.ToUpper(string(a.Severity)), a.Name, console.Clean(a.Summary, 300)), width, "  ", "      ") + "\n")
	line := func(name, value string) {
		if value != "" {
			b.WriteString(console.Wrap(console.Clean(value, 200), width, fmt.Sprintf("      %-14s ", name), strings.Repeat(" ", 21)) + "\n")
		}
	}
	line("stage", a.Labels["stage"])
	line("root cause", a.Annotations["root_cause"])
	line("inherited by", a.Annotations["inherited_by"])
	line("run", a.Annotations["run_id"])
	line("trace", a.TraceID.String())
	if t.resolved {
		b.WriteString("      The good run of the next day has resolved it.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
