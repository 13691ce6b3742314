// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
)

// settings are the options of one model.
type settings struct {
	grid         eventtime.Grid
	minSamples   uint64
	maxWindow    int64 // seconds
	forWindows   uint16
	significance float64
	references   []reference
	champion     string // the version; empty if none
	calendar     calendar
	slow         [speeds]bool // which slow windows there are
	limits       Limits
	contract     *contracted // nil without one
}

// resolve applies a model's card to the options. What a card says that makes no sense is left out;
// the catalog reports it.
func (o *Options) resolve(set *catalog.Set, key modelKey) settings {
	window := o.Window
	s := settings{
		minSamples: uint64(o.MinSamples), maxWindow: int64(o.MaxWindow / time.Second),
		forWindows: uint16(o.For), significance: o.Significance, limits: o.Limits,
	}
	names, season, place := o.Reference, o.Season, o.place()
	for _, name := range o.Slow {
		s.slow[slices.Index(slowNames[:], name)] = true
	}
	if m := set.Model(key.environment, key.name); m != nil {
		s.contract = newContracted(m.Contract)
		if w := m.Drift.Window; w != (eventtime.Window{}) && w.Validate() == nil {
			window = w
		}
		if m.Drift.MinSamples > 0 {
			s.minSamples = uint64(m.Drift.MinSamples)
		}
		if m.Drift.MaxWindow > 0 {
			s.maxWindow = int64(m.Drift.MaxWindow / time.Second)
		}
		if m.Drift.For > 0 {
			s.forWindows = uint16(min(m.Drift.For, 1000))
		}
		if len(m.Drift.Reference) > 0 && validateReferences("", m.Drift.Reference) == nil {
			names = m.Drift.Reference
		}
	}
	if m := set.Model(key.environment, key.name); m != nil {
		if one, ok := ParseSeason(m.Drift.Season); ok {
			season = one
		}
		if m.Drift.TimeZone != "" {
			if one, err := time.LoadLocation(m.Drift.TimeZone); err == nil {
				place = one
			}
		}
	}
	s.grid = eventtime.NewGrid(window)
	s.calendar = newCalendar(season, place, s.grid.Start(1)-s.grid.Start(0))
	for _, name := range names {
		s.references = append(s.references, reference(slices.Index(referenceNames[:], name)))
	}
	if v := set.Version(key.environment, key.name, Champion); v != nil {
		s.champion = v.Version
	}
	return s
}
