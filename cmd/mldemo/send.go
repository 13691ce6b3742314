// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/cmd/internal/labels"
	"github.com/otelcol-ml/otelcol-ml/cmd/internal/replay"
)

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
	c, err := start(ctx, d.binary, d.folder, d.span.window())
	if err != nil {
		return nil, err
	}
	d.say("Collector", "one of the demo's own, on free ports: OTLP on %s, numbers on %s. Its config is %s. Whatever else runs is left alone.",
		c.otlp, c.metrics, filepath.Join(d.folder, "collector.yaml"))
	return c, nil
}

// replay sends the rest, with what was right where that is known and the collector is our own.
func (d *demo) replay(ctx context.Context, c *collector) (sent replayed, err error) {
	o := replay.Options{Options: d.columns, Model: d.model, Service: "mldemo", Segments: d.segments()}
	if d.data == "" {
		o.ID, o.Latency, o.LatencyUnit = "transaction_id", "latency_ms", time.Millisecond
	}
	if d.at == nil {
		o.From, o.Sort = d.span.split, true
	} else {
		o.At, o.Skip = d.at, d.span.rows-d.span.rest
	}
	text := "%s from %s on, as spans with their own timestamps"
	if d.columns.Label != "" && c.own() {
		o.Score = d.columns.Score
		o.Labels = &replay.Labels{Column: d.columns.Label, Delay: labelDelay}
		if o.Labels.Client, err = labels.NewClient(labels.Options{Endpoint: c.labels}); err != nil {
			return sent, err
		}
		text += "; what was right follows two days later, as labels"
	}
	exporter, err := replay.NewExporter(ctx, replay.Target{Endpoint: c.otlp})
	if err != nil {
		return sent, err
	}
	defer func() { err = errors.Join(err, exporter.Shutdown(context.WithoutCancel(ctx))) }()
	d.say("Replay", text, console.Plural(d.span.rest, "row"), stamp(d.span.split))
	progress := console.NewProgress(d.err, "             replay", d.span.rest)
	o.Progress = progress.Set
	sent.Result, err = replay.Run(ctx, []string{d.file}, d.plan, o, exporter)
	if err != nil {
		progress.Clear()
		return sent, err
	}
	progress.Finish("span")
	if o.Labels != nil {
		sent.labels = o.Labels.Client.Tally.Accepted
	}
	return sent, nil
}

// replayed is what was sent.
type replayed struct {
	replay.Result
	// labels is the number of labels that the collector has taken.
	labels int
}

// wait polls what the collector offers to Prometheus until it has counted everything.
func (d *demo) wait(ctx context.Context, c *collector, sent replayed) (scraped, error) {
	delivered, last := sent.Delivered, sent.Last
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
