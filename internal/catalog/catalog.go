// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package catalog is what is known of models and jobs: the cards that people write, with the
// baselines they name, as an immutable Set that every component reads.
//
// A folder of YAML files is read into a Set (Load). The ml_catalog extension implements Catalog and
// swaps the Set when a file changes; readers take a Snapshot, keep it for a batch, and compare the
// pointer to see a reload. A Set and all below it are never changed after they are published.
package catalog

// Catalog gives the current set of cards. Implementations are safe for concurrent use.
type Catalog interface {
	// Snapshot returns the current set. It takes no lock and never returns nil; the same pointer
	// means that nothing has changed.
	Snapshot() *Set
}

// empty is what a component reads without a catalog.
type empty struct{ set *Set }

func (e empty) Snapshot() *Set { return e.set }

// Empty returns a catalog without cards.
func Empty() Catalog { return empty{set: NewSet(nil, nil)} }
