// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package spans

import (
	"slices"
	"sync"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// known keeps what is known of models, for one set of cards.
type known struct {
	mu     sync.RWMutex // guards all below
	set    *catalog.Set
	models map[modelKey]*knowledge
}

type modelKey struct{ name, version string }

// maxKnown is how many models and versions are kept.
const maxKnown = 1_000

// knowledge returns what the catalog and the config know of a model.
func (m *Maker) knowledge(set *catalog.Set, name, version string) *knowledge {
	key := modelKey{name, version}
	m.known.mu.RLock()
	k, same := m.known.models[key], m.known.set == set
	m.known.mu.RUnlock()
	if same && k != nil {
		return k
	}
	env, own := m.options.Environment, m.options.Models[name]
	k = newKnowledge(set.Model(env, name), set.Baseline(env, name, version), slices.Clone(own.Features), own.Classes)
	m.known.mu.Lock()
	defer m.known.mu.Unlock()
	if m.known.set != set || len(m.known.models) >= maxKnown {
		m.known.set, m.known.models = set, make(map[modelKey]*knowledge)
	}
	m.known.models[key] = k
	return k
}
