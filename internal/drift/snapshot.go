// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"fmt"
	"time"
)

// Snapshot is the state of an engine, to be written as it is, in one step.
type Snapshot struct {
	// Keys name all models.
	Keys []string
	// Changed holds the models that have changed since the last snapshot, by key.
	Changed map[string][]byte
	// Dedupe is which points were seen, and the totals of models that found no room; nil where
	// nothing has changed.
	Dedupe []byte
}

// Snapshot returns what has changed since the last one.
func (e *Engine) Snapshot() Snapshot {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := Snapshot{Changed: make(map[string][]byte)}
	for _, m := range e.sorted() {
		key := m.key.String()
		out.Keys = append(out.Keys, key)
		if m.dirty {
			out.Changed[key] = m.encode(e.wall)
			m.dirty = false
		}
	}
	if len(out.Changed) > 0 || e.restDirty {
		out.Dedupe = e.encodeDedupe()
		e.restDirty = false
	}
	return out
}

// Restore adds a model from a snapshot to an engine that does not have it yet. Windows of another
// length than the one configured now are dropped; totals and verdicts are kept. Names are cut as
// they are when they arrive; of two that are the same then, the first is kept, and so are models
// and versions up to twice the limit. It never panics, whatever the bytes.
func (e *Engine) Restore(now time.Time, data []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	d, err := newDecoder(data)
	if err != nil {
		return err
	}
	e.wall = max(e.wall, now.Unix())
	m := e.decodeModel(d, now)
	if d.Err() == nil && d.Len() > 0 {
		d.Fail()
	}
	if d.Err() != nil {
		return d.Err()
	}
	e.stats.NamesCut += d.cuts
	if d.cuts > 0 {
		e.event(Event{Kind: NameCut, Key: Key{Environment: m.key.environment, Model: m.key.name}})
	}
	switch {
	case e.models[m.key] != nil && d.cuts == 0:
		return fmt.Errorf("%s is there twice", m.key)
	case e.models[m.key] != nil || len(e.models) >= 2*e.opts.Limits.Models:
		e.full("model", Key{Environment: m.key.environment, Model: m.key.name})
		return nil
	}
	e.resolve(m)
	e.models[m.key] = m
	for _, v := range m.versions {
		for _, g := range v.groups {
			e.series += len(g.order)
		}
	}
	return nil
}
