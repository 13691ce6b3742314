// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math"
	"slices"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/derive"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
)

// maxEmbeddings is the most attributes of a version whose vectors are added up: each holds up to
// twelve sums of 4096 numbers.
const maxEmbeddings = 8

// vectors are the sums of an attribute's vectors in the panes of a sliding window. They are not
// compared by a test, have no verdict, and are not saved: a restart begins anew.
type vectors struct {
	window eventtime.Window
	panes  []pane // in the order of their numbers
}

// pane is what was added up in one pane.
type pane struct {
	number int64
	rows   uint64
	sums   []float64
}

func validVector(v []float64) bool {
	return len(v) > 0 && len(v) <= derive.MaxDimensions && !slices.ContainsFunc(v, func(x float64) bool { return x-x != 0 })
}

// addVectors adds the sum of vectors to its pane. The outcome is BoundsMismatch where their
// dimensions are not those of the vectors before.
func (e *Engine) addVectors(m *model, v *version, d *Delta, future bool) Outcome {
	if d.Key.Segment != "" {
		return Invalid // those of the total are sent alone
	}
	if future {
		return Future
	}
	s := v.embeddings[d.Key.Name]
	switch {
	case s == nil && len(v.embeddings) >= maxEmbeddings:
		e.notes.full("embedding", d.Key)
		return Overflowed
	case s == nil:
		s = &vectors{}
		if v.embeddings == nil {
			v.embeddings = make(map[string]*vectors)
		}
		v.embeddings[strings.Clone(d.Key.Name)] = s
	}
	grid := &m.settings.grid
	if s.window != grid.Window() {
		s.window, s.panes = grid.Window(), nil
	}
	return s.add(grid, d)
}

func (s *vectors) add(grid *eventtime.Grid, d *Delta) Outcome {
	number := grid.Pane(d.Minute)
	if n := len(s.panes); n > 0 {
		if number <= s.panes[n-1].number-grid.Panes() {
			return Late
		}
		if len(s.panes[n-1].sums) != len(d.Vector) {
			return BoundsMismatch
		}
	}
	i, found := slices.BinarySearchFunc(s.panes, number, func(p pane, number int64) int { return int(p.number - number) })
	if !found {
		s.panes = slices.Insert(s.panes, i, pane{number: number, sums: make([]float64, len(d.Vector))})
	}
	p := &s.panes[i]
	p.rows += d.Count
	for j, x := range d.Vector {
		p.sums[j] += x
	}
	newest := s.panes[len(s.panes)-1].number
	s.panes = slices.DeleteFunc(s.panes, func(p pane) bool { return p.number <= newest-grid.Panes() })
	return Counted
}

// centroid returns the mean direction of the window's vectors, and how many they are.
func (s *vectors) centroid() (sums []float64, rows uint64) {
	sums = make([]float64, len(s.panes[0].sums))
	for i := range s.panes {
		rows += s.panes[i].rows
		for j, x := range s.panes[i].sums {
			sums[j] += x
		}
	}
	return sums, rows
}

// cosineDistance is 1 - cos of the angle between two vectors, 0 to 2; NaN where one has no direction
// or the dimensions differ.
func cosineDistance(a, b []float64) float64 {
	if len(a) != len(b) {
		return math.NaN()
	}
	var dot, aa, bb float64
	for i := range a {
		dot += a[i] * b[i]
		aa += a[i] * a[i]
		bb += b[i] * b[i]
	}
	if !(aa > 0 && bb > 0) {
		return math.NaN()
	}
	return 1 - min(max(dot/math.Sqrt(aa)/math.Sqrt(bb), -1), 1)
}

// Embeddings calls yield for each attribute whose vectors are added up and in the baseline, with the
// cosine distance of the window's centroid to the baseline's. The result has neither scores nor a
// verdict. yield must not call the engine.
func (e *Engine) Embeddings(yield func(r *Result, distance float64)) {
	e.eachCurrent(func(m *model) {
		for _, v := range m.versions {
			base := m.set.Baseline(m.key.environment, m.key.name, v.key.version)
			if base == nil || v.embeddings == nil {
				continue
			}
			for _, known := range base.Embeddings {
				s := v.embeddings[known.Name]
				if s == nil || len(s.panes) == 0 {
					continue
				}
				sums, rows := s.centroid()
				distance := cosineDistance(sums, known.Centroid)
				if math.IsNaN(distance) {
					continue
				}
				grid := &m.settings.grid
				yield(&Result{
					Key: Key{
						Environment: m.key.environment, Model: m.key.name, Version: v.key.version, Role: v.key.role,
						Subject: Embedding, Name: known.Name,
					},
					Reference: Baseline, Samples: rows, ReferenceSamples: known.Count,
					Start: grid.PaneStart(s.panes[0].number), End: grid.PaneStart(s.panes[len(s.panes)-1].number + 1),
				}, distance)
			}
		}
	})
}
