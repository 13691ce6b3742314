// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// report prints what was found, and what to do next.
func (d *demo) report(ctx context.Context, c *collector, found scraped, q *quality, fired []alert.Alert, t *training) error {
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
	if len(fired) > 0 {
		_, _ = io.WriteString(d.out, "\n")
		d.say("Alerts", "that the shipped Prometheus rules on drift raise on these metrics, in the collector")
		if err := printRules(d.out, fired, console.Width(d.out)); err != nil {
			return err
		}
	}
	if q != nil {
		_, _ = io.WriteString(d.out, "\n")
		d.say("Quality", "%s, by its scores alone when it has ended, and by labels when they have come", each(d.span.window()))
		_, _ = io.WriteString(d.out, "\n")
		if err := q.print(d.out, console.Width(d.out)); err != nil {
			return err
		}
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
