// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package series

import (
	"maps"
	"sync"

	"github.com/prometheus/prometheus/model/metadata"
)

// maxFamilies bounds the metrics whose metadata are kept.
const maxFamilies = 20_000

// Metadata are types, help texts and units by the name of a metric, as Prometheus has them of what it scrapes.
type Metadata struct {
	mu       sync.RWMutex
	families map[string]metadata.Metadata
}

func newMetadata() *Metadata { return &Metadata{families: map[string]metadata.Metadata{}} }

func (m *Metadata) put(name string, of metadata.Metadata) {
	m.mu.RLock()
	known, ok := m.families[name]
	full := len(m.families) >= maxFamilies
	m.mu.RUnlock()
	if ok && known == of || !ok && full {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.families[name] = of
}

// All yields the metadata of each metric.
func (m *Metadata) All(yield func(string, metadata.Metadata) bool) {
	m.mu.RLock()
	all := maps.Clone(m.families)
	m.mu.RUnlock()
	for name, of := range all {
		if !yield(name, of) {
			return
		}
	}
}
