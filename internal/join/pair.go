// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package join

import "time"

// Side is a value of one of the two sides. It is not changed once it is in a join.
type Side[K comparable, T any] struct {
	Key K
	// Time is the side's own time, zero if it has none. It tells a side that is delivered again
	// from another one with the same key, and a correction from what it corrects.
	Time time.Time
	// Arrived is when the side came. The join sets it where it is zero; it is not zero in a side
	// that was stored.
	Arrived time.Time
	// Size is what the side takes in memory, in bytes.
	Size  int
	Value T
}

// Pair is what belongs to one key. A side that did not come is nil.
type Pair[K comparable, L, R any] struct {
	Left  *Side[K, L]
	Right *Side[K, R]
}

// origin returns the key of a pair, and when its first side arrived.
func (p *Pair[K, L, R]) origin() (key K, arrived time.Time) {
	switch {
	case p.Right == nil:
		return p.Left.Key, p.Left.Arrived
	case p.Left == nil || p.Right.Arrived.Before(p.Left.Arrived):
		return p.Right.Key, p.Right.Arrived
	default:
		return p.Left.Key, p.Left.Arrived
	}
}

// size is what both sides take in memory, in bytes.
func (p *Pair[K, L, R]) size() (bytes int) {
	if p.Left != nil {
		bytes += p.Left.Size
	}
	if p.Right != nil {
		bytes += p.Right.Size
	}
	return bytes
}
