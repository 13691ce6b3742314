// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Instance is one instance of a stage: a mapped task, a rank, or the stage itself where it has no name.
type Instance struct {
	Name string
	// Tries are in their order; there is at least one.
	Tries []*Try

	said *said
}

// Instances returns the instances of which a try has come, by name: numbers in their order, then the rest.
//
// The tries of an instance are in the order of their attempts. If one of them does not say which it is, their order is that of start, and
// those that another one was to follow come first, so that clocks that differ between hosts do not make one of these the last.
func (s *Stage) Instances() []Instance {
	if len(s.tries) == 0 {
		return nil
	}
	tries := make([]*Try, len(s.tries))
	for i := range s.tries {
		tries[i] = &s.tries[i]
	}
	if len(tries) > 1 {
		slices.SortFunc(tries, func(a, b *Try) int {
			if a.instance == b.instance {
				return 0
			}
			return CompareInstances(a.instance.Value(), b.instance.Value())
		})
	}
	out := make([]Instance, 0, s.instances())
	for start := 0; start < len(tries); {
		end := start + 1
		numbered := tries[start].attempt > 0
		for ; end < len(tries) && tries[end].instance == tries[start].instance; end++ {
			numbered = numbered && tries[end].attempt > 0
		}
		of := tries[start:end:end]
		if len(of) > 1 {
			slices.SortFunc(of, func(a, b *Try) int {
				if numbered {
					return compareTries(a, b)
				}
				return cmp.Or(compareBool(b.Retried(), a.Retried()), compareStart(a, b))
			})
		}
		i := Instance{Name: of[0].instance.Value(), Tries: of}
		if s.side != nil {
			i.said = s.side.said[of[0].instance]
		}
		out = append(out, i)
		start = end
	}
	return out
}

// CompareInstances orders the names of instances: numbers in their order, then the rest.
func CompareInstances(a, b string) int {
	m, errA := strconv.ParseUint(a, 10, 64)
	n, errB := strconv.ParseUint(b, 10, 64)
	return cmp.Or(compareBool(errB == nil, errA == nil), cmp.Compare(m, n), strings.Compare(a, b))
}

// Final is the try that decides.
func (i *Instance) Final() *Try { return i.Tries[len(i.Tries)-1] }

// Recovered reports whether the instance is good after a try that was not.
func (i *Instance) Recovered() bool {
	if i.Final().Outcome != Success {
		return false
	}
	return slices.ContainsFunc(i.Tries[:len(i.Tries)-1], func(t *Try) bool { return t.Outcome.Bad() })
}

// RowsIn and RowsOut are what the final try says, else what the latest inner span of it says; negative if nothing does.
func (i *Instance) RowsIn() int64 {
	f := i.Final()
	if f.RowsIn >= 0 || i.said == nil || !i.said.rowsIn.within(f) {
		return f.RowsIn
	}
	return int64(i.said.rowsIn.value)
}

// RowsOut is as RowsIn.
func (i *Instance) RowsOut() int64 {
	f := i.Final()
	if f.RowsOut >= 0 || i.said == nil || !i.said.rowsOut.within(f) {
		return f.RowsOut
	}
	return int64(i.said.rowsOut.value)
}

// NullRatios and Metrics are by name: what the final try says, and of the rest what the latest inner span of it says.
func (i *Instance) NullRatios() []Value {
	var own []Value
	if d := i.Final().detail; d != nil {
		own = d.nulls
	}
	if i.said == nil {
		return own
	}
	return i.said.add(own, i.said.nulls, i.Final())
}

// Metrics are as NullRatios.
func (i *Instance) Metrics() []Value {
	var own []Value
	if d := i.Final().detail; d != nil {
		own = d.metrics
	}
	if i.said == nil {
		return own
	}
	return i.said.add(own, i.said.metrics, i.Final())
}
