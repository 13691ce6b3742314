// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
	"github.com/otelcol-ml/otelcol-ml/internal/trainingjob"
)

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
	d.columns.Label, d.columns.Score, d.columns.Positive = "outcome", "score", "fraud"
	d.columns.Exclude = []string{"transaction_id", "latency_ms"}
	split := d.start.Add(7 * 24 * time.Hour)
	d.span = span{from: d.start, split: split, to: d.start.Add(demoDays * 24 * time.Hour), rows: rows, rest: rows / 2}
	d.say("Data", "%s: %s of a fraud model, %s to %s, seed %d.\nOn %s something happens: %s.", d.file, console.Plural(rows, "prediction"),
		d.start.Format(time.DateOnly), d.start.Add((demoDays-1)*24*time.Hour).Format(time.DateOnly), d.seed,
		d.start.Add(shiftAfter).Format("2006-01-02 at 15:04"), theShift)
	return nil
}

// takeFile takes the user's file and guesses what its columns are.
func (d *demo) takeFile(ctx context.Context) error {
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
