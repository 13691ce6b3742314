// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package contract

import "github.com/otelcol-ml/otelcol-ml/internal/prediction"

// alike are rows of a batch that have the same features, one behind the other. Each lacks what the
// first lacks, which may be much more than it has: they are counted together.
type alike struct {
	binding *binding
	unknown bool
	// broken are the checks that the first has broken by what it lacks, or by what the resource has.
	broken []int32
	// more is the number of rows behind the first one.
	more uint32
}

func (a *alike) begin() { *a = alike{broken: a.broken[:0]} }

// countAlike counts what a row breaks by what it lacks, and by what the resource has.
func (c *Checker) countAlike(s *prediction.Span, b *binding, weight uint32) (work int) {
	a := &c.alike
	if a.binding == b && a.unknown == s.Unknown {
		a.more += weight
		return 0
	}
	c.addAlike()
	a.binding, a.unknown = b, s.Unknown
	if !s.Unknown {
		for _, check := range b.absent {
			c.violated(check, c.last.checks[check].Feature, weight, nil)
			a.broken = append(a.broken, check)
		}
	}
	work = 2 * len(b.absent)
	for _, check := range b.elsewhere {
		broken, looked := c.onResource(s, check, weight)
		if broken {
			a.broken = append(a.broken, check)
		}
		work += looked
	}
	if b == &c.bound {
		work += len(c.last.checks) // it was worked out for this row alone
	}
	return work
}

// addAlike adds the rows behind the first one.
func (c *Checker) addAlike() {
	a := &c.alike
	if a.more > 0 {
		for _, check := range a.broken {
			c.found[c.at[check]-1].Rows += int(a.more)
		}
	}
	a.begin()
}
