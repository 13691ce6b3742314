// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package shadow

// Stats count what became of answers, since the engine was made.
type Stats struct {
	// Paired are the pairs that were counted.
	Paired uint64
	// Expired and Evicted are answers that left without having met another one, of models that have
	// shadows: by their time to live, and for want of room.
	Expired, Evicted BySide
	// Repeated are answers of a model that has answered the request before.
	Repeated uint64
	// Unidentified are answers without what is shared.
	Unidentified uint64
	// Future are pairs whose time is more than five minutes ahead, Late are those that are behind
	// the panes that are kept; these are in no window, but in all counts.
	Future, Late uint64
	// Models, Comparisons and Segments are answers, pairs, and pairs' segments that found no room.
	Models, Comparisons, Segments uint64
	// Displaced are models and comparisons that others took the place of.
	Displaced uint64
}

// BySide has a number for each side.
type BySide struct{ Primary, Shadow uint64 }
