// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package grafana

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"time"
)

// Answer is what one query of a panel has given.
type Answer struct {
	// Expr is the query as it was asked.
	Expr      string
	Target    Target
	Step      time.Duration
	Series    []Series
	Exemplars []Exemplar
	// Err is why there is no answer.
	Err error
}

// Empty reports whether the query has given no sample.
func (a Answer) Empty() bool {
	for _, s := range a.Series {
		if len(s.Points) > 0 {
			return false
		}
	}
	return true
}

// Run asks the queries of a panel that are not hidden, as Grafana does: at the window's end those that are instant, and over the window
// all others.
func (p *Prometheus) Run(ctx context.Context, panel *Panel, values Values, w Window) []Answer {
	var answers []Answer
	for _, target := range panel.Targets {
		if target.Hide {
			continue
		}
		answer := Answer{Target: target}
		answer.Err = p.run(ctx, &answer, panel.Interval, values, w)
		answers = append(answers, answer)
	}
	return answers
}

// run asks the query of an answer.
func (p *Prometheus) run(ctx context.Context, answer *Answer, interval string, values Values, w Window) error {
	target := answer.Target
	var err error
	if answer.Step, err = w.step(interval, target.Interval); err != nil {
		return err
	}
	if answer.Expr, err = values.Expand(target.Expr, w.builtin(answer.Step)); err != nil {
		return err
	}
	if target.Instant && !target.Range {
		answer.Series, err = p.instant(ctx, answer.Expr, w.End)
	} else {
		answer.Series, err = p.between(ctx, answer.Expr, w, answer.Step)
	}
	if err == nil && target.Exemplar {
		answer.Exemplars, err = p.exemplars(ctx, answer.Expr, w)
	}
	if err != nil {
		return fmt.Errorf("%w: %s", err, answer.Expr)
	}
	for i := range answer.Series {
		s := &answer.Series[i]
		s.Target, s.Name = target.RefID, legend(target, answer.Expr, s.Labels)
	}
	return nil
}

// reference is {{label}} in a legend.
var reference = regexp.MustCompile(`\{\{\s*(.+?)\s*\}\}`)

// legend is what is shown for a series.
func legend(target Target, expr string, labels map[string]string) string {
	if target.LegendFormat == "" || target.LegendFormat == "__auto" {
		if len(labels) == 0 {
			return expr
		}
		return labelsText(labels)
	}
	return reference.ReplaceAllStringFunc(target.LegendFormat, func(r string) string {
		return labels[reference.FindStringSubmatch(r)[1]]
	})
}

// Mark is a moment that an annotation marks, until End where it lasts.
type Mark struct {
	Point
	End   Point
	Text  string
	Color string
}

// Marks asks the dashboard's annotations that are enabled. A mark begins where a series is there and is not 0, and ends where it is no more.
func (p *Prometheus) Marks(ctx context.Context, a *Annotation, values Values, w Window) ([]Mark, error) {
	step, err := w.step(a.Step)
	if err != nil {
		return nil, err
	}
	expr, err := values.Expand(a.Expr, w.builtin(step))
	if err != nil {
		return nil, fmt.Errorf("the annotation %q: %w", a.Name, err)
	}
	series, err := p.between(ctx, expr, w, step)
	if err != nil {
		return nil, fmt.Errorf("the annotation %q: %w: %s", a.Name, err, expr)
	}
	var marks []Mark
	for _, s := range series {
		format := Target{LegendFormat: cmp.Or(a.TitleFormat, a.TextFormat, a.Name)}
		open := false
		for i, point := range s.Points {
			gap := i > 0 && point.Time.Sub(s.Points[i-1].Time) > step
			if point.Value == 0 {
				open = false
				continue
			}
			if !open || gap {
				marks = append(marks, Mark{Point: point, Text: legend(format, expr, s.Labels), Color: a.IconColor})
			}
			marks[len(marks)-1].End, open = point, true
		}
	}
	return marks, nil
}
