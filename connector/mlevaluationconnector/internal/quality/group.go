// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package quality

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/pane"
)

// mostPanes bounds the panes of a group, whatever the caller forgets.
const mostPanes = 10_000

// group are the predictions of a member in a segment; the empty one is the total.
type group struct {
	member  *member
	segment string
	// id is that of its records, 0 before there are any.
	id uint64
	// since is when the first prediction came, in nanoseconds of the wall clock.
	since int64
	shape shape
	panes pane.Ring[tally]
	// totals are by the number of a set of labels; nil where there is nothing.
	totals []*total
	// archives are rows of panes that are gone, for trials.
	archives []archive
	// dirty says that the group is in Engine.dirty, stored that it has a record in the store.
	dirty, stored, removed bool
	// found are its comparisons, turn goes up when what they rest on changes.
	found comparisons
	turn  uint64
	// changed are windows that have changed since Closed gave them, while it is called.
	changed map[int64]bool
}

// total is what has been counted of a set since the beginning.
type total struct {
	measured measured
	rows     int64
	lag      lags
	// traces are by the place of the cell.
	traces []traces
}

// archive are the mature rows, since the younger of two versions began, of panes that are gone.
type archive struct {
	version string
	rows    measured
}

// newGroup makes the group of a segment, nil where there is no room.
func (e *Engine) newGroup(x *member, segment string, since int64) *group {
	s := shape{e.o.Bins, e.o.Classes, e.o.K}
	if segment != "" {
		if len(x.groups) > e.o.Limits.Segments || e.segments >= e.o.Limits.Series {
			return nil
		}
		s.bins = e.o.SegmentBins
		e.segments++
	}
	g := &group{member: x, segment: segment, since: since, shape: s, panes: pane.NewRing[tally](mostPanes)}
	x.groups = append(x.groups, g)
	x.byName[segment] = g
	return g
}

// total returns that of a set.
func (g *group) total(set int) *total {
	for len(g.totals) <= set {
		g.totals = append(g.totals, nil)
	}
	if g.totals[set] == nil {
		g.totals[set] = &total{}
	}
	return g.totals[set]
}

// count adds a row, or takes it away, but for its lag; false where it cannot be measured.
func (t *total) count(k *task, s shape, r *row, lag, sign int64) bool {
	if sign < 0 && t.rows <= 0 {
		return false
	}
	// Areas under curves are of windows.
	plain := *r
	plain.scored = r.scored && r.predicted == ""
	if !t.measured.count(k, s, &plain, sign) {
		return false
	}
	t.rows += sign
	if sign > 0 {
		t.lag.add(lag)
	}
	return true
}

// archive keeps the mature rows of a pane that goes for each version that they are compared with.
func (g *group) archive(at int64, t *tally) {
	if len(t.sets) == 0 || t.sets[0] == nil {
		return
	}
	rows := t.sets[0].mature
	rows.scores = nil
	for _, version := range g.member.rivals() {
		if at >= g.member.model.since(g.member.Version, version) {
			g.archived(version).merge(&rows, g.shape)
		}
	}
}

// archived are the rows that are kept for comparisons with a version.
func (g *group) archived(version string) *measured {
	i := slices.IndexFunc(g.archives, func(a archive) bool { return a.version == version })
	if i < 0 {
		i = len(g.archives)
		g.archives = append(g.archives, archive{version: version})
	}
	return &g.archives[i].rows
}

// rivals are the versions that a member is compared with, either way.
func (x *member) rivals() (versions []string) {
	add := func(version string) {
		if version != "" && version != x.Version && !slices.Contains(versions, version) {
			versions = append(versions, version)
		}
	}
	add(x.task.against)
	for _, y := range x.model.members {
		if y.task.against == x.Version {
			add(y.Version)
		}
	}
	return versions
}

// since is the pane in which the younger of two versions began.
func (m *model) since(a, b string) int64 {
	first := func(version string) int64 {
		at := int64(math.MaxInt64)
		for _, x := range m.members {
			if x.Version == version {
				at = min(at, x.first)
			}
		}
		return at
	}
	return max(first(a), first(b))
}

const keyPrefix = "quality/"

func (m *model) key() string { return keyPrefix + "model/" + strconv.FormatUint(m.id, 10) }
func (g *group) key() string { return keyPrefix + "group/" + strconv.FormatUint(g.id, 10) }
func (g *group) paneKey(pane int64) string {
	return keyPrefix + "pane/" + strconv.FormatUint(g.id, 10) + "/" + strconv.FormatInt(pane, 10)
}

// noLag is the lag of a label of which nobody knows when it was known.
const noLag int64 = math.MaxInt64

// LagBounds are the upper bounds of the buckets of Lag, in seconds: 1m to 30d.
var LagBounds = []float64{60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 2 * 86400, 3 * 86400, 7 * 86400, 14 * 86400, 30 * 86400}

// lagBuckets is one more than there are bounds.
const lagBuckets = 14

// lags is the distribution of the time from predictions to their labels. A label that was known
// before has the lag 0.
type lags struct {
	counts [lagBuckets]uint64
	sum    float64
}

func (h *lags) add(lag int64) {
	if lag == noLag {
		return
	}
	seconds := max(float64(lag)/float64(time.Second), 0)
	i, _ := slices.BinarySearch(LagBounds, seconds)
	h.counts[i]++
	h.sum += seconds
}
