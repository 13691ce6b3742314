// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package count

import "github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/accumulators"

// lacking are rows of a batch, behind its first one, that lack the same features. They are counted
// together: a row of a batch lacks all features of the card that the span does not carry, and these
// may be many more than those that it does.
type lacking struct {
	binding *modelBinding
	weight  accumulators.Weight
	// cohorts are those of the rows, each with the weight of its own.
	cohorts []*cohortCache
}

// mostLacking is the weight up to which rows wait: what waits, and one row more, fit an accumulator.
const mostLacking = 1 << 29

// lack notes that the row at hand lacks what its binding says.
func (c *Counter) lack(b *modelBinding, weight accumulators.Weight) {
	l := &c.lacking
	if l.weight.Rows > mostLacking {
		c.countLacking()
	}
	l.binding = b
	l.weight.Add(weight)
	for i := range c.cohorts {
		cohort := c.cohorts[i].cache
		c.cohortFeatures(i, weight) // counts the row
		if cohort.lacking.Rows == 0 {
			l.cohorts = append(l.cohorts, cohort)
		}
		cohort.lacking.Add(weight)
	}
}

// countLacking counts what the rows lack that wait.
func (c *Counter) countLacking() {
	l := &c.lacking
	if l.binding == nil {
		return
	}
	c.work += len(l.binding.absent) * (1 + len(l.cohorts))
	total := c.features(&l.binding.cache.total)
	for _, slot := range l.binding.absent {
		total.AddMissing(slot, l.weight, &c.ref)
	}
	for _, cohort := range l.cohorts {
		features := c.features(cohort)
		for _, slot := range l.binding.absent {
			features.AddMissing(slot, cohort.lacking, &c.ref)
		}
		cohort.lacking = accumulators.Weight{}
	}
	clear(l.cohorts)
	*l = lacking{cohorts: l.cohorts[:0]}
}
