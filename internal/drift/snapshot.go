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
	// Dedupe is which points were seen of models that found no room, and their totals; nil where
	// nothing has changed.
	Dedupe []byte
}

// Snapshot returns what has changed since the last one. Models that come from a partition are not
// in it: the topic keeps them.
func (e *Engine) Snapshot() Snapshot {
	e.mu.Lock()
	wall := e.wall
	e.mu.Unlock()
	out := Snapshot{Changed: make(map[string][]byte)}
	e.eachModel(func(m *model) {
		if m.partition != nil {
			return
		}
		key := m.key.String()
		out.Keys = append(out.Keys, key)
		if m.dirty {
			out.Changed[key] = m.encode(wall)
			m.dirty = false
		}
	})
	e.mu.Lock()
	defer e.mu.Unlock()
	if r := e.restOf(""); r.dirty || len(out.Changed) > 0 {
		out.Dedupe = e.encodeDedupe(r)
		r.dirty = false
	}
	return out
}

// Restore adds a model from a snapshot to an engine that does not have it yet. Windows of another
// length than the one configured now are dropped; totals and verdicts are kept. Names are cut as
// they are when they arrive; of two that are the same then, the first is kept. Models and versions that
// nobody vouches for are kept up to twice the limit of all. It never panics, whatever the bytes.
func (e *Engine) Restore(now time.Time, data []byte) error {
	d, err := newDecoder(data)
	if err != nil {
		return err
	}
	e.newest(now)
	set := e.cards()
	m := e.decodeModel(d, now, set)
	if d.Err() == nil && d.Len() > 0 {
		d.Fail()
	}
	if d.Err() != nil {
		e.letGo(m)
		return d.Err()
	}
	if d.cuts > 0 {
		e.notes.cut(d.cuts, Key{Environment: m.key.environment, Model: m.key.name})
	}
	e.resolve(m, set)
	for _, v := range m.versions {
		for _, g := range v.groups {
			m.series.Add(int64(len(g.order)))
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	by := e.vouches(m.key)
	switch {
	case e.models[m.key] != nil && d.cuts == 0:
		e.letGo(m)
		return fmt.Errorf("%s is there twice", m.key)
	case e.models[m.key] != nil || !by.vouched && len(e.models) >= 2*e.opts.Limits.Models:
		e.letGo(m)
		e.notes.full("model", Key{Environment: m.key.environment, Model: m.key.name})
		return nil
	}
	e.hold(m, by)
	e.models[m.key], e.restored = m, true
	return nil
}
