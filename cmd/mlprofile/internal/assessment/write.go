// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package assessment

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
)

// WriteJSON writes all there is.
func (a *Assessment) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(a)
}

// wide are the measures of a line where there are several groups, by task.
var wide = map[Task][]string{
	Binary:     {"roc_auc", "precision", "recall", "fpr", "accuracy"},
	Multiclass: {"accuracy", "macro f1", "mcc"},
	Regression: {"mae", "rmse", "bias", "r2"},
	Ranking:    {"ndcg", "hit_rate"},
}

// WriteTable writes the measures: one group with all of them, or several with those that are named,
// the likeliest if none is.
func (a *Assessment) WriteTable(w io.Writer, measures []string) error {
	a.writeHead(w)
	if len(a.Groups) == 1 && len(measures) == 0 {
		if err := a.writeGroup(w, a.Groups[0]); err != nil {
			return err
		}
	} else if err := a.writeGroups(w, measures); err != nil {
		return err
	}
	if err := a.writeComparisons(w, measures); err != nil {
		return err
	}
	if err := a.writeAgreement(w); err != nil {
		return err
	}
	for _, note := range a.Notes {
		if _, err := fmt.Fprintln(w, "note: "+console.Clean(note, 300)); err != nil {
			return err
		}
	}
	return nil
}

func (a *Assessment) writeHead(w io.Writer) {
	for _, f := range a.Files {
		fmt.Fprintf(w, "%s: %s, %s of them labelled\n", console.Clean(f.Path, 200), console.Plural(f.Rows, "row"), console.Count(f.Labelled))
	}
	if l := a.Labels; l != nil {
		fmt.Fprintf(w, "%s: %s\n", console.Clean(l.Path, 200), console.Plural(l.Rows, "label"))
	}
	var parts []string
	for _, role := range []string{"prediction", "score", "label", "id", "timestamp", "version", "weight"} {
		if name := a.Columns[role]; name != "" {
			parts = append(parts, role+" "+console.Clean(name, 60))
		}
	}
	task := string(a.Task)
	if a.Positive != "" {
		task += " (positive: " + console.Clean(a.Positive, 60) + ")"
	}
	fmt.Fprintf(w, "%s; %s; intervals of %.3g %%\n\n", task, strings.Join(parts, ", "), a.Level*100)
}

// name is how a measure is written and asked for.
func (s Score) name() string {
	return strings.TrimSpace(strings.Join([]string{s.Average, string(s.Measure), s.Class}, " "))
}

func number(v *float64) string {
	if v == nil {
		return "-"
	}
	return console.Number(*v)
}

func (a *Assessment) writeGroup(w io.Writer, g Group) error {
	if c := g.Counts; c != nil {
		fmt.Fprintf(w, "tp %s  fp %s  fn %s  tn %s\n\n", console.Number(c.TP), console.Number(c.FP), console.Number(c.FN), console.Number(c.TN))
	}
	if len(g.Confusion) > 0 {
		t := console.NewTable("actual|", "predicted|", "rows")
		for _, c := range g.Confusion {
			t.Row(console.Clean(c.Actual, 40), console.Clean(c.Predicted, 40), console.Number(c.Weight))
		}
		if err := t.Write(w, ""); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	for _, list := range []struct {
		title  string
		scores []Score
	}{{"measured|", g.Measured}, {"estimated|", g.Estimated}} {
		if len(list.scores) == 0 {
			continue
		}
		t := console.NewTable(list.title, "value", "lower", "upper", "n", "bins may change it by")
		for _, s := range list.scores {
			off := ""
			if s.BinError > 0 {
				off = console.Number(s.BinError)
			}
			t.Row(console.Clean(s.name(), 60), number(s.Value), number(s.Lower), number(s.Upper), console.Number(s.N), off)
		}
		if err := t.Write(w, ""); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	return nil
}

// writeGroups writes a line for each group.
func (a *Assessment) writeGroups(w io.Writer, measures []string) error {
	if len(measures) == 0 {
		measures = wide[a.Task]
	}
	header := []string{"group|", "rows", "labelled"}
	for _, m := range measures {
		header = append(header, m)
		if a.BaselineRows > 0 && slices.ContainsFunc(a.Groups, func(g Group) bool { return find(g.Estimated, m) != nil }) {
			header = append(header, m+" estimated")
		}
	}
	t := console.NewTable(header...)
	for _, g := range a.Groups {
		cells := []string{console.Clean(g.title(), 100), console.Count(g.Rows), console.Count(g.Labelled)}
		for _, h := range header[3:] {
			name, estimated := strings.CutSuffix(h, " estimated")
			list := g.Measured
			if estimated {
				list = g.Estimated
			}
			cell := "-"
			if s := find(list, name); s != nil && s.Value != nil {
				cell = fmt.Sprintf("%s (%s to %s)", number(s.Value), number(s.Lower), number(s.Upper))
			}
			cells = append(cells, cell)
		}
		t.Row(cells...)
	}
	if err := t.Write(w, ""); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}

func find(list []Score, name string) *Score {
	for i := range list {
		if list[i].name() == name {
			return &list[i]
		}
	}
	return nil
}

func (g Group) title() string {
	return title(g.File, g.Version, g.Dimension, g.Segment, g.Period)
}

func title(file, version, dimension, segment, period string) string {
	var parts []string
	for _, part := range []string{file, version} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if dimension != "" {
		if segment == "" {
			segment = "(missing)"
		}
		parts = append(parts, dimension+"="+segment)
	}
	if period != "" {
		parts = append(parts, period)
	}
	if len(parts) == 0 {
		return "all"
	}
	return strings.Join(parts, "  ")
}

func (a *Assessment) writeComparisons(w io.Writer, measures []string) error {
	for _, c := range a.Comparisons {
		where := title("", "", c.Dimension, c.Segment, c.Period)
		fmt.Fprintf(w, "%s beside %s, %s\n", console.Clean(c.After, 100), console.Clean(c.Before, 100), console.Clean(where, 100))
		t := console.NewTable("difference|", "value", "lower", "upper", "detectable", "at any time|", "margin", "verdict|")
		for _, d := range c.Differences {
			name := Score{Measure: d.Measure, Class: d.Class, Average: d.Average}.name()
			if len(measures) > 0 && !slices.Contains(measures, name) {
				continue
			}
			whenever := ""
			if v := d.AlwaysValid; v != nil {
				whenever = fmt.Sprintf("%s to %s, p %s", console.Number(v.Lower), console.Number(v.Upper), console.PValue(v.P))
			}
			t.Row(console.Clean(name, 60), number(d.Value), number(d.Lower), number(d.Upper), number(d.Detectable), whenever, optional(d.Margin), verdict(d.Verdict, d.RowsNeeded))
		}
		if err := t.Write(w, ""); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	return nil
}

func optional(v *float64) string {
	if v == nil {
		return ""
	}
	return number(v)
}

// verdict says how many rows it would take, where they are too few.
func verdict(v evaluation.Verdict, rows *float64) string {
	text := strings.ReplaceAll(string(v), "_", " ")
	if rows != nil {
		text += fmt.Sprintf(" at this volume: %s rows on each side would do", console.Count(int64(*rows)))
	}
	return text
}

func (a *Assessment) writeAgreement(w io.Writer) error {
	g := a.Agreement
	if g == nil {
		return nil
	}
	fmt.Fprintf(w, "%s with one id; %s in the first file alone, %s in the second\n", console.Plural(g.Pairs, "pair"), console.Count(g.OnlyFirst), console.Count(g.OnlySecond))
	for _, s := range g.Scores {
		fmt.Fprintf(w, "%s %s (%s to %s)\n", s.Measure, number(s.Value), number(s.Lower), number(s.Upper))
	}
	if len(g.Disagreements) > 0 {
		fmt.Fprintln(w)
		t := console.NewTable("first|", "second|", "pairs")
		for _, d := range g.Disagreements {
			t.Row(console.Clean(d.First, 40), console.Clean(d.Second, 40), console.Number(d.Weight))
		}
		if err := t.Write(w, ""); err != nil {
			return err
		}
	}
	if len(g.Paired) > 0 {
		fmt.Fprintln(w)
		t := console.NewTable("same rows|", "first", "second", "difference", "lower", "upper", "only first", "only second", "McNemar p", "mid-p", "margin", "verdict|")
		for _, d := range g.Paired {
			t.Row(string(d.Measure), number(d.First.Value), number(d.Second.Value), number(d.Value), number(d.Lower), number(d.Upper),
				console.Count(d.OnlyFirst), console.Count(d.OnlySecond), console.PValue(d.McNemar), console.PValue(d.MidP), optional(d.Margin), verdict(d.Verdict, d.RowsNeeded))
		}
		if err := t.Write(w, ""); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}

// Names are those of all measures that a group has, as they are asked for.
func (a *Assessment) Names() []string {
	var out []string
	for _, g := range a.Groups {
		for _, list := range [][]Score{g.Measured, g.Estimated} {
			for _, s := range list {
				if !slices.Contains(out, s.name()) {
					out = append(out, s.name())
				}
			}
		}
	}
	return out
}

// Missing are those of the names that no group has.
func (a *Assessment) Missing(names []string) []string {
	has := a.Names()
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(has, name) })
}
