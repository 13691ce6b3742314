// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package join

// Store keeps the sides of a join, so that the next process can add them again. In whichever order
// it does, they are in the order of their arrival; what that says has Met, has met before. A Store
// is called while the join is locked and must not wait: it notes what has changed, and writes it
// later.
type Store[K comparable, T any] interface {
	// Keep notes a side that has entered the join.
	Keep(side *Side[K, T])
	// Drop notes that a side has left it.
	Drop(side *Side[K, T])
}

func keep[K comparable, T any](store Store[K, T], side *Side[K, T]) {
	if store != nil && side != nil {
		store.Keep(side)
	}
}

func drop[K comparable, T any](store Store[K, T], side *Side[K, T]) {
	if store != nil && side != nil {
		store.Drop(side)
	}
}
