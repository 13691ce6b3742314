// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package detectors

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/stream"
)

// maxReadings is how many readings wait at most: 160 KB.
const maxReadings = 4096

// Change is a change that a detector has seen.
type Change struct {
	Model prediction.Identity
	Spec  *Spec
	// Time is the event time of the span with which it was seen.
	Time pcommon.Timestamp
	stream.Change
}

// Batch collects readings and gives them to the detectors. It is not safe for concurrent use.
type Batch struct {
	readings []reading
	changes  []Change
}

// reading is a value for a detector of a model.
type reading struct {
	model *Model
	at    int
	value float64
	time  pcommon.Timestamp
}

// Add notes a value that the detector takes.
func (b *Batch) Add(m *Model, at int, value float64, time pcommon.Timestamp) {
	if len(b.readings) == maxReadings {
		b.deliver()
	}
	b.readings = append(b.readings, reading{m, at, value, time})
}

// Deliver gives all that was noted to the detectors, and returns the changes that they have seen.
func (b *Batch) Deliver() []Change {
	b.deliver()
	changes := b.changes
	b.changes = nil
	return changes
}

func (b *Batch) deliver() {
	var model *Model
	for i := range b.readings {
		r := &b.readings[i]
		if r.model != model {
			if model != nil {
				model.mu.Unlock()
			}
			model = r.model
			model.mu.Lock()
		}
		b.give(r)
	}
	if model != nil {
		model.mu.Unlock()
	}
	clear(b.readings)
	b.readings = b.readings[:0]
}

// give gives a reading to its detector, whose model is locked.
func (b *Batch) give(r *reading) {
	d := &r.model.detectors[r.at]
	c, ok := d.Add(r.value)
	if ok {
		r.model.values++
	}
	if c.Level != stream.Drift {
		return
	}
	d.changes++
	d.last = max(d.last, r.time)
	b.changes = append(b.changes, Change{Model: r.model.identity, Spec: r.model.Specs[r.at], Time: r.time, Change: c})
}
