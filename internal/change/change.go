// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package change says what kind of change there is between two samples: whether values were
// shifted, are missing, come in another unit, and so on, in a sentence with numbers.
//
// It goes by counts in bins or of categories alone. Numbers tries models of a change, each of which
// makes the current distribution of the reference's with a few parameters, and takes the one that
// explains most with least:
//
//	reference ──► scale, spike, tail, shift, spread, mixture ──► expected counts
//	                                                              │ likelihood, less the parameters (BIC)
//	current   ────────────────────────────────────────────────────┘──► the best of them, if it is good
//
// All functions are pure.
package change

import "github.com/otelcol-ml/otelcol-ml/internal/figures"

// Kind is a kind of change.
type Kind uint8

// The kinds. What comes first wins where two explain a change as well.
const (
	// None is no more than what two samples of one distribution differ by.
	None Kind = iota
	// MissingRose and MissingFell are of the share of rows that lack the value.
	MissingRose
	MissingFell
	// Constant is one value where there were many.
	Constant
	// Scale is all values times the same factor: another unit, cents for euros.
	Scale
	// NewCategory is categories that the reference does not have, VanishedCategory such as only the
	// reference has.
	NewCategory
	VanishedCategory
	// Spike is one value that has become more frequent, at the cost of all others alike; Gap one
	// that has become rarer.
	Spike
	Gap
	// Tail is more values at the reference's ends and beyond; the others are as before.
	Tail
	// Shift is a distribution of the same shape elsewhere, Spread one of the same middle that is
	// wider or narrower.
	Shift
	Spread
	// Mixture is a group of values in one place that came to the reference's, or has left them.
	Mixture
	// Other is anything else.
	Other
	kinds
)

// String returns the kind as in alerts.
func (k Kind) String() string {
	if k >= kinds {
		return "unknown"
	}
	return [...]string{
		"none", "missing_rose", "missing_fell", "constant", "scale", "new_category", "vanished_category", "spike", "gap", "tail", "shift",
		"spread", "mixture", "other",
	}[k]
}

// Change is what has changed. Example: Shift, "shift: mean 12.1 → 14.9 (+0.8 sd)".
type Change struct {
	Kind Kind
	// Text is a sentence with the numbers; empty for None.
	Text string
}

// Missing is the change of the share, 0 to 1, of rows that lack a value.
func Missing(before, now float64) Change {
	text := figures.Percent(before) + " → " + figures.Percent(now) + " of the rows"
	switch {
	case now > before:
		return Change{MissingRose, "missing values rose: " + text}
	case now < before:
		return Change{MissingFell, "missing values fell: " + text}
	}
	return Change{}
}
