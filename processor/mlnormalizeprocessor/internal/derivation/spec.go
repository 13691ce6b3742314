// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package derivation

import (
	"fmt"
	"math"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/configcheck"
	"github.com/otelcol-ml/otelcol-ml/internal/spanottl"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Spec is how an attribute is worked out. It has a Value, or a Latitude, a Longitude and a Grid.
type Spec struct {
	// Value is an expression.
	Value string
	// Bounds cut a number into intervals.
	Bounds []float64
	// Latitude and Longitude are expressions of degrees.
	Latitude, Longitude string
	// Grid is the side of the cells, in degrees.
	Grid float64
	// MaxCells is how many cells are told apart; 0 is defaultCells.
	MaxCells int
	// Overwrite replaces what the span has.
	Overwrite bool
}

// Bounds of what can be configured.
const (
	maxDerivations = 100
	maxBounds      = 64
	leastGrid      = 0.001
	mostGrid       = 90
	maxCells       = 10_000
	// defaultCells is how many cells are told apart where MaxCells is 0.
	defaultCells = 1000
)

// texts are the expressions.
func (s *Spec) texts() []string { return []string{s.Value, s.Latitude, s.Longitude} }

// needs is true where an expression has the name of another attribute in it.
func (s *Spec) needs(name string) bool {
	for _, text := range s.texts() {
		if strings.Contains(text, `"`+name+`"`) {
			return true
		}
	}
	return false
}

// onPlace is true for cells of a grid.
func (s *Spec) onPlace() bool { return s.Latitude != "" || s.Longitude != "" || s.Grid != 0 }

// compile makes a derivation of an attribute, and adds what is wrong to wrong.
func compile(name string, s *Spec, wrong *configcheck.Violations) *derivation {
	key := "derive::" + name
	d := &derivation{name: name, key: key, overwrite: s.Overwrite, segment: strings.HasPrefix(name, mlconv.PrefixSegment)}
	if rest := strings.TrimPrefix(strings.TrimPrefix(name, mlconv.PrefixFeature), mlconv.PrefixSegment); rest == name || rest == "" {
		wrong.Add(key, "must be %s or %s and a name: other attributes are for tables of dialects, or the transform processor", mlconv.PrefixFeature, mlconv.PrefixSegment)
	}
	value := func(of, text string) (v spanottl.Value) {
		if text == "" {
			wrong.Add(key, "needs '%s'", of)
			return v
		}
		v, err := spanottl.NewValue(key+"::"+of, text)
		wrong.Check(err)
		return v
	}
	if !s.onPlace() {
		d.value = value("value", s.Value)
		d.intervals = s.intervals(key, wrong)
		if s.MaxCells != 0 {
			wrong.Add(key+"::max_cells", "is for a grid")
		}
		return d
	}
	if s.Value != "" || len(s.Bounds) > 0 {
		wrong.Add(key, "must have 'value', or 'latitude', 'longitude' and 'grid', not both")
	}
	d.value, d.longitude = value("latitude", s.Latitude), value("longitude", s.Longitude)
	d.cells = s.grid(key, wrong)
	return d
}

// intervals returns the names of the intervals, nil without bounds.
func (s *Spec) intervals(key string, wrong *configcheck.Violations) *intervals {
	if s.Bounds == nil {
		return nil
	}
	key += "::bounds"
	if n := len(s.Bounds); n == 0 || n > maxBounds {
		wrong.Add(key, "%d must be from 1 to %d", n, maxBounds)
		return nil
	}
	for i, b := range s.Bounds {
		at := fmt.Sprintf("%s[%d]", key, i)
		switch {
		case math.IsNaN(b) || math.IsInf(b, 0):
			wrong.Add(at, "%v must be finite", b)
		case i > 0 && b <= s.Bounds[i-1]:
			wrong.Add(at, "%v must be above the one before, %v", b, s.Bounds[i-1])
		}
	}
	return newIntervals(s.Bounds)
}

// grid returns the cells.
func (s *Spec) grid(key string, wrong *configcheck.Violations) *cells {
	wrong.Check(configcheck.Range(key+"::grid", s.Grid, leastGrid, mostGrid))
	most := s.MaxCells
	if most == 0 {
		most = defaultCells
	}
	wrong.Check(configcheck.Range(key+"::max_cells", most, 1, maxCells))
	c, ok := newCells(s.Grid, most)
	if !ok {
		wrong.Add(key+"::grid", "%v must have at most %d decimals", s.Grid, maxDecimals)
	}
	return c
}
