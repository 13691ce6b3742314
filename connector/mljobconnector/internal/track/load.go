// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// Load reads what was stored. It returns what was set aside because it cannot be read; an error is
// the store's own.
func (tr *Tracker) Load(ctx context.Context, store Store, now time.Time) (failed []string, err error) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.started = now
	if store == nil {
		tr.refresh(now)
		return nil, nil
	}
	l := loader{tracker: tr, pasts: map[string][]byte{}}
	// In the order of the keys, alert/, history/, job/, run/, histories come before jobs, and jobs
	// before runs.
	damaged, err := tr.records.Load(ctx, store, l.loadRecord)
	if err != nil {
		return nil, fmt.Errorf("cannot read the state: %w", err)
	}
	l.enterRuns()
	tr.seatAll()
	tr.refresh(now)
	if e := tr.sharedAlert(); e != nil {
		tr.shared = e.Shared
	}
	tr.arm(now)
	for _, d := range damaged {
		failed = append(failed, d.String())
	}
	return failed, nil
}

// loader reads the store once.
type loader struct {
	tracker *Tracker
	runs    []*tracked
	pasts   map[string][]byte
}

// loadRecord makes one record known.
func (l *loader) loadRecord(key string, value []byte) error {
	switch {
	case key == keyMeta:
		m, err := decodeMeta(value)
		if err != nil {
			return err
		}
		l.tracker.down, l.tracker.outage.resumedAt = m.alive, m.again
		if !m.received.IsZero() {
			l.tracker.liveness.last.Store(m.received.UnixNano())
		}
		return nil
	case key == keyServices:
		return l.tracker.liveness.decode(value)
	case strings.HasPrefix(key, prefixAlert):
		return l.tracker.ledger.load(key, value)
	case strings.HasPrefix(key, prefixHistory):
		p := &past{}
		if err := p.decode(value); err != nil {
			return err
		}
		l.pasts[key] = value
		return nil
	case strings.HasPrefix(key, prefixJob):
		j, err := decodeJob(key, value)
		if err != nil {
			return err
		}
		l.enterJob(j)
		return nil
	case strings.HasPrefix(key, prefixRun):
		t, err := decodeRun(key, value, l.tracker.options.Limits.Limits)
		if err != nil {
			return err
		}
		l.runs = append(l.runs, t)
		return nil
	default:
		return wire.ErrCorrupt
	}
}

// enterJob makes a job known, with its history. A history that was damaged is written anew.
func (l *loader) enterJob(j *job) {
	if value, ok := l.pasts[j.past.stored.Key]; ok {
		_ = j.past.decode(value) // it could be read before
	} else {
		l.tracker.records.Change(j.past)
	}
	if j.since.IsZero() && j.past.history.Len() > 0 { // as stored by an earlier version
		j.since = j.lastSuccess
		if j.since.IsZero() {
			j.since = l.tracker.started
		}
	}
	l.tracker.enterJob(j, l.tracker.started)
}

// enterRuns makes the runs known, in the order in which they were last heard of. A run whose job
// was damaged brings the job back.
func (l *loader) enterRuns() {
	tr := l.tracker
	slices.SortFunc(l.runs, func(a, b *tracked) int {
		if c := a.run.LastSeen.Compare(b.run.LastSeen); c != 0 {
			return c
		}
		return strings.Compare(a.stored.Key, b.stored.Key)
	})
	for _, t := range l.runs {
		if t.run.Key.Job == "" {
			if len(t.run.Traces) > 0 {
				t.trace = t.run.Traces[0]
			}
			tr.index.anonymous[t.trace] = t
			t.place = tr.index.nameless.PushBack(t)
			continue
		}
		j := tr.jobs[t.run.Key]
		if j == nil {
			j = newJob(t.run.Key)
			j.own = true
			tr.records.Change(j)
			l.enterJob(j)
		}
		tr.byAge.MoveToBack(j.place)
		t.job = j
		j.runs[t] = struct{}{}
		tr.index.runs[runID{t.run.Key, t.run.ID}] = t
		t.place = tr.all(t.phase).PushBack(t)
		for _, trace := range t.run.Traces {
			tr.index.join(trace, t)
		}
		t.traces = len(t.run.Traces)
	}
}

// seatAll gives the runs their places in groups.
func (tr *Tracker) seatAll() {
	var runs []*tracked
	for e := tr.index.open.Front(); e != nil; e = e.Next() {
		runs = append(runs, e.Value.(*tracked))
	}
	slices.SortStableFunc(runs, beganBefore)
	for _, t := range runs {
		tr.seatInGroup(t)
	}
	for e := tr.index.closed.Front(); e != nil; e = e.Next() {
		tr.seatInGroup(e.Value.(*tracked))
	}
	for key := range tr.ledger.jobs {
		tr.ledger.reconsider(key)
	}
}

// arm sets the timers of all that was read.
func (tr *Tracker) arm(now time.Time) {
	if e := tr.outageAlert(); e != nil {
		tr.outage.since = tr.liveness.lastAt()
		if tr.outage.since.IsZero() {
			tr.outage.since = now
		}
	}
	for e := tr.index.nameless.Front(); e != nil; e = e.Next() {
		tr.timers.set(&e.Value.(*tracked).timer, now)
	}
	for e := tr.index.open.Front(); e != nil; e = e.Next() {
		tr.timers.set(&e.Value.(*tracked).timer, now)
	}
	for e := tr.index.closed.Front(); e != nil; e = e.Next() {
		t := e.Value.(*tracked)
		tr.timers.set(&t.timer, t.closedAt.Add(closedFor))
	}
}
