// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// maxValues bounds the categories of a column that are remembered a day.
const maxValues = 2000

// evidence remembers, of each category and of missing values, how many spans had it in an hour, and one of them. Numbers have the
// exemplars of ml_drift; categories have none.
type evidence struct {
	columns map[string]*evidenceColumn
}

type evidenceColumn struct {
	type_   table.Type
	numeric bool
	hours   map[int64]map[string]*seen
}

type seen struct {
	n     int
	trace trace.TraceID
}

// missing is the category of missing values; no other is like it.
const missing = "\x00missing"

func newEvidence(plan *baseline.Plan) *evidence {
	e := &evidence{columns: map[string]*evidenceColumn{}}
	add := func(c *baseline.PlannedColumn) {
		e.columns[c.Name] = &evidenceColumn{type_: c.Type, numeric: c.As == profile.Numeric, hours: map[int64]map[string]*seen{}}
	}
	for _, f := range plan.Features {
		add(f)
	}
	if p := plan.Prediction; p != nil {
		add(p)
	}
	return e
}

// observe takes note of a row.
func (e *evidence) observe(at time.Time, columns []string, row []table.Cell, id trace.TraceID) {
	hour := at.Unix() / 3600
	for i, cell := range row {
		c := e.columns[columns[i]]
		if c == nil {
			continue
		}
		value := missing
		if cell.Kind != table.Missing {
			value = ""
			if !c.numeric {
				value = c.type_.Category(cell)
			}
		}
		values := c.hours[hour]
		if values == nil {
			values = map[string]*seen{}
			c.hours[hour] = values
		}
		s := values[value]
		if s == nil {
			if len(values) >= maxValues {
				continue
			}
			s = &seen{}
			values[value] = s
		}
		s.n++
		s.trace = id
	}
}

// category is the one whose share has grown most.
type category struct {
	value       string
	was, is     float64
	trace       string
	isMissing   bool
	hasEvidence bool
}

// grown finds the category of a subject whose share in a window is most above the baseline's.
func (e *evidence) grown(k key, w *window, p *profile.Profile) category {
	var c *evidenceColumn
	var column *profile.Column
	switch k.subject {
	case "feature", "missing":
		c, column = e.columns[k.feature], p.Column(k.feature)
	case "class":
		column = p.Prediction
		if column != nil {
			c = e.columns[column.Name]
		}
	}
	if c == nil || column == nil || k.subject != "missing" && c.numeric {
		return category{}
	}
	counts := map[string]*seen{}
	total := 0
	for hour, values := range c.hours {
		if at := hour * 3600; at < w.start.Unix() || at >= w.end.Unix() {
			continue
		}
		for value, s := range values {
			if k.subject != "missing" && value == missing {
				continue
			}
			total += s.n
			if counts[value] == nil {
				counts[value] = &seen{}
			}
			counts[value].n += s.n
			counts[value].trace = s.trace
		}
	}
	best := category{}
	for value, s := range counts {
		one := category{value: value, is: float64(s.n) / float64(total), trace: s.trace.String(), hasEvidence: true}
		switch {
		case k.subject == "missing":
			if value != missing {
				continue
			}
			one.isMissing, one.was = true, column.MissingRatio()
		case column.Count > 0:
			for _, known := range column.Categories {
				if known.Value == value {
					one.was = float64(known.Count) / float64(column.Count)
				}
			}
		}
		if !best.hasEvidence || one.is-one.was > best.is-best.was || one.is-one.was == best.is-best.was && value < best.value {
			best = one
		}
	}
	return best
}
