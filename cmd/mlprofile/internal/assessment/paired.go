// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package assessment

import (
	"fmt"

	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
)

// mostDisagreements is how many cells of the matrix are listed.
const mostDisagreements = 20

// Agreement is how two files answer the same requests: rows with one id.
type Agreement struct {
	// Pairs are ids that both files have, OnlyFirst and OnlySecond those of one alone.
	Pairs      int     `json:"pairs"`
	OnlyFirst  int     `json:"only_first,omitempty"`
	OnlySecond int     `json:"only_second,omitempty"`
	Scores     []Score `json:"scores"`
	// Disagreements are pairs by both answers, where they differ, the most first.
	Disagreements []Disagreement `json:"disagreements,omitempty"`
	// Paired are differences of the pairs that are labelled.
	Paired []PairedDifference `json:"paired,omitempty"`
}

// Disagreement is the sum of the weights of pairs with two answers.
type Disagreement struct {
	First  string  `json:"first"`
	Second string  `json:"second"`
	Weight float64 `json:"weight"`
}

// PairedDifference is how much higher a rate is in the second file than in the first, of the same
// rows.
type PairedDifference struct {
	Measure evaluation.Measure `json:"measure"`
	First   Score              `json:"first"`
	Second  Score              `json:"second"`
	Value   *float64           `json:"value"`
	Lower   *float64           `json:"lower"`
	Upper   *float64           `json:"upper"`
	// OnlyFirst and OnlySecond are the rows that differ: of which the measured thing is so on one side
	// alone. McNemar and MidP are McNemar's p-values of them.
	OnlyFirst  int64              `json:"only_first"`
	OnlySecond int64              `json:"only_second"`
	McNemar    float64            `json:"mcnemar_p_value"`
	MidP       float64            `json:"mcnemar_mid_p_value"`
	Margin     *float64           `json:"margin,omitempty"`
	Verdict    evaluation.Verdict `json:"verdict,omitempty"`
	RowsNeeded *float64           `json:"rows_needed,omitempty"`
}

// pairUp joins the rows of two files by their id.
func (a *Assessment) pairUp(first, second *side) {
	if first.pairs == nil || second.pairs == nil {
		return
	}
	answers := evaluation.NewConfusion(maxClasses)
	pairs := map[evaluation.Measure]*evaluation.Pairs{}
	count := func(m evaluation.Measure, x, y bool, weight float64) {
		if pairs[m] == nil {
			pairs[m] = &evaluation.Pairs{}
		}
		pairs[m].Add(x, y, weight)
	}
	out := &Agreement{}
	contrary := 0
	for id, x := range first.pairs {
		y, ok := second.pairs[id]
		if !ok {
			out.OnlyFirst++
			continue
		}
		out.Pairs++
		answers.Add(x.answer, y.answer, x.weight)
		if !x.labelled && !y.labelled {
			continue
		}
		actual := x.actual
		if !x.labelled {
			actual = y.actual
		}
		if x.labelled && y.labelled && x.actual != y.actual {
			contrary++
			continue
		}
		count(evaluation.MeasureAccuracy, x.answer == actual, y.answer == actual, x.weight)
		if first.Task != Binary {
			continue
		}
		m := evaluation.MeasureFPR
		if actual == first.Positive {
			m = evaluation.MeasureRecall
		}
		count(m, x.answer == first.Positive, y.answer == first.Positive, x.weight)
	}
	out.OnlySecond = len(second.pairs) - out.Pairs
	if contrary > 0 {
		a.Notes = append(a.Notes, fmt.Sprintf("%d ids have another label in %s than in %s, and are left out of paired differences", contrary, second.tally.Path, first.tally.Path))
	}
	if out.Pairs == 0 {
		a.Notes = append(a.Notes, "no id is in both files: they are compared as different rows")
		return
	}
	out.Scores = scores(evaluation.Agreement(answers, first.Level))
	for _, d := range evaluation.Disagreements(answers, mostDisagreements) {
		out.Disagreements = append(out.Disagreements, Disagreement(d))
	}
	for _, m := range []evaluation.Measure{evaluation.MeasureAccuracy, evaluation.MeasureRecall, evaluation.MeasureFPR} {
		if p := pairs[m]; p != nil {
			out.Paired = append(out.Paired, newPaired(m, p, first.plan))
		}
	}
	a.Agreement = out
}

func newPaired(m evaluation.Measure, p *evaluation.Pairs, of *plan) PairedDifference {
	x, y := p.Shares(of.Level)
	d := p.Difference(of.Level)
	both := scores([]evaluation.Score{{Measure: m, Interval: x}, {Measure: m, Interval: y}})
	out := PairedDifference{Measure: m, First: both[0], Second: both[1], Value: finite(d.Point), Lower: finite(d.Lower), Upper: finite(d.Upper)}
	_, out.OnlyFirst, out.OnlySecond, _ = p.Rows()
	out.McNemar, out.MidP = p.McNemar()
	if margin, ok := of.Margins[m]; ok {
		out.Margin = &margin
		out.Verdict = m.Judge(d, margin, of.Level)
		if out.Verdict == evaluation.Undetectable {
			out.RowsNeeded = finite(evaluation.RowsForPairs(float64(out.OnlyFirst+out.OnlySecond)/d.N, margin, of.Level))
		}
	}
	return out
}
