// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import "math"

// Speed is which window a verdict rests on. All give one verdict: whichever sees a drift first
// says so, and the same one says when it is over.
type Speed uint8

// The speeds.
const (
	// Fast is the window of the model, an hour by default: for what breaks.
	Fast Speed = iota
	// SlowDay is the sliding day, evaluated with each unit: for what is small, and lasts.
	SlowDay
	// SlowWeek is the sliding week, evaluated each day: for what creeps. It has all phases of the
	// season, and needs nothing to be compared with but the baseline.
	SlowWeek
	speeds
)

// String returns the speed as in alerts.
func (s Speed) String() string { return [...]string{"fast", "day", "week"}[s] }

// finding is what one window says.
type finding uint8

const (
	// calm is far below every threshold, or nothing that chance would not do.
	calm finding = iota
	// between neither begins a drift nor ends one.
	between
	// hit is a drift, if it lasts.
	hit
	// unknown may be a drift or the season: that is not known yet.
	unknown
)

// judgement is the verdict against one reference, and what has led to it.
type judgement struct {
	verdict Verdict
	reasons Reasons // that have been given for Insufficient
	speed   Speed   // that a drift was found by
	// lapsed says that the verdict has ended without a window that contradicted it: what was found
	// before is remembered for the next window.
	lapsed bool
	// streak counts findings in a row that contradict the verdict, by speed; of a drift, that are
	// calm.
	streak [speeds]uint16
	// unsure counts windows in a row that are unknown.
	unsure uint16
	// starved counts windows in a row that had nothing to be compared with.
	starved uint16
	// plain says of each streak that chance is out of the question for all of its windows; of a drift,
	// for those that began it.
	plain bySpeed
	// since is the start of the first window of each streak; of a drift, its own.
	since [speeds]int64
}

// bySpeed is a set of speeds.
type bySpeed uint8

func (b bySpeed) has(s Speed) bool { return b&(1<<s) != 0 }

func (b *bySpeed) set(s Speed, on bool) {
	if *b &^= 1 << s; on {
		*b |= 1 << s
	}
}

// plainPValue is the p-value of a window that is plainly a drift. Where those that began a drift were
// above it, its shift may be so small that calm windows come by chance: of a class that goes from 1 %
// to 2 %, every fortieth hour of 2,000 rows is one.
const plainPValue = 1e-10

// needs is how many findings in a row a verdict takes.
type needs struct {
	begin uint16 // a drift, and to end a plain one
	end   uint16 // to end one that is not plain
}

// ending is how many calm findings end the drift.
func (j *judgement) ending(need needs) uint16 {
	if j.plain.has(j.speed) {
		return need.begin
	}
	return need.end
}

// apply takes a finding of a speed into the verdict, which changes after some of them in a row, and
// reports whether it has. start is that of the window; plain is whether a hit is a plain one.
func (j *judgement) apply(f finding, by Speed, need needs, start int64, plain bool) (changed bool) {
	before := j.verdict
	if by == Fast {
		j.starved = 0 // what a day has to be compared with does not end an hour's drift
	}
	switch {
	case j.verdict == Drift && by != j.speed:
	case j.verdict == Drift && f == calm:
		if j.streak[by]++; j.streak[by] >= j.ending(need) {
			*j = judgement{verdict: OK, reasons: j.reasons}
		}
	case j.verdict == Drift:
		j.streak[by] = 0
	case f == hit:
		if j.streak[by] == 0 {
			j.since[by] = start
			j.plain.set(by, true)
		}
		j.plain.set(by, plain && j.plain.has(by))
		if j.streak[by]++; j.streak[by] >= need.begin {
			*j = judgement{verdict: Drift, reasons: j.reasons, speed: by, since: j.since, plain: j.plain}
		}
	case f == unknown:
		j.streak[by] = 0
		if by == Fast {
			if j.unsure = min(j.unsure+1, math.MaxUint16); j.unsure >= need.begin {
				j.verdict = Insufficient
			}
		}
	default:
		j.streak[by] = 0
		if by == Fast {
			j.unsure, j.verdict, j.lapsed = 0, OK, false
		}
	}
	if j.verdict != Insufficient {
		j.lapsed = false
	}
	return j.verdict != before
}

// lapse makes the verdict insufficient, as nothing comes that could be judged, and reports whether
// it was another one. The next window goes on with what was found.
func (j *judgement) lapse(need uint16) (changed bool) {
	if j.verdict == Insufficient {
		j.lapsed = true
		return false
	}
	if j.verdict == Drift {
		for by := range j.streak {
			j.streak[by] = 0
		}
		j.streak[Fast] = need
		j.since[Fast] = j.since[j.speed]
		j.plain.set(Fast, j.plain.has(j.speed))
	}
	j.verdict, j.unsure, j.lapsed = Insufficient, 0, true
	return true
}

// starve notes a window without anything to compare it with, and reports whether the verdict has
// ended for that.
func (j *judgement) starve(need uint16) (changed bool) {
	if j.starved = min(j.starved+1, math.MaxUint16); j.starved < need {
		return false
	}
	return j.lapse(need)
}

// drifting reports whether there is a drift, or what may become one.
func (j *judgement) drifting() bool {
	return j.verdict == Drift || j.streak != [speeds]uint16{}
}

// verdicts are those against each reference.
type verdicts [len(referenceNames)]judgement

// decided reports whether there is any that silence would make insufficient in the end.
func (v *verdicts) decided() bool {
	for i := range v {
		if j := &v[i]; j.verdict != Insufficient || j.drifting() && !j.lapsed {
			return true
		}
	}
	return false
}

// remembers reports whether there is a streak that the next window may go on with.
func (v *verdicts) remembers() bool {
	for i := range v {
		if v[i].drifting() {
			return true
		}
	}
	return false
}

// insufficient reports whether there is no verdict against a reference.
func (v *verdicts) insufficient(r reference) bool { return v[r].verdict == Insufficient }

// Where the first word of a judgement has what.
const (
	reasonsAt = 2
	plainAt   = reasonsAt + int(reasons)
)

func (e *encoder) judgements(j *verdicts) {
	for i := range j {
		one := &j[i]
		// What is above the verdict came later.
		e.Uvarint(uint64(one.verdict) | uint64(one.reasons)<<reasonsAt | uint64(one.plain)<<plainAt)
		e.Bool(one.lapsed)
		e.Uvarint(uint64(one.speed))
		for by := range speeds {
			e.Uvarint(uint64(one.streak[by]))
			e.Varint(one.since[by])
		}
		e.Uvarint(uint64(one.unsure))
		e.Uvarint(uint64(one.starved))
	}
}

func (d *decoder) judgements(j *verdicts) {
	for i := range j {
		v := d.UvarintTo(1<<(plainAt+int(speeds)) - 1)
		if v&3 > uint64(Drift) {
			d.Fail()
		}
		j[i] = judgement{verdict: Verdict(v & 3), reasons: Reasons(v >> reasonsAt), plain: bySpeed(v >> plainAt)}
		one := &j[i]
		if d.Version < 4 {
			one.streak[Fast] = uint16(d.UvarintTo(1000))
			if one.verdict == Drift {
				one.streak[Fast] = 0 // of other windows than today's
			}
			continue
		}
		one.lapsed, one.speed = d.Bool(), Speed(d.UvarintTo(uint64(speeds)-1))
		for by := range speeds {
			one.streak[by], one.since[by] = uint16(d.UvarintTo(math.MaxUint16)), d.Varint()
		}
		one.unsure, one.starved = uint16(d.UvarintTo(math.MaxUint16)), uint16(d.UvarintTo(math.MaxUint16))
	}
}
