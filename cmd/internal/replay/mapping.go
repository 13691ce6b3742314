// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// mapping knows what becomes of each cell of a file's rows.
type mapping struct {
	plan    *baseline.Plan
	opts    Options
	byName  map[string][]target
	names   []string
	targets [][]target // by the place in the row
	fixed   []attribute.KeyValue

	timestamp, id, label, labelTime *place
	// scores are the places of the scores of classes, in the order of Options.Probabilities.
	scores []*place
}

// target is an attribute that a cell becomes.
type target struct {
	key     string
	feature string // its name, where it is one
	convert func(table.Cell) (attribute.Value, error)
	latency bool
}

func newMapping(plan *baseline.Plan, o Options) *mapping {
	m := &mapping{plan: plan, opts: o, byName: map[string][]target{}}
	timestamp, label, labelTime := "", "", ""
	if plan.Timestamp != nil {
		timestamp = plan.Timestamp.Name
	}
	if l := o.Labels; l != nil && l.Known == nil {
		label, labelTime = l.Column, l.TimeColumn
	}
	m.timestamp, m.id = newPlace(plan.Schema, timestamp), newPlace(plan.Schema, o.ID)
	m.label, m.labelTime = newPlace(plan.Schema, label), newPlace(plan.Schema, labelTime)
	for _, p := range o.Probabilities {
		m.scores = append(m.scores, newPlace(plan.Schema, p.Column))
	}
	if m.opts.LatencyUnit == 0 {
		m.opts.LatencyUnit = time.Second
	}
	for _, kv := range []struct{ key, value string }{
		{mlconv.AttrModelName, o.Model}, {mlconv.AttrModelVersion, o.Version}, {mlconv.AttrModelRole, o.Role},
	} {
		if kv.value != "" && (kv.key != mlconv.AttrModelVersion || o.VersionColumn == "") {
			m.fixed = append(m.fixed, attribute.String(kv.key, kv.value))
		}
	}
	add := func(column string, t target) {
		if column != "" {
			m.byName[column] = append(m.byName[column], t)
		}
	}
	category := func(column string) func(table.Cell) (attribute.Value, error) {
		t := table.TypeString
		if c := plan.Schema.Column(column); c != nil {
			t = c.Type
		}
		return func(c table.Cell) (attribute.Value, error) { return attribute.StringValue(t.Category(c)), nil }
	}
	add(o.VersionColumn, target{key: mlconv.AttrModelVersion, convert: category(o.VersionColumn)})
	add(o.ID, target{key: mlconv.AttrPredictionID, convert: category(o.ID)})
	if p := plan.Prediction; p != nil {
		regression := o.Task == "regression" || o.Task == "" && p.As == profile.Numeric
		if regression {
			add(p.Name, target{key: mlconv.AttrPredictionValue, convert: number})
		} else {
			add(p.Name, target{key: mlconv.AttrPredictionClass, convert: category(p.Name)})
		}
	}
	if p := plan.Confidence; p != nil {
		add(p.Name, target{key: mlconv.AttrPredictionConfidence, convert: number})
	}
	add(o.Score, target{key: mlconv.AttrPredictionScore, convert: number})
	add(o.Latency, target{latency: true, convert: number})
	for _, s := range o.Segments {
		add(s.Column, target{key: mlconv.PrefixSegment + s.Dimension, convert: category(s.Column)})
	}
	for _, f := range plan.Features {
		t := target{key: mlconv.PrefixFeature + f.Name, feature: f.Name}
		switch {
		case f.As == profile.Categorical && f.Type != table.TypeBool:
			t.convert = category(f.Name)
		case f.As == profile.Categorical:
			t.convert = boolean
		case f.Type == table.TypeInteger:
			t.convert = integer
		default:
			t.convert = number
		}
		add(f.Name, t)
	}
	return m
}

// extend learns where columns are; JSON lines may bring new ones with every row.
func (m *mapping) extend(columns []string) {
	for _, name := range columns[len(m.names):] {
		m.names = append(m.names, name)
		m.targets = append(m.targets, m.byName[name])
	}
	for _, p := range m.scores {
		p.find(columns)
	}
	for _, p := range []*place{m.timestamp, m.id, m.label, m.labelTime} {
		p.find(columns)
	}
}

// attributes appends what a row says; a missing value is left out.
func (m *mapping) attributes(dst []attribute.KeyValue, row []table.Cell) (_ []attribute.KeyValue, latency time.Duration, err error) {
	dst = append(dst, m.fixed...)
	var features map[string]any
	if m.opts.AsMap {
		features = make(map[string]any, len(m.plan.Features))
	}
	for i, cell := range row {
		if cell.Kind == table.Missing {
			continue
		}
		for _, t := range m.targets[i] {
			v, err := t.convert(cell)
			if err != nil {
				return nil, 0, fmt.Errorf("column %q: %w", m.names[i], err)
			}
			if v.Type() == attribute.EMPTY {
				continue // a NaN: missing
			}
			switch {
			case t.latency:
				latency = time.Duration(v.AsFloat64() * float64(m.opts.LatencyUnit))
				if latency < 0 {
					return nil, 0, fmt.Errorf("column %q: a latency of %v is negative", m.opts.Latency, latency)
				}
			case t.feature != "" && m.opts.AsMap:
				features[t.feature] = v.AsInterface()
			default:
				dst = append(dst, attribute.KeyValue{Key: attribute.Key(t.key), Value: v})
			}
		}
	}
	if m.opts.AsMap {
		text, err := json.Marshal(features)
		if err != nil {
			return nil, 0, err
		}
		dst = append(dst, attribute.String(mlconv.AttrFeatures, string(text)))
	}
	dst, err = m.appendScores(dst, row)
	return dst, latency, err
}

// appendScores appends the scores of classes, as a JSON object: the exporter has no maps.
func (m *mapping) appendScores(dst []attribute.KeyValue, row []table.Cell) ([]attribute.KeyValue, error) {
	scores := map[string]float64{}
	for i, p := range m.scores {
		if p.at < 0 || row[p.at].Kind == table.Missing {
			continue
		}
		v, err := number(row[p.at])
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", p.name, err)
		}
		if v.Type() != attribute.EMPTY {
			scores[m.opts.Probabilities[i].Class] = v.AsFloat64()
		}
	}
	if len(scores) == 0 {
		return dst, nil
	}
	text, err := json.Marshal(scores)
	return append(dst, attribute.String(mlconv.AttrPredictionScores, string(text))), err
}

// number converts a cell; NaN and infinities are missing, as in a baseline.
func number(c table.Cell) (attribute.Value, error) {
	v, ok := c.Number()
	if !ok {
		return attribute.Value{}, fmt.Errorf("%q is not a number; if it means missing, name it in --null", c.Category())
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return attribute.Value{}, nil
	}
	return attribute.Float64Value(v), nil
}

func integer(c table.Cell) (attribute.Value, error) {
	if c.Kind == table.Integer {
		return attribute.Int64Value(c.Int), nil
	}
	v, err := number(c)
	if err != nil || v.Type() == attribute.EMPTY {
		return v, err
	}
	return attribute.Int64Value(int64(v.AsFloat64())), nil
}

func boolean(c table.Cell) (attribute.Value, error) {
	v, ok := c.Boolean()
	if !ok {
		return attribute.Value{}, fmt.Errorf("%q is neither true nor false", c.Category())
	}
	return attribute.BoolValue(v), nil
}
