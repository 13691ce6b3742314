// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package buffer

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Like says which traces a trace is to be compared with. What is empty is taken from what is known of the trace.
type Like struct {
	// Model, Version and Environment are those of the predictions that went wrong; PreviousVersion is the one
	// that is thought to be good, any other one where it is empty.
	Model, Version, PreviousVersion, Environment string
	// Job is the job whose last good run is wanted.
	Job string
	// Around is when it was.
	Around time.Time
}

// Info is what is known of a trace.
type Info struct {
	Model, Version, Environment, Service, Job string
	// First and Last are when its spans were, Spans how many came.
	First, Last time.Time
	Spans       int
	// Bad is true where a span failed, a contract was broken or a run did not succeed.
	Bad bool
}

// Info returns what is known of a trace.
func (b *Buffer) Info(id pcommon.TraceID) (Info, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.index.of(id)
	if t == nil {
		return Info{}, false
	}
	name := func(i int) string { return b.index.texts.list[t.names[i]] }
	return Info{
		Model: name(modelName), Version: name(versionName), Environment: name(environmentName), Service: name(serviceName), Job: name(jobName),
		First: time.Unix(0, t.first), Last: time.Unix(0, t.last), Spans: int(t.spans), Bad: t.marks&(failed|broken) != 0,
	}, true
}

// chunk is how many traces are looked at before others may go on: they take a quarter of a millisecond.
const chunk = 10_000

// candidate is a trace that went well. A smaller distance is better; worse comes first.
type candidate struct {
	id       pcommon.TraceID
	worse    int
	distance int64
}

// Contrast returns up to n traces that went well: of a job the last good run before it, else predictions of the
// same model and, in turns, of the version and of the previous one; of neither, requests to the same service.
// Those that are nearest in time come first.
func (b *Buffer) Contrast(id pcommon.TraceID, like Like, n int) []Pinned {
	known, _ := b.Info(id)
	like.Model, like.Version = cmp.Or(like.Model, known.Model), cmp.Or(like.Version, known.Version)
	like.Environment, like.Job = cmp.Or(like.Environment, known.Environment), cmp.Or(like.Job, known.Job)
	if like.Around.IsZero() {
		like.Around = known.First
	}
	if n <= 0 || like.Model == "" && like.Job == "" && known.Service == "" {
		return nil
	}
	var same, previous []candidate
	for start, more := 0, true; more; start += chunk {
		b.mu.Lock()
		s := b.searchOf(id, &like, known.Service)
		traces := b.index.traces
		more = start+chunk < len(traces)
		for i := start; i < min(start+chunk, len(traces)); i++ {
			c, old, ok := s.judge(&traces[i])
			switch {
			case !ok:
			case old:
				previous = nearest(previous, c, n)
			default:
				same = nearest(same, c, n)
			}
		}
		b.mu.Unlock()
	}
	var out []Pinned
	if like.Model == "" && like.Job != "" && len(same) > 0 {
		return append(out, Pinned{Trace: same[0].id, Role: Contrast})
	}
	for i := 0; len(out) < n && (i < len(same) || i < len(previous)); i++ {
		if i < len(same) {
			out = append(out, Pinned{Trace: same[i].id, Role: Contrast})
		}
		if i < len(previous) && len(out) < n {
			out = append(out, Pinned{Trace: previous[i].id, Role: Previous})
		}
	}
	return out
}

// nearest puts a candidate among the n best.
func nearest(list []candidate, c candidate, n int) []candidate {
	at, _ := slices.BinarySearchFunc(list, c, func(x, y candidate) int {
		return cmp.Or(cmp.Compare(x.worse, y.worse), cmp.Compare(x.distance, y.distance), bytes.Compare(x.id[:], y.id[:]))
	})
	if at >= n {
		return list
	}
	list = slices.Insert(list, at, c)
	return list[:min(len(list), n)]
}

// search is a Like with the numbers of its names.
type search struct {
	id                                                  pcommon.TraceID
	around                                              int64
	model, version, previous, environment, service, job uint32
	anyPrevious                                         bool
}

// unknown is the number of no name.
const unknown = ^uint32(0)

// searchOf looks names up. b.mu is held.
func (b *Buffer) searchOf(id pcommon.TraceID, like *Like, service string) search {
	number := func(name string) uint32 {
		if name == "" {
			return 0
		}
		if n, ok := b.index.texts.ids[name]; ok {
			return n
		}
		return unknown
	}
	return search{
		id: id, around: like.Around.UnixNano(), model: number(like.Model), version: number(like.Version), previous: number(like.PreviousVersion),
		environment: number(like.Environment), service: number(service), job: number(like.Job), anyPrevious: like.PreviousVersion == "",
	}
}

// judge says whether a trace went well and is like the one that is searched for; old is true for one of the
// previous version.
func (s *search) judge(t *trace) (c candidate, old, ok bool) {
	if !t.used || t.id == s.id || t.marks&broken != 0 {
		return c, false, false
	}
	c = candidate{id: t.id, distance: max(t.first-s.around, s.around-t.first)}
	if t.marks&rooted == 0 {
		c.worse++
	}
	if s.model == 0 && s.job != 0 {
		// A run may have got over a failed attempt. One that is still under way says nothing of how it went.
		if t.names[jobName] != s.job || t.marks&failed != 0 && t.marks&succeeded == 0 {
			return c, false, false
		}
		if t.marks&succeeded == 0 {
			c.worse += 2
		}
		if t.first > s.around {
			c.worse += 4
		}
		return c, false, true
	}
	if t.marks&failed != 0 {
		return c, false, false
	}
	if s.model == 0 {
		return c, false, t.names[serviceName] == s.service && t.names[modelName] == 0 && t.names[jobName] == 0
	}
	if t.names[modelName] != s.model || s.environment != 0 && t.names[environmentName] != s.environment {
		return c, false, false
	}
	if t.marks&predicted == 0 {
		c.worse++
	}
	if s.version == 0 || t.names[versionName] == s.version {
		return c, false, true
	}
	return c, true, s.anyPrevious || t.names[versionName] == s.previous
}
