// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
)

func (f *scoreFlags) printJSON(w io.Writer, scores []score) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if len(scores) == 1 && !f.all && len(f.names) == 1 {
		return enc.Encode(scores[0])
	}
	return enc.Encode(scores)
}

func printScore(w io.Writer, s score) error {
	how := "on the values themselves"
	switch {
	case s.Computed == "bins":
		how = fmt.Sprintf("on %s of the reference, as the collector does", console.Plural(s.Cells, "cell"))
	case s.Cells > 0:
		how = "on " + console.Plural(s.Cells, "distinct value")
	}
	switch {
	case s.Error == math.MaxFloat64:
		how += ", how far from the values' is not known"
	case s.Error > 0:
		how += fmt.Sprintf(", at most %.3g from the values'", s.Error)
	}
	if s.Scale != "" {
		how += ", scale " + s.Scale
	}
	if s.Test != "" {
		how += ", " + strings.ReplaceAll(s.Test, "_", " ")
	}
	_, err := fmt.Fprintf(w, `%s of %s: %.10g
  verdict    %s
  effect     %.6g, threshold %g
  p-value    %.6g, statistic %.6g
  reference  %s values, %s missing
  current    %s values, %s missing
  computed   %s
`, s.Method, console.Clean(s.Column, 60), s.Score, s.Verdict, s.Effect, s.Threshold, s.PValue, s.Statistic,
		amount(s.ReferenceSamples), console.Percent(s.ReferenceMissing), amount(s.CurrentSamples), console.Percent(s.CurrentMissing), how)
	return err
}

func printScores(w io.Writer, scores []score) error {
	slices.SortStableFunc(scores, func(a, b score) int { return cmp.Compare(b.Effect, a.Effect) })
	t := console.NewTable("column|", "method|", "score", "effect", "threshold", "p-value", "verdict|", "n reference", "n current", "missing", "was", "computed|")
	for _, s := range scores {
		t.Row(console.Clean(s.Column, 40), s.Method, console.Number(s.Score), console.Number(s.Effect), console.Number(s.Threshold), console.PValue(s.PValue), s.Verdict,
			amount(s.ReferenceSamples), amount(s.CurrentSamples), console.Percent(s.CurrentMissing), console.Percent(s.ReferenceMissing), s.Computed)
	}
	return t.Write(w, "")
}

// amount writes a number of rows, which is whole unless rows have weights.
func amount(n float64) string {
	if n == math.Trunc(n) {
		return console.Count(int64(n))
	}
	return console.Number(n)
}
