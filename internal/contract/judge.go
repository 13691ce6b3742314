// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package contract

import "math"

// Verdict is what a check says of a window, or of a file.
type Verdict uint8

// The verdicts.
const (
	// Insufficient is where the interval has good and bad values, or where nothing was seen.
	Insufficient Verdict = iota
	// OK is where all of the interval keeps the check.
	OK
	// Violated is where all of the interval breaks it.
	Violated
	// Verdicts is their number.
	Verdicts
)

// String returns the verdict as in ml.contract.verdict.
func (v Verdict) String() string { return [...]string{"insufficient", "ok", "violated"}[v] }

// Judgement is a verdict with what it rests on: of a check that compares, the change as a share of
// the earlier value.
type Judgement struct {
	Observed
	Verdict Verdict
}

// Judge judges a figure by the check's bounds. before is what the figure was ComparedWith ago; nil
// where that is not known, or for a check that does not compare. least is how many rows, or
// independent ones that they are worth, it takes to say that something that must not happen at all
// has not.
//
//	  bad      │        good         │     bad
//	───[─x─]───┼───[──x──]───[──x──]─┼──────────
//	 violated  Min      ok      ok  Max
//	                         [──x────┼──] insufficient
func (c *Check) Judge(o Observed, before *Observed, least uint64) Judgement {
	low, high := c.limits()
	if c.ComparedWith > 0 {
		if before == nil {
			return Judgement{Observed: unknown(o.Samples)}
		}
		o = changeOf(o, *before)
	}
	j := Judgement{Observed: o}
	switch {
	case o.Samples == 0 && c.Statistic != Rows, math.IsNaN(o.Lower), math.IsNaN(o.Upper):
	case o.Lower > high || c.Below && o.Lower >= high, o.Upper < low || c.Above && o.Upper <= low:
		j.Verdict = Violated
	case c.ofShare() && high == 0 && !c.Below:
		// No row may be bad. No interval of a share ends at 0: it takes enough rows that are good.
		if o.Point == 0 && o.Effective >= float64(least) {
			j.Verdict = OK
		}
	case (o.Lower > low || !c.Above && o.Lower == low) && (o.Upper < high || !c.Below && o.Upper == high):
		j.Verdict = OK
	}
	return j
}

// ofShare reports whether what the check bounds is a share of rows.
func (c *Check) ofShare() bool {
	return c.ComparedWith == 0 && (c.OfRow() || c.Statistic == Missing || c.Statistic == Unseen)
}

// limits are the bounds of the figure; infinite where there are none.
func (c *Check) limits() (low, high float64) {
	low, high = math.Inf(-1), math.Inf(1)
	set := func(to, v *float64, sign float64) {
		if v != nil {
			*to = sign * *v
		}
	}
	switch {
	case c.OfRow():
		high = c.MaxViolations
	case c.ComparedWith > 0:
		set(&low, c.MaxDecrease, -1)
		set(&high, c.MaxIncrease, 1)
	default:
		set(&low, c.Min, 1)
		set(&high, c.Max, 1)
	}
	return low, high
}

// changeOf is the change from one figure to another, as a share of the earlier one; of a figure that
// may have been 0 nothing is known. The corners of the two intervals bound it, so that it holds the
// change at least as surely as both hold theirs.
func changeOf(now, before Observed) Observed {
	o := unknown(min(now.Samples, before.Samples))
	o.Effective = min(now.Effective, before.Effective)
	if before.Lower <= 0 && before.Upper >= 0 {
		return o
	}
	o.Point = (now.Point - before.Point) / math.Abs(before.Point)
	o.Lower, o.Upper = math.Inf(1), math.Inf(-1)
	for _, n := range []float64{now.Lower, now.Upper} {
		for _, b := range []float64{before.Lower, before.Upper} {
			change := (n - b) / math.Abs(b)
			if math.IsNaN(change) {
				return unknown(o.Samples)
			}
			o.Lower, o.Upper = min(o.Lower, change), max(o.Upper, change)
		}
	}
	return o
}
