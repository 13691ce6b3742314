// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package contract

// Categories are the categories of a feature as they were counted.
type Categories struct {
	// N is the number of values, Effective how many independent ones they are worth. Excess is as in
	// RowsOf.
	N, Excess uint64
	Effective float64
	// Named is the number of categories that were told apart and had values, Rest the number of
	// values of all others.
	Named, Rest uint64
	// Unseen is the number of values that are surely none of those that are expected; so may be
	// those of Unsure. Known is false where nothing is expected.
	Unseen, Unsure uint64
	Known          bool
}

// Observe returns what a check bounds; false where counts of categories do not say it.
func (k *Categories) Observe(c *Check) (Observed, bool) {
	switch c.Statistic {
	case Unseen:
		if !k.Known {
			return unknown(k.N), false
		}
		return shareBetween(k.Unseen, k.Unseen+k.Unsure, k.N, k.Effective), true
	case Distinct, DistinctShare:
		if k.N == 0 {
			return unknown(0), true
		}
		least := k.Named
		if k.Rest > 0 {
			least++
		}
		return distinct(c.Statistic, least, k.Named+k.Rest, k.N, k.Excess), true
	}
	return unknown(k.N), false
}
