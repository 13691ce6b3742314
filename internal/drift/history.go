// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math"
	"math/bits"
	"slices"
	"time"
)

// history is what a kind of the total remembers of the periods that were closed, in few cells:
//
//	closed period ──► unit ──► the ring of the last day ──► phases of the season, a day later
//	                    │             │
//	                    │             └─► the slow window of a day
//	                    ├─► day ──► the slow window of a week
//	                    └─► pairs: unit with unit, day with day ──► design effect
//
// A phase learns a unit when that leaves the ring, unless it was part of a drift or of a streak that
// could become one: what is looked for must not become what is normal. So a slow window and the
// phases that it is compared with have no unit in common.
type history struct {
	cal calendar
	stripShape

	// units are rings: unit u is at u modulo cal.ring.
	units  units
	latest int64 // the newest unit
	// suspect are the places of units that phases must not learn.
	suspect uint32
	// calmDay says that the last slow window was like the baseline: then what its hours differ by is
	// the season, and is learned, whatever it was taken for.
	calmDay bool

	// dayUnits are rings: local day d is at d modulo weekDays.
	dayUnits units
	lastDay  int64
	// open says that the last day is not over, firstDay is the first one with values, and busy is how
	// many units and days have had any.
	open     bool
	firstDay int64
	busy     struct{ units, days uint32 }

	// phases are counts by phase and cell, of about the last ten units each; seen is how many.
	phases []float32
	seen   []uint8

	hourly, daily pairs
	// from is the first unit of slow windows: the one after the last change of verdict.
	from int64
}

// units is a ring of counts.
type units struct {
	numbers []int64 // noUnit for none
	counts  []uint32
	ranges  []float64 // lowest and highest value; nil where there is no order
}

const (
	noUnit    = math.MinInt64
	weekDays  = 8 // seven, and the one before them, which a weekly batch is paired with
	maxPairs  = 168
	maxDays   = 28
	enough    = 12 // pairs of hours before their median is trusted
	enoughDay = 3  // pairs of days, or of longer windows
	seenEnough,
	phaseMemory = 2, 10 // units of a phase: before it is compared with; that it remembers
)

func newUnits(n int64, cells int, order bool) units {
	u := units{numbers: make([]int64, n), counts: make([]uint32, int(n)*cells)}
	for i := range u.numbers {
		u.numbers[i] = noUnit
	}
	if order {
		u.ranges = make([]float64, 2*n)
	}
	return u
}

func newHistory(cal calendar, shape stripShape) *history {
	h := &history{cal: cal, stripShape: shape, latest: noUnit, lastDay: noUnit, firstDay: noUnit, from: noUnit}
	h.units = newUnits(cal.ring, h.cells, h.order)
	if cal.days {
		h.dayUnits = newUnits(weekDays, h.cells, h.order)
	}
	n := cal.season.phases()
	h.phases, h.seen = make([]float32, n*h.cells), make([]uint8, n)
	h.hourly.limit, h.daily.limit = maxPairs, maxDays
	return h
}

func slotOf(number int64, n int) int { return int(number - floorDiv(number, int64(n))*int64(n)) }

// at returns the counts of a unit; nil where it is not held.
func (u *units) at(number int64, cells int) []uint32 {
	i := slotOf(number, len(u.numbers))
	if u.numbers[i] != number {
		return nil
	}
	return u.counts[i*cells : (i+1)*cells]
}

// open returns the place of a unit, which is emptied where another one had it.
func (u *units) open(number int64, cells int) int {
	i := slotOf(number, len(u.numbers))
	if u.numbers[i] != number {
		u.numbers[i] = number
		clear(u.counts[i*cells : (i+1)*cells])
		if u.ranges != nil {
			u.ranges[2*i], u.ranges[2*i+1] = math.Inf(1), math.Inf(-1)
		}
	}
	return i
}

func (u *units) add(i, cells int, s *strip) {
	for j, c := range s.counts[:cells] {
		u.counts[i*cells+j] = plus(u.counts[i*cells+j], uint64(c))
	}
	if u.ranges != nil && s.lo <= s.hi {
		u.ranges[2*i], u.ranges[2*i+1] = min(u.ranges[2*i], s.lo), max(u.ranges[2*i+1], s.hi)
	}
}

// sum adds up the units of [first, last], and counts those that have any values.
func (u *units) sum(first, last int64, cells int) (counts []float64, lo, hi float64, held int64) {
	counts, lo, hi = make([]float64, cells), math.Inf(1), math.Inf(-1)
	for i, number := range u.numbers {
		if number < first || number > last || number == noUnit {
			continue
		}
		if anyOf(u.counts[i*cells : (i+1)*cells]) {
			held++
		}
		for j, c := range u.counts[i*cells : (i+1)*cells] {
			counts[j] += float64(c)
		}
		if u.ranges != nil {
			lo, hi = min(lo, u.ranges[2*i]), max(hi, u.ranges[2*i+1])
		}
	}
	return counts, lo, hi, held
}

func anyOf(counts []uint32) bool {
	return slices.ContainsFunc(counts, func(c uint32) bool { return c > 0 })
}

// observe counts a closed period, and returns whether a unit is complete, and with it a day.
func (h *history) observe(p period, s *strip) (unit, dayOver bool) {
	u := h.cal.unitOf(p.start)
	if u < h.latest {
		return false, false // periods are closed in order
	}
	for i, old := range h.units.numbers {
		if old != noUnit && old <= u-int64(len(h.units.numbers)) {
			h.learn(old, i)
			h.units.numbers[i] = noUnit
		}
	}
	h.units.add(h.units.open(u, h.cells), h.cells, s)
	h.latest, h.open = u, h.cal.days
	if p.end < h.cal.start(u+1) {
		return false, false
	}
	now := h.units.at(u, h.cells)
	if anyOf(now) {
		h.busy.units = plus(h.busy.units, 1)
	}
	last := u - h.lag()
	if before := h.units.at(last, h.cells); before != nil && h.cal.alike(h.cal.dayOf(u), h.cal.dayOf(last)) {
		h.hourly.add(now, before, h.order)
	}
	return true, h.cal.days && h.observeDay(u)
}

// lag is a day where a unit of a day ago is held, else one unit.
func (h *history) lag() int64 {
	if h.units.at(h.latest-h.cal.lag, h.cells) != nil {
		return h.cal.lag
	}
	return 1
}

// observeDay counts a complete unit in its day, and returns whether the day is over with it.
func (h *history) observeDay(u int64) bool {
	today := h.cal.dayOf(u)
	if today < h.lastDay {
		return false // clocks were put back over midnight
	}
	h.lastDay = today
	i := slotOf(u, len(h.units.numbers))
	s := strip{counts: h.units.counts[i*h.cells : (i+1)*h.cells], lo: 1, hi: 0}
	if h.order {
		s.lo, s.hi = h.units.ranges[2*i], h.units.ranges[2*i+1]
	}
	h.dayUnits.add(h.dayUnits.open(today, h.cells), h.cells, &s)
	h.open = h.cal.dayOf(u+1) == today
	if h.open || !anyOf(h.dayUnits.at(today, h.cells)) {
		return !h.open
	}
	h.busy.days = plus(h.busy.days, 1)
	if h.firstDay == noUnit {
		h.firstDay = today
	}
	for d := today - 1; d > today-weekDays; d-- {
		if before := h.dayUnits.at(d, h.cells); before != nil && anyOf(before) && h.cal.alike(today, d) {
			h.daily.add(h.dayUnits.at(today, h.cells), before, h.order)
			if h.rare() {
				h.daily.rare.add(h.dayUnits.at(today, h.cells), before, h.daily.limit)
			}
			break
		}
	}
	return true
}

// life is the number of days since the first that is over, with it.
func (h *history) life() int64 {
	if h.firstDay == noUnit {
		return 0
	}
	return h.lastDay - h.firstDay + 1
}

// complete reports whether the season has been seen once: what windows differ by may be told from
// what they have always differed by.
func (h *history) complete() bool {
	if h.cal.season == SeasonDay {
		return h.life() >= 2
	}
	return !h.cal.days || h.life() >= 7
}

// learn takes a unit that leaves the ring into its phase.
func (h *history) learn(unit int64, i int) {
	suspect := h.suspect&(1<<i) != 0
	h.suspect &^= 1 << i
	if suspect && !h.calmDay || h.cal.season == SeasonNone {
		return
	}
	counts := h.units.counts[i*h.cells : (i+1)*h.cells]
	phase := h.cal.phaseOf(unit)
	keep := float32(1)
	if h.seen[phase] >= phaseMemory {
		keep = 1 - 1./phaseMemory
	} else {
		h.seen[phase]++
	}
	for j, c := range counts {
		p := &h.phases[phase*h.cells+j]
		*p = *p*keep + float32(c)
	}
}

// suspectSince marks the units from a time on: phases do not learn them.
func (h *history) suspectSince(start int64) {
	first := h.cal.unitOf(start)
	for i, number := range h.units.numbers {
		if number != noUnit && number >= first {
			h.suspect |= 1 << i
		}
	}
}

// restartSlow begins slow windows after the newest unit.
func (h *history) restartSlow() { h.from = h.latest + 1 }

// slowSpan returns the units or days of a slow window that ends now, and the first that it may
// have; false where there is none.
func (h *history) slowSpan(speed Speed) (first, last, from int64, ok bool) {
	if speed == SlowDay {
		return h.latest - h.cal.slow() + 1, h.latest, h.from, h.cal.slow() > 0
	}
	from = noUnit
	if h.from != noUnit {
		from = h.cal.dayOf(h.from) + 1
	}
	return h.lastDay - 6, h.lastDay, from, h.cal.days
}

// slowCounts adds up the units or days of a slow window.
func (h *history) slowCounts(speed Speed, first, last int64) (counts []float64, lo, hi float64, held int64) {
	if speed == SlowDay {
		return h.units.sum(first, last, h.cells)
	}
	return h.dayUnits.sum(first, last, h.cells)
}

// fills reports whether so many units or days with values are enough for a slow window: half of the
// units of a day and all days of a week, or as many as usual where values come in batches.
func (h *history) fills(speed Speed, held int64) bool {
	life := float64(max(h.life(), 1))
	if speed == SlowDay {
		usual := math.Ceil(float64(h.busy.units) / life)
		return held > 0 && float64(2*held) >= min(float64(h.cal.slow()), usual)
	}
	// A day that was missed once in a life is missing.
	usual := max(math.Round(7*float64(h.busy.days)/life-0.3), 1)
	return h.life() >= 7 && float64(held) >= usual
}

// slowTimes returns the first and the last second of a slow window.
func (h *history) slowTimes(speed Speed, first, last int64) (start, end int64) {
	if speed == SlowDay {
		return h.cal.start(first), h.cal.start(last + 1)
	}
	end = h.cal.start(h.latest + 1)
	return end - (last-first+1)*day, end
}

// expected returns what is usual in [start, end): the phases' averages over earlier seasons, and the
// unit a day before where that is held and lies before start. asNow weighs the phases by how many
// values the window's own units have, for windows in which some hours may be missing. Its total is
// the number of values that the averages rest on. It is false where one of the phases has been seen
// less than twice, or had no values before.
func (h *history) expected(start, end int64, asNow bool) (counts []float64, known bool) {
	counts = make([]float64, h.cells)
	now := make([]float64, len(h.seen)) // how often, or with how many values, a phase is in the window
	for u := h.cal.unitOf(start); h.cal.start(u) < end; u++ {
		if asNow {
			now[h.cal.phaseOf(u)] += sumOf(h.units.at(u, h.cells))
		} else {
			now[h.cal.phaseOf(u)]++
		}
	}
	one := make([]float64, h.cells)
	total, variance := 0.0, 0.0 // the latter is that of a sum of averages
	for u := h.cal.unitOf(start); h.cal.start(u) < end; u++ {
		phase := h.cal.phaseOf(u)
		if now[phase] == 0 {
			continue
		}
		n, seen := 0.0, h.phase(u, start, one)
		for _, c := range one {
			n += c
		}
		if seen < seenEnough || n == 0 && asNow {
			return nil, false
		}
		weight := now[phase] / float64(seen)
		if asNow {
			weight = now[phase] / n
		}
		for j, c := range one {
			counts[j] += weight * c
		}
		total += weight * n
		variance += weight * weight * n
		now[phase] = 0
	}
	if variance == 0 {
		return nil, false
	}
	for j := range counts {
		counts[j] *= total / variance
	}
	return counts, true
}

func sumOf(counts []uint32) (n float64) {
	for _, c := range counts {
		n += float64(c)
	}
	return n
}

// phase adds up what is remembered of a unit's phase, and returns how many units that are.
func (h *history) phase(u, start int64, counts []float64) (seen int) {
	phase := h.cal.phaseOf(u)
	for j := range counts {
		counts[j] = float64(h.phases[phase*h.cells+j])
	}
	seen = int(h.seen[phase])
	before := u - h.cal.lag
	if h.cal.lag == 1 || h.cal.start(before+1) > start || h.cal.phaseOf(before) != phase {
		return seen
	}
	held := h.units.at(before, h.cells)
	if held == nil || h.suspect&(1<<slotOf(before, len(h.units.numbers))) != 0 {
		return seen
	}
	for j, c := range held {
		counts[j] += float64(c)
	}
	return seen + 1
}

// ready reports how many phases have been seen often enough.
func (h *history) ready() (n int) {
	for _, seen := range h.seen {
		if seen >= seenEnough {
			n++
		}
	}
	return n
}

// rare reports whether this is a history of missing values.
func (h *history) rare() bool { return h.cells == missingCells && !h.order }

// worth orders histories by how much they know.
func (h *history) worth() int {
	n := 2 * h.ready()
	if _, _, known := h.design(); known {
		n++
	}
	return n
}

// design returns the design effects of windows of a unit or so, and of slow windows. Without enough
// pairs they are 1 and known is false.
func (h *history) design() (fast, slow float64, known bool) {
	fast, slow, known = h.paired()
	if h.assumes(known) {
		return assumedDesign, assumedDesign, true
	}
	return fast, slow, known || h.cal.assumed()
}

// assumes reports whether the design effect is assumed: batches are too rare for pairs. After a week
// their rows are taken for no more independent than those of users who send 20 equal ones each.
func (h *history) assumes(known bool) bool { return !known && h.life() >= 7 }

const assumedDesign = 20

// hasPairs reports whether there are enough pairs for a design effect, of units or of days.
func (h *history) hasPairs() bool {
	return len(h.hourly.chi) >= h.needed() || len(h.daily.chi) >= enoughDay
}

// needed is the number of pairs of units before their median is trusted.
func (h *history) needed() int {
	if h.cal.unit >= day {
		return enoughDay
	}
	return enough
}

// paired returns the design effects that pairs give.
func (h *history) paired() (fast, slow float64, known bool) {
	fast, known = h.hourly.design(h.needed())
	days, ok := h.daily.design(enoughDay)
	if h.rare() {
		if known {
			fast = max(fast, h.hourly.rare.design())
		}
		if ok {
			days = max(days, h.daily.rare.design())
			fast = max(fast, days)
		}
	}
	slow = fast
	if ok {
		slow = max(slow, days)
		if !known { // hours have too few rows
			fast, known = days, true
		}
	}
	return fast, slow, known
}

func (e *encoder) history(h *history) {
	e.Bool(h != nil)
	if h == nil {
		return
	}
	e.Uvarint(uint64(h.cal.season))
	e.Varint(h.cal.unit)
	e.String(h.cal.place.String())
	e.Uint64(h.print)
	e.Uvarint(uint64(h.cells))
	e.Bool(h.order)
	e.units(&h.units, h.cells)
	e.Varint(h.latest)
	e.Uvarint(uint64(h.suspect))
	e.Bool(h.calmDay)
	e.units(&h.dayUnits, h.cells)
	e.Varint(h.lastDay)
	e.Bool(h.open)
	e.Varint(h.firstDay)
	e.Uvarint(uint64(h.busy.units))
	e.Uvarint(uint64(h.busy.days))
	for phase, seen := range h.seen {
		e.Uvarint(uint64(seen))
		if seen > 0 {
			for _, c := range h.phases[phase*h.cells : (phase+1)*h.cells] {
				e.Uvarint(uint64(math.Float32bits(c)))
			}
		}
	}
	e.pairs(&h.hourly)
	e.pairs(&h.daily)
	e.Varint(h.from)
}

// units writes a ring: of units that are held, their counts.
func (e *encoder) units(u *units, cells int) {
	for i, number := range u.numbers {
		e.Varint(number)
		if number == noUnit {
			continue
		}
		for _, c := range u.counts[i*cells : (i+1)*cells] {
			e.Uvarint(uint64(c))
		}
	}
	e.Float64s(u.ranges)
}

// maxHistoryCells bounds what a damaged snapshot can ask for.
const maxHistoryCells = 64

func (d *decoder) history() *history {
	if !d.Bool() {
		return nil
	}
	season, unit, zone := Season(d.UvarintTo(uint64(SeasonNone))), d.Varint(), d.String()
	shape := stripShape{print: d.Uint64(), cells: int(d.UvarintTo(maxHistoryCells)), order: d.Bool()}
	place, err := time.LoadLocation(zone)
	if err != nil {
		place = time.UTC
	}
	if unit < 60 || unit > 32*day {
		d.Fail()
	}
	if d.Err() != nil {
		return nil
	}
	saved := newCalendar(season, place, unit)
	h := newHistory(saved, shape)
	d.units(&h.units, h.cells)
	h.latest = d.Varint()
	h.suspect, h.calmDay = uint32(d.UvarintTo(1<<32-1)), d.Bool()
	d.units(&h.dayUnits, h.cells)
	h.lastDay, h.open, h.firstDay = d.Varint(), d.Bool(), d.Varint()
	h.busy.units, h.busy.days = uint32(d.UvarintTo(math.MaxUint32)), uint32(d.UvarintTo(math.MaxUint32))
	for phase := range h.seen {
		h.seen[phase] = uint8(d.UvarintTo(phaseMemory))
		if h.seen[phase] > 0 {
			for j := range h.cells {
				h.phases[phase*h.cells+j] = math.Float32frombits(uint32(d.UvarintTo(math.MaxUint32)))
				if !(h.phases[phase*h.cells+j] >= 0) {
					d.Fail()
				}
			}
		}
		if d.Err() != nil {
			return nil
		}
	}
	d.pairs(&h.hourly)
	d.pairs(&h.daily)
	h.from = d.Varint()
	if bits.Len32(h.suspect) > len(h.units.numbers) {
		d.Fail()
	}
	if d.Err() != nil {
		return nil
	}
	return h
}

// fit drops a history of another calendar than the model's.
func (m *model) fit(at **history) {
	h, cal := *at, m.settings.calendar
	switch {
	case h == nil:
	case h.cal.season == cal.season && h.cal.unit == cal.unit && h.cal.place.String() == cal.place.String():
		h.cal = cal
	default:
		*at = nil
	}
}

func (d *decoder) units(u *units, cells int) {
	for i := range u.numbers {
		u.numbers[i] = d.Varint()
		if u.numbers[i] == noUnit || d.Err() != nil {
			continue
		}
		if slotOf(u.numbers[i], len(u.numbers)) != i {
			d.Fail()
		}
		for j := range cells {
			u.counts[i*cells+j] = uint32(d.UvarintTo(math.MaxUint32))
		}
	}
	ranges := d.Float64s()
	if len(ranges) != len(u.ranges) {
		d.Fail()
		return
	}
	copy(u.ranges, ranges)
}
