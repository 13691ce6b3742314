// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package assessment

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// Assessment is how good predictions are.
type Assessment struct {
	Task     Task    `json:"task"`
	Positive string  `json:"positive,omitempty"`
	Level    float64 `json:"level"`
	// Columns are what the columns of the first file were taken for.
	Columns map[string]string `json:"columns"`
	Files   []Tally           `json:"files"`
	Labels  *LabelTally       `json:"labels,omitempty"`
	// BaselineRows are those that estimates are calibrated on.
	BaselineRows uint64       `json:"baseline_rows,omitempty"`
	Groups       []Group      `json:"groups"`
	Comparisons  []Comparison `json:"comparisons,omitempty"`
	Agreement    *Agreement   `json:"agreement,omitempty"`
	Notes        []string     `json:"notes,omitempty"`
}

// LabelTally is what became of the labels of a file of their own.
type LabelTally struct {
	Path      string `json:"path"`
	Rows      int    `json:"rows"`
	Corrected int    `json:"corrected,omitempty"`
	WithoutID int    `json:"without_id,omitempty"`
	// Orphans are labels of which there is no prediction.
	Orphans int `json:"orphans,omitempty"`
}

// Group are the rows of a file, or of a version, segment or period.
type Group struct {
	File      string `json:"file,omitempty"`
	Version   string `json:"version,omitempty"`
	Dimension string `json:"dimension,omitempty"`
	Segment   string `json:"segment,omitempty"`
	Period    string `json:"period,omitempty"`
	Rows      int    `json:"rows"`
	Labelled  int    `json:"labelled"`
	// Counts are those of a binary model, Confusion those of one with more classes.
	Counts         *Counts `json:"counts,omitempty"`
	Confusion      []Cell  `json:"confusion,omitempty"`
	Measured       []Score `json:"measured,omitempty"`
	Estimated      []Score `json:"estimated,omitempty"`
	ExpectedCounts *Counts `json:"expected_counts,omitempty"`
	source         *group  // the accumulators
	of             *side   // whose rows they are
}

// Counts are sums of weights.
type Counts struct {
	TP float64 `json:"tp"`
	FP float64 `json:"fp"`
	FN float64 `json:"fn"`
	TN float64 `json:"tn"`
}

// Cell is the sum of the weights of rows of an actual and a predicted class.
type Cell struct {
	Actual    string  `json:"actual"`
	Predicted string  `json:"predicted"`
	Weight    float64 `json:"weight"`
}

// Score is a measure; a null is not defined, or has no bound.
type Score struct {
	Measure  evaluation.Measure `json:"measure"`
	Class    string             `json:"class,omitempty"`
	Average  string             `json:"average,omitempty"`
	Value    *float64           `json:"value"`
	Lower    *float64           `json:"lower"`
	Upper    *float64           `json:"upper"`
	N        float64            `json:"n"`
	BinError float64            `json:"bin_error,omitempty"`
}

// New measures one file, or two that are compared: the second beside the first.
func New(ctx context.Context, paths []string, o Options, labels *Labels, baseline *profile.Calibration) (*Assessment, error) {
	a := &Assessment{Level: o.Level}
	if baseline != nil {
		a.BaselineRows = baseline.Rows
	}
	var sides []*side
	for _, path := range paths {
		s, err := readSide(ctx, path, o, labels, baseline, len(paths) > 1)
		if err != nil {
			return nil, err
		}
		if len(sides) > 0 && (s.Task != sides[0].Task || s.Positive != sides[0].Positive) {
			return nil, fmt.Errorf("--task: %s looks %s, and %s %s", paths[0], sides[0].Task, path, s.Task)
		}
		sides = append(sides, s)
		a.Files = append(a.Files, s.tally)
	}
	first := sides[0]
	a.Task, a.Columns = first.Task, first.columns()
	if a.Task == Binary {
		a.Positive = first.Positive
	}
	if labels != nil {
		a.Labels = &LabelTally{Path: labels.path, Rows: labels.rows, Corrected: labels.corrected, WithoutID: labels.withoutID, Orphans: labels.orphans()}
	}
	for i, s := range sides {
		for _, g := range s.sorted() {
			group := s.group(g)
			if len(sides) > 1 {
				group.File = paths[i]
			}
			a.Groups = append(a.Groups, group)
		}
	}
	a.note(sides)
	a.noteCalibration(baseline)
	return a, a.compare(sides)
}

func readSide(ctx context.Context, path string, o Options, labels *Labels, baseline *profile.Calibration, paired bool) (*side, error) {
	f, err := openFile(ctx, path, o.Table)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	o.Segments, o.Probabilities = slices.Clone(o.Segments), slices.Clone(o.Probabilities)
	p, err := newPlan(f, o, labels)
	if err != nil {
		return nil, err
	}
	c, err := p.calibration(path, baseline)
	if err != nil {
		return nil, err
	}
	s := newSide(p, c)
	if paired && p.ID != "" && (p.Task == Binary || p.Task == Multiclass) {
		s.pairs = map[string]pairRow{}
	}
	return s, read(ctx, f, p, &s.tally, s.add)
}

// columns are what the columns were taken for.
func (p *plan) columns() map[string]string {
	out := map[string]string{}
	for role, name := range map[string]string{
		"id": p.ID, "prediction": p.Prediction, "label": p.Label, "score": p.Score, "timestamp": p.Timestamp, "weight": p.Weight, "version": p.Version,
	} {
		if name != "" {
			out[role] = name
		}
	}
	if p.labels != nil {
		out["label"] = p.ofLabel.Name
	}
	if p.By == "" && p.From.IsZero() && p.To.IsZero() {
		delete(out, "timestamp")
	}
	return out
}

func (s *side) group(g *group) Group {
	out := Group{
		Version: g.version, Dimension: g.dimension, Segment: g.segment, Period: g.period, Rows: g.rows, Labelled: g.labelled,
		Measured: scores(g.measured(s.plan)), Estimated: scores(g.estimated(s.plan, s.calibration)), source: g, of: s,
	}
	if s.Task == Binary {
		if g.labelled > 0 {
			out.Counts = newCounts(g.confusion.Counts(s.Positive).Weights())
		}
		if g.unlabelled != nil {
			out.ExpectedCounts = newCounts(g.unlabelled.Weights(s.calibration.of[0]))
		}
	}
	if s.Task == Multiclass {
		names := append(g.confusion.Classes(), evaluation.Other)
		for _, actual := range names {
			for _, predicted := range names {
				if w := g.confusion.Weight(actual, predicted); w > 0 {
					out.Confusion = append(out.Confusion, Cell{actual, predicted, w})
				}
			}
		}
	}
	return out
}

func newCounts(tp, fp, fn, tn float64) *Counts { return &Counts{tp, fp, fn, tn} }

func scores(list []evaluation.Score) []Score {
	var out []Score
	for _, s := range list {
		out = append(out, Score{
			Measure: s.Measure, Class: s.Class, Average: s.Average, Value: finite(s.Point), Lower: finite(s.Lower), Upper: finite(s.Upper),
			N: s.N, BinError: s.BinError,
		})
	}
	return out
}

// finite is nil for what JSON cannot write.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// noteCalibration says what is odd about that of the baseline, which may be nil.
func (a *Assessment) noteCalibration(c *profile.Calibration) {
	if c == nil {
		return
	}
	for _, of := range c.Classes {
		if of.Error > 0 {
			a.Notes = append(a.Notes, fmt.Sprintf("the calibration of %s keeps %d scores: probabilities are off by %.2g at most", of.Class, len(of.Scores), of.Error))
		}
	}
}

// note says what is odd.
func (a *Assessment) note(sides []*side) {
	for i, s := range sides {
		t := a.Files[i]
		for _, n := range []struct {
			rows int
			what string
		}{
			{t.Duplicates, "have an id that an earlier row has, and are left out"},
			{t.WithoutAnswer, "have no prediction, and are left out"},
			{t.WithoutWeight, "have no positive weight, and are left out"},
			{t.WithoutScore, "have no score between 0 and 1, and no part in the measures of scores"},
			{t.WithoutTime, "have no time"},
			{t.Unusable, "have a label that cannot be used, and count as not labelled"},
			{t.NoRoom, fmt.Sprintf("found no room among %d groups, and are in those of all rows alone", MaxGroups)},
		} {
			if n.rows > 0 {
				a.Notes = append(a.Notes, fmt.Sprintf("%s: %d rows %s", t.Path, n.rows, n.what))
			}
		}
		if t.Labelled == 0 && t.Rows > 0 && s.calibration == nil {
			a.Notes = append(a.Notes, t.Path+": no row has a label")
		}
		for _, g := range s.groups {
			if g.confusion == nil || g.dimension != "" || g.period != "" || g.labelled < 10 {
				continue
			}
			if right := evaluation.Accuracy(g.confusion, s.Level); right.Point == 0 {
				a.Notes = append(a.Notes, t.Path+": no answer is right; are predictions and labels spelt alike?")
				break
			}
		}
		if s.Task == Regression {
			for k, g := range s.groups {
				if _, zeros := g.regression.Rows(); zeros > 0 && k.dimension == "" && k.period == "" {
					a.Notes = append(a.Notes, fmt.Sprintf("%s: %d rows have the actual value 0, and no part in mape", t.Path, zeros))
				}
			}
		}
	}
	if l := a.Labels; l != nil {
		if l.Orphans > 0 {
			a.Notes = append(a.Notes, fmt.Sprintf("%s: %d labels belong to no prediction that was read", l.Path, l.Orphans))
		}
		if l.Corrected > 0 {
			a.Notes = append(a.Notes, fmt.Sprintf("%s: %d rows are of an id that has another label, of which the later one counts", l.Path, l.Corrected))
		}
		if l.WithoutID > 0 {
			a.Notes = append(a.Notes, fmt.Sprintf("%s: %d rows have no id, and are left out", l.Path, l.WithoutID))
		}
	}
}
