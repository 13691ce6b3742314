// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

func newShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show BASELINE",
		Short: "Show a baseline with a small histogram of each column",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := profile.Load(args[0])
			if err != nil {
				return err
			}
			return show(cmd.OutOrStdout(), p)
		},
	}
}

func show(w io.Writer, p *profile.Profile) error {
	name := p.Name
	if name == "" {
		name = "a baseline"
	}
	if _, err := fmt.Fprintf(w, "%s: %s, %s%s", console.Clean(name, 60), console.Plural(p.Rows, "row"), console.Plural(len(p.Features), "feature"), period(p)); err != nil {
		return err
	}
	if !p.CreatedAt.IsZero() {
		if _, err := fmt.Fprintf(w, "; made %s", p.CreatedAt.Format("2006-01-02")); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(w, "\n\n"); err != nil {
		return err
	}
	columns := p.Features
	label := func(c *profile.Column) string { return console.Clean(c.Name, 40) }
	t := console.NewTable("column|", "values", "missing", "min", "mean", "max", "sd", "distribution|")
	row := func(name string, c *profile.Column) {
		cells := []string{name, console.Count(c.Count), console.Percent(c.MissingRatio())}
		if n := c.Numeric; n != nil {
			t.Row(append(cells, console.Number(n.Min), console.Number(n.Mean), console.Number(n.Max), console.Number(n.StdDev), "│"+console.Spark(histogram(n, 24))+"│")...)
		} else {
			t.Row(append(cells, "", "", "", "", categories(c))...)
		}
	}
	for _, c := range columns {
		row(label(c), c)
	}
	if p.Prediction != nil {
		row(label(p.Prediction)+" (prediction)", p.Prediction)
	}
	if p.Confidence != nil {
		row(label(p.Confidence)+" (confidence)", p.Confidence)
	}
	if err := t.Write(w, ""); err != nil {
		return err
	}
	return showCalibration(w, p.Calibration)
}

// showCalibration writes the probabilities of some scores; nothing of nil.
func showCalibration(w io.Writer, c *profile.Calibration) error {
	if c == nil {
		return nil
	}
	if _, err := fmt.Fprintf(w, "\ncalibration, of %s with a label: the probability of the class by its score\n\n", console.Plural(c.Rows, "row")); err != nil {
		return err
	}
	scores := []float64{0.1, 0.25, 0.5, 0.75, 0.9}
	header := []string{"class|", "scores"}
	for _, score := range scores {
		header = append(header, console.Number(score))
	}
	t := console.NewTable(header...)
	known := c.Isotonics()
	for i := range c.Classes {
		class := &c.Classes[i]
		cells := []string{console.Clean(class.Class, 40), console.Count(len(class.Scores))}
		for _, score := range scores {
			cells = append(cells, console.Number(known[class.Class].At(score)))
		}
		t.Row(cells...)
	}
	return t.Write(w, "")
}

// histogram spreads the mass of the bins over cells of equal width from the minimum to the maximum.
func histogram(n *profile.NumericColumn, cells int) []float64 {
	out := make([]float64, cells)
	width := (n.Max - n.Min) / float64(cells)
	if !(width > 0) || math.IsInf(width, 0) {
		out[cells/2] = 1
		return out
	}
	cell := func(v float64) int { return min(max(int((v-n.Min)/width), 0), cells-1) }
	for i, c := range n.Counts {
		if c == 0 {
			continue
		}
		lo, hi := n.Min, n.Max
		if i > 0 {
			lo = max(lo, n.Bounds[i-1])
		}
		if i < len(n.Bounds) {
			hi = min(hi, n.Bounds[i])
		}
		first, last := cell(lo), cell(hi)
		if first == last || hi <= lo {
			out[last] += float64(c)
			continue
		}
		for k := first; k <= last; k++ {
			from, to := max(lo, n.Min+float64(k)*width), min(hi, n.Min+float64(k+1)*width)
			if k == last {
				to = hi
			}
			out[k] += float64(c) * max(to-from, 0) / (hi - lo)
		}
	}
	return out
}

// categories writes the shares of the most frequent values.
func categories(c *profile.Column) string {
	const most = 4
	if c.Count == 0 {
		return "no values"
	}
	var parts []string
	rest := c.Other
	for i, cat := range c.MostFrequent() {
		if i < most {
			parts = append(parts, console.Clean(cat.Value, 16)+" "+console.Percent(float64(cat.Count)/float64(c.Count)))
		} else {
			rest += cat.Count
		}
	}
	if more := len(c.Categories) - most; more > 0 || c.Other > 0 {
		what := "others"
		if more > 0 && c.Other == 0 {
			what = console.Count(more) + " more"
		}
		parts = append(parts, what+" "+console.Percent(float64(rest)/float64(c.Count)))
	}
	return strings.Join(parts, "  ")
}
