// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package run

// life is what is known of something that may still be running, on the collector's clock.
type life struct {
	// began is the earliest beginning of a span of it, see sighting.began; 0 for none.
	began int64
	// arrived is when the latest sign of life came; 0 for none.
	arrived int64
	// marked says that a marker was among the signs.
	marked bool
}

// sighted notes when something began.
func (l *life) sighted(at sighting) {
	if b := at.began(); b != 0 && (l.began == 0 || b < l.began) {
		l.began = b
	}
}

// signed notes a sign of life.
func (l *life) signed(at sighting, marker bool) {
	l.arrived = max(l.arrived, at.arrived)
	l.marked = l.marked || marker
}

func (l *life) merge(other life) {
	if other.began != 0 && (l.began == 0 || other.began < l.began) {
		l.began = other.began
	}
	l.arrived = max(l.arrived, other.arrived)
	l.marked = l.marked || other.marked
}
