// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/stream"
)

// streamPrinter writes what stream finds.
type streamPrinter interface {
	change(row int64, at time.Time, c stream.Change) error
	estimate(row int64, v float64) error
	end() error
}

func newStreamPrinter(r *streamRun, w io.Writer) streamPrinter {
	if !r.json {
		return &streamText{run: r, w: w}
	}
	out := streamOutput{
		Column: r.column, Label: r.label, Detector: r.detector, Parameters: map[string]float64{}, Changes: []streamChange{},
	}
	for _, p := range stream.Parameters(r.detector) {
		out.Parameters[p.Name] = p.Default
	}
	maps.Copy(out.Parameters, r.parameters)
	return &streamJSON{run: r, w: w, out: out}
}

// streamText writes a line for each change, when it comes.
type streamText struct {
	run     *streamRun
	w       io.Writer
	changes int
}

// timeLayout is how points in time are written.
const timeLayout = "2006-01-02 15:04:05"

func (p *streamText) change(row int64, at time.Time, c stream.Change) error {
	var line strings.Builder
	fmt.Fprintf(&line, "row %s", console.Count(row))
	if !at.IsZero() {
		line.WriteString("  " + at.UTC().Format(timeLayout))
	}
	line.WriteString("  " + c.Level.String())
	if c.Level == stream.Drift {
		p.changes++
		fmt.Fprintf(&line, "  %s → %s", console.Number(c.Before), console.Number(c.After))
	}
	if c.Since > 0 {
		line.WriteString("  since " + console.Plural(c.Since, "value"))
	}
	_, err := fmt.Fprintln(p.w, line.String())
	return err
}

func (p *streamText) estimate(row int64, v float64) error {
	_, err := fmt.Fprintf(p.w, "row %s  estimate %s\n", console.Count(row), console.Number(v))
	return err
}

func (p *streamText) end() error {
	f := p.run
	lines := f.notes()
	last := fmt.Sprintf("%s in %s of %s by %s", console.Plural(p.changes, "change"), console.Plural(f.values, "value"), console.Clean(f.column, 60), f.detector)
	if f.values > 0 {
		last += "; estimate " + console.Number(f.watched.Estimate())
	}
	for _, line := range append(lines, last) {
		if _, err := fmt.Fprintln(p.w, line); err != nil {
			return err
		}
	}
	return nil
}

// streamOutput is what stream --json prints.
type streamOutput struct {
	Column     string             `json:"column"`
	Label      string             `json:"label,omitempty"`
	Detector   string             `json:"detector"`
	Parameters map[string]float64 `json:"parameters"`
	// Rows are those of the file, Values those that were given to the detector.
	Rows    int64 `json:"rows"`
	Values  int64 `json:"values"`
	Missing int64 `json:"missing"`
	// OutOfOrder are rows whose time is before that of the row before.
	OutOfOrder int64          `json:"out_of_order"`
	Changes    []streamChange `json:"changes"`
	// Estimate is the mean since the last change; null is none.
	Estimate *float64 `json:"estimate"`
	// Estimates are those after each row with a value, where they are asked for.
	Estimates []*float64 `json:"estimates,omitempty"`
	Notes     []string   `json:"notes,omitempty"`
}

// streamChange is a row at which there is a change or a warning.
type streamChange struct {
	// Row is counted from 1.
	Row   int64      `json:"row"`
	Time  *time.Time `json:"time,omitempty"`
	Level string     `json:"level"`
	// Before and After are the means on either side of a change.
	Before *float64 `json:"before,omitempty"`
	After  *float64 `json:"after,omitempty"`
	// Since is how many of the last values are after the change; absent where it is not known.
	Since int `json:"since,omitempty"`
}

// streamJSON writes one object at the end.
type streamJSON struct {
	run *streamRun
	w   io.Writer
	out streamOutput
}

func (p *streamJSON) change(row int64, at time.Time, c stream.Change) error {
	change := streamChange{Row: row, Level: c.Level.String(), Since: c.Since}
	if !at.IsZero() {
		at = at.UTC()
		change.Time = &at
	}
	if c.Level == stream.Drift {
		change.Before, change.After = finite(c.Before), finite(c.After)
	}
	p.out.Changes = append(p.out.Changes, change)
	return nil
}

func (p *streamJSON) estimate(_ int64, v float64) error {
	p.out.Estimates = append(p.out.Estimates, finite(v))
	return nil
}

func (p *streamJSON) end() error {
	f := p.run
	p.out.Rows, p.out.Values, p.out.Missing, p.out.OutOfOrder = f.rows, f.values, f.missing, f.unordered
	p.out.Estimate, p.out.Notes = finite(f.watched.Estimate()), f.notes()
	enc := json.NewEncoder(p.w)
	enc.SetIndent("", "  ")
	return enc.Encode(p.out)
}
