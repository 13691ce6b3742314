// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"slices"
	"time"
	_ "time/tzdata" // time zones, whatever the machine has
)

// Season is the course that a model's traffic is known to take: windows that are shorter than it
// differ from a baseline of all its phases without any drift.
type Season uint8

// The seasons.
const (
	// SeasonAuto has the hours of working days and those of weekends: 48 phases, a week long.
	SeasonAuto Season = iota
	// SeasonDay has the hours of the day.
	SeasonDay
	// SeasonWeek has the hours of the week: 168 phases.
	SeasonWeek
	// SeasonNone takes all windows for alike.
	SeasonNone
)

// seasonNames are those of the seasons, by number.
var seasonNames = [...]string{"auto", "day", "week", "none"}

// ParseSeason reads a season as in a config or a card.
func ParseSeason(name string) (Season, bool) {
	i := slices.Index(seasonNames[:], name)
	return Season(max(i, 0)), i >= 0
}

// String returns the season as in a config.
func (s Season) String() string { return seasonNames[s] }

// phases is the number of phases of the season.
func (s Season) phases() int { return [...]int{48, 24, 168, 0}[s] }

// length is how long a window must be to have all phases, in seconds, with an hour or eight to
// spare for days without rows at their ends.
func (s Season) length() int64 { return [...]int64{160 * 3600, 23 * 3600, 160 * 3600, 0}[s] }

// phase returns the phase of a time, by the clocks of a place.
func (s Season) phase(t int64, place *time.Location) int {
	local := time.Unix(t, 0).In(place)
	day := int(local.Weekday()) // Sunday is 0
	switch s {
	case SeasonDay:
		return local.Hour()
	case SeasonWeek:
		return 24*day + local.Hour()
	}
	if day == 0 || day == 6 {
		return 24 + local.Hour()
	}
	return local.Hour()
}

const day = 86400

// calendar says how a model's time is cut for its history: into units, in rings of about a day.
type calendar struct {
	season Season
	place  *time.Location
	// unit is the length of what the history counts, in seconds: a window, at least an hour where
	// there is a season.
	unit int64
	// lag is how many units before a unit the one lies that it is paired with: a day, where units
	// are hours or so, else one.
	lag int64
	// ring is how many units are held: those of the slow window, and the lag.
	ring int64
	// days says that units add up to days.
	days bool
}

// slowUnits is the number of units of a slow window where there is no season.
const slowUnits = 24

func newCalendar(season Season, place *time.Location, period int64) calendar {
	c := calendar{season: season, place: place, unit: period, lag: 1, ring: slowUnits + 1}
	if season != SeasonNone {
		c.unit = max(period, 3600)
	}
	switch {
	case c.unit >= day:
		c.ring, c.days = 8, c.unit == day
	case c.unit >= 3600:
		c.days = true
		if season != SeasonNone && day%c.unit == 0 {
			c.lag = day / c.unit
			c.ring = c.lag + 1
		}
	}
	if c.unit > day {
		c.season = SeasonNone
	}
	return c
}

// unitOf returns the number of the unit that contains t.
func (c *calendar) unitOf(t int64) int64 { return floorDiv(t, c.unit) }

// start returns the first second of a unit.
func (c *calendar) start(unit int64) int64 { return unit * c.unit }

// dayOf returns the number of the local day in which a unit begins.
func (c *calendar) dayOf(unit int64) int64 {
	t := c.start(unit)
	_, offset := time.Unix(t, 0).In(c.place).Zone()
	return floorDiv(t+int64(offset), day)
}

// alike reports whether two local days are both working days or both of a weekend, where those may
// differ: what a pair of others differs by is the season, and no dependence of rows.
func (c *calendar) alike(a, b int64) bool {
	return c.season == SeasonNone || c.season == SeasonDay || weekend(a) == weekend(b)
}

// weekend reports whether a local day, counted from 1970-01-01, a Thursday, is Saturday or Sunday.
func weekend(day int64) bool { return slotOf(day+4, 7) == 0 || slotOf(day+4, 7) == 6 }

// phaseOf returns the phase of a unit.
func (c *calendar) phaseOf(unit int64) int { return c.season.phase(c.start(unit), c.place) }

// assumed says that rows are taken for independent until pairs say how much they depend on each
// other: where windows are alike, or so long that pairs take weeks.
func (c *calendar) assumed() bool { return c.season == SeasonNone || c.unit >= day }

// slow is the number of units of the slow window of a day; 0 where units are too long for one.
func (c *calendar) slow() int64 {
	if c.unit >= day {
		return 0
	}
	return c.ring - 1
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
