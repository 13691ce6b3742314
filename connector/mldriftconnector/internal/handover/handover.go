// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package handover takes partitions over and lets go of them.
//
// Deltas come in on one goroutine, alerts and scores are emitted by another. The engine forgets the
// models of a partition at once, where the deltas come in. A partition that has been read again
// waits until the emitter asks: its models are seen from one emission on, and their alerts begin
// with it.
package handover

import (
	"slices"
	"sync"

	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

// Partitions are the changes of partitions that the emitter does not know of yet.
type Partitions struct {
	// mu is held while the engine changes: who asks what is gone hears of all models that the engine
	// has forgotten.
	mu    sync.Mutex
	gone  []drift.ModelID
	ready []delta.PartitionChange
}

// Apply adds deltas with add, and changes the partitions of the engine in between.
func (p *Partitions) Apply(engine *drift.Engine, deltas []delta.Delta, changes []delta.PartitionChange, add func([]delta.Delta)) {
	done := 0
	for _, c := range changes {
		add(deltas[done:c.After])
		done = c.After
		p.change(engine, c)
	}
	add(deltas[done:])
}

func (p *Partitions) change(engine *drift.Engine, c delta.PartitionChange) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ready = slices.DeleteFunc(p.ready, func(r delta.PartitionChange) bool { return r.Partition == c.Partition })
	if c.State == delta.Current {
		p.ready = append(p.ready, c)
		return
	}
	gone, _ := engine.SetPartition(c)
	p.gone = append(p.gone, gone...)
}

// Gone returns the models that were let go of since the last call: another aggregator judges them.
func (p *Partitions) Gone() []drift.ModelID {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.gone
	p.gone = nil
	return out
}

// Settle makes the partitions current that have been read again, and returns the verdicts that were
// reached meanwhile and are drift.
func (p *Partitions) Settle(engine *drift.Engine) (found []drift.Change) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.ready {
		_, changes := engine.SetPartition(c)
		found = append(found, changes...)
	}
	p.ready = nil
	return found
}
