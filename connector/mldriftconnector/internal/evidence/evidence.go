// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package evidence makes log records of the windows that show a drift, each with traces of it, for
// back ends that keep no exemplars.
//
//	Advance ─► Add: the first of each model and window ─► waiting ─► Next ─► sent ─► Done
//	                                                         │
//	                                                         └─► EncodeChanged ─► the storage
//
// What waits is saved with the windows before it is sent, and again when it was: after a kill it is
// sent, and what was sent is not. The moment between a request and the save is left; a record that
// comes twice for it has the same id.
package evidence

import (
	"cmp"
	"math"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/ranking"
)

const (
	// maxWaiting bounds the records that wait for a downstream that fails; the oldest go first.
	maxWaiting = 10_000
	// perRequest is the number of records of one request: half a megabyte or so.
	perRequest = 500
)

// Records are those that wait to be sent. They are not safe for concurrent use.
type Records struct {
	perWindow int
	waiting   plog.LogRecordSlice
	// overflow and lost count what found no room: in its window, and while it waited.
	overflow, lost int
	// changed says that what is to be saved has changed.
	changed bool
}

// New returns Records, of which there are at most perWindow for the windows of one model, version
// and role that end together; none where it is 0.
func New(perWindow int) *Records {
	return &Records{perWindow: perWindow, waiting: plog.NewLogRecordSlice()}
}

// finding is a window that there may be a record of.
type finding struct {
	result *drift.Result
	// changed says that it has brought the verdict.
	changed bool
	// rank is the place of the drift among those of its model; 0 where it has none.
	rank int
}

// order is the place among the findings of a window, the least first.
func (f *finding) order() int {
	out := f.rank
	if out == 0 {
		out = math.MaxInt32
	}
	if !f.changed {
		out += math.MaxInt32
	}
	return out
}

// window tells windows apart.
type window struct {
	key        drift.Key
	reference  string
	start, end int64
}

func windowOf(r *drift.Result) window { return window{r.Key, r.Reference, r.Start, r.End} }

// Add takes what an Advance has brought: each verdict that has become drift or was it, and each
// window that shows a drift that holds. rank is the place of a drift among those of its model, 0
// where it has none.
func (e *Records) Add(closed []drift.Result, changes []drift.Change, rank func(*drift.Key, string) int) {
	if e.perWindow == 0 {
		return
	}
	var found []finding
	known := map[window]bool{}
	for i := range changes {
		c := &changes[i]
		if c.Verdict == drift.Drift || c.From == drift.Drift {
			known[windowOf(&c.Result)] = true
			found = append(found, finding{result: &c.Result, changed: true})
		}
	}
	for i := range closed {
		if r := &closed[i]; r.Verdict == drift.Drift && r.Growth != nil && !known[windowOf(r)] {
			found = append(found, finding{result: r})
		}
	}
	for i := range found {
		if r := found[i].result; r.Verdict == drift.Drift {
			found[i].rank = rank(&r.Key, r.Reference)
		}
	}
	e.addFirst(found)
}

// addFirst adds the first findings of each model and window: those that have brought a verdict, then
// those whose drift matters most.
func (e *Records) addFirst(found []finding) {
	slices.SortStableFunc(found, func(a, b finding) int {
		x, y := a.result, b.result
		return cmp.Or(cmp.Compare(x.End, y.End), cmp.Compare(a.order(), b.order()),
			cmp.Compare(x.Key.String(), y.Key.String()), cmp.Compare(x.Reference, y.Reference))
	})
	type group struct {
		model ranking.Model
		end   int64
	}
	taken := map[group]int{}
	for _, f := range found {
		of := group{ranking.ModelOf(&f.result.Key), f.result.End}
		if taken[of]++; taken[of] > e.perWindow {
			e.overflow++
			continue
		}
		encode(e.waiting.AppendEmpty(), f.result, f.rank)
		e.changed = true
	}
	if over := e.waiting.Len() - maxWaiting; over > 0 {
		e.lost += over
		e.drop(over)
	}
}

// drop forgets the oldest records.
func (e *Records) drop(n int) {
	e.waiting.RemoveIf(func(plog.LogRecord) bool {
		n--
		return n >= 0
	})
	e.changed = true
}

// Len is the number of records that wait.
func (e *Records) Len() int { return e.waiting.Len() }

// Next appends the oldest records that wait to a list, as observed now, and returns how many.
func (e *Records) Next(now time.Time, to plog.LogRecordSlice) int {
	n := min(e.waiting.Len(), perRequest)
	to.EnsureCapacity(n)
	for i := range n {
		lr := to.AppendEmpty()
		e.waiting.At(i).CopyTo(lr)
		lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(now))
	}
	return n
}

// Done forgets the n oldest records: they were sent, or are not wanted.
func (e *Records) Done(n int) { e.drop(n) }

// TakeOverflow returns how many records found no room in their window since the last call.
func (e *Records) TakeOverflow() int {
	n := e.overflow
	e.overflow = 0
	return n
}

// TakeLost returns how many records have waited too long since the last call.
func (e *Records) TakeLost() int {
	n := e.lost
	e.lost = 0
	return n
}

// Unsaved reports whether there are records to send that the storage may not have.
func (e *Records) Unsaved() bool { return e.changed && e.Len() > 0 }

// EncodeChanged returns the records that wait, empty where there are none, and whether they have
// changed since the last call.
func (e *Records) EncodeChanged() (data []byte, changed bool, err error) {
	if !e.changed {
		return nil, false, nil
	}
	if e.waiting.Len() > 0 {
		ld := plog.NewLogs()
		e.waiting.CopyTo(ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords())
		if data, err = (&plog.ProtoMarshaler{}).MarshalLogs(ld); err != nil {
			return nil, false, err
		}
	}
	e.changed = false
	return data, true, nil
}

// Decode puts back what EncodeChanged has returned. Where there are no records any more, as the
// config says, they are not wanted, and the next EncodeChanged says so.
func (e *Records) Decode(data []byte) error {
	ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(data)
	if err != nil {
		return err
	}
	if e.perWindow == 0 {
		e.changed = true
		return nil
	}
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			sl.LogRecords().MoveAndAppendTo(e.waiting)
		}
	}
	return nil
}
