// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/convention"
)

// toolScore is what is printed of one column by another tool's convention. It has no verdict: the
// tool's own depends on its thresholds.
type toolScore struct {
	Column string `json:"column"`
	Method string `json:"method"`
	// Score is the tool's number; null is not a number, or infinite where Infinite says so.
	Score    *float64 `json:"score"`
	Infinite bool     `json:"infinite,omitempty"`
	// Statistic and PValue are those of a test.
	Statistic        *float64 `json:"statistic,omitempty"`
	PValue           *float64 `json:"p_value,omitempty"`
	ReferenceSamples float64  `json:"reference_samples"`
	CurrentSamples   float64  `json:"current_samples"`
}

// runTool compares columns by another tool's convention and prints what comes of it.
func (f *scoreFlags) runTool(w io.Writer, columns []referenceColumn, values []columnValues) error {
	var scores []toolScore
	var errs []error
	for i, c := range columns {
		s, err := f.tool(&c, values[i])
		if err != nil {
			errs = append(errs, fmt.Errorf("column %q: %w", c.name, err))
			continue
		}
		scores = append(scores, s)
	}
	if len(errs) > 0 && (!f.all || len(scores) == 0) {
		return errors.Join(errs...)
	}
	if f.json {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		if len(scores) == 1 && !f.all {
			return enc.Encode(scores[0])
		}
		return enc.Encode(scores)
	}
	for _, err := range errs {
		if _, err := fmt.Fprintln(w, err); err != nil {
			return err
		}
	}
	t := console.NewTable("column|", "method|", "score", "statistic", "p-value", "n reference", "n current")
	for _, s := range scores {
		score := written(s.Score)
		if s.Infinite {
			score = "infinite"
		}
		t.Row(console.Clean(s.Column, 40), s.Method, score, written(s.Statistic), written(s.PValue), amount(s.ReferenceSamples), amount(s.CurrentSamples))
	}
	return t.Write(w, "")
}

func (f *scoreFlags) tool(ref *referenceColumn, cur columnValues) (toolScore, error) {
	s := toolScore{Column: ref.name, Method: f.method, ReferenceSamples: ref.values.n, CurrentSamples: cur.n}
	if ref.profile != nil {
		return s, fmt.Errorf("%s compares values themselves, and a baseline has bins: --reference needs a data file", f.method)
	}
	for _, side := range []columnValues{ref.values, cur} {
		if side.values != nil && float64(len(side.values)) != side.n {
			return s, fmt.Errorf("--weight: %s compares single values; --type %s=categorical", f.method, ref.name)
		}
	}
	r, err := convention.Compare(f.method, convention.Side{Values: ref.values.values, Counts: ref.values.counts}, convention.Side{Values: cur.values, Counts: cur.counts})
	if err != nil {
		return s, err
	}
	s.Score, s.Statistic, s.PValue = finite(r.Score), finite(r.Statistic), finite(r.PValue)
	s.Infinite = math.IsInf(r.Score, 0)
	return s, nil
}

// finite is nil for what JSON cannot write.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func written(v *float64) string {
	if v == nil {
		return ""
	}
	return fmt.Sprintf("%.10g", *v)
}
