// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Instance is one instance of a stage: a mapped task, a rank, or the stage itself where it has no
// name.
type Instance struct {
	Name string
	// Attempts are in their order; there is at least one.
	Attempts []*Attempt

	reported *reported
}

// Instances returns the instances of which an attempt has come, by name: numbers in their order,
// then the rest.
//
// The attempts of an instance are in the order of their attempts. If one of them does not say which
// it is, their order is that of start, and those that another one was to follow come first, so that
// clocks that differ between hosts do not make one of these the last.
func (s *Stage) Instances() []Instance {
	if len(s.attempts) == 0 {
		return nil
	}
	attempts := make([]*Attempt, len(s.attempts))
	for i := range s.attempts {
		attempts[i] = &s.attempts[i]
	}
	if len(attempts) > 1 {
		slices.SortFunc(attempts, func(a, b *Attempt) int {
			if a.instance == b.instance {
				return 0
			}
			return CompareInstances(a.instance.Value(), b.instance.Value())
		})
	}
	out := make([]Instance, 0, s.instances())
	for start := 0; start < len(attempts); {
		end := start + 1
		numbered := attempts[start].number > 0
		for ; end < len(attempts) && attempts[end].instance == attempts[start].instance; end++ {
			numbered = numbered && attempts[end].number > 0
		}
		of := attempts[start:end:end]
		if len(of) > 1 {
			slices.SortFunc(of, func(a, b *Attempt) int {
				if numbered {
					return compareAttempts(a, b)
				}
				return cmp.Or(compareBool(b.Retried(), a.Retried()), compareStart(a, b))
			})
		}
		i := Instance{Name: of[0].instance.Value(), Attempts: of}
		if s.side != nil {
			i.reported = s.side.reported[of[0].instance]
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

// Final is the attempt that decides.
func (i *Instance) Final() *Attempt { return i.Attempts[len(i.Attempts)-1] }

// Recovered reports whether the instance is good after an attempt that was not.
func (i *Instance) Recovered() bool {
	if i.Final().Outcome != Success {
		return false
	}
	return slices.ContainsFunc(i.Attempts[:len(i.Attempts)-1], func(t *Attempt) bool { return t.Outcome.Bad() })
}

// RowsIn and RowsOut are what the final attempt says, else what the latest inner span of it says;
// negative if nothing does.
func (i *Instance) RowsIn() int64 {
	f := i.Final()
	if f.RowsIn >= 0 || i.reported == nil || !i.reported.rowsIn.within(f) {
		return f.RowsIn
	}
	return int64(i.reported.rowsIn.value)
}

// RowsOut is as RowsIn.
func (i *Instance) RowsOut() int64 {
	f := i.Final()
	if f.RowsOut >= 0 || i.reported == nil || !i.reported.rowsOut.within(f) {
		return f.RowsOut
	}
	return int64(i.reported.rowsOut.value)
}

// NullRatios and Metrics are by name: what the final attempt says, and of the rest what the latest
// inner span of it says.
func (i *Instance) NullRatios() []Value {
	var own []Value
	if d := i.Final().detail; d != nil {
		own = d.nulls
	}
	if i.reported == nil {
		return own
	}
	return i.reported.complete(own, i.reported.nulls, i.Final())
}

// Metrics are as NullRatios.
func (i *Instance) Metrics() []Value {
	var own []Value
	if d := i.Final().detail; d != nil {
		own = d.metrics
	}
	if i.reported == nil {
		return own
	}
	return i.reported.complete(own, i.reported.metrics, i.Final())
}
