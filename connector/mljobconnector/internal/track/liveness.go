// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"maps"
	"math/bits"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// maxServices bounds the table of services that were heard.
const maxServices = 64

// maxServiceName is the length of a name in bytes; longer ones are not told apart.
const maxServiceName = 256

// steadyWindow is how long before a silence a service must have been heard to be missed in it.
const steadyWindow = time.Hour

// liveness notes when anything at all was received, and from which services. note takes no lock
// unless a service is new, and writes at most once a second, so that it can be called for every
// batch of ordinary traffic.
type liveness struct {
	last     atomic.Int64 // nanoseconds since 1970
	services atomic.Pointer[map[string]*activity]
	mu       sync.Mutex // held to replace services
}

// activity is when a service was heard.
type activity struct {
	last    atomic.Int64  // nanoseconds since 1970
	minutes atomic.Uint64 // bit i: something was known i minutes before last
}

// note notes that the service was heard.
func (v *activity) note(at int64) {
	old, moved := later(&v.last, at)
	if !moved {
		return
	}
	minutes := uint64(1)
	if passed := at/int64(time.Minute) - old/int64(time.Minute); old != 0 && passed < 64 {
		minutes |= v.minutes.Load() << passed
	}
	v.minutes.Store(minutes)
}

func (h *liveness) note(now time.Time, service string) {
	at := now.UnixNano()
	later(&h.last, at)
	if service == "" {
		return
	}
	if table := h.services.Load(); table != nil {
		if known, ok := (*table)[service]; ok {
			known.note(at)
			return
		}
		if len(*table) >= maxServices && !h.hasStale(*table, at) {
			return
		}
	}
	h.addService(service, at)
}

// later moves a time forward, in steps of at least a second unless it is the first, and returns
// what it was.
func later(t *atomic.Int64, at int64) (old int64, moved bool) {
	for {
		old = t.Load()
		if old != 0 && at-old < int64(time.Second) {
			return old, false
		}
		if t.CompareAndSwap(old, at) {
			return old, true
		}
	}
}

// hasStale reports whether some service has been silent for long enough to be replaced.
func (h *liveness) hasStale(table map[string]*activity, at int64) bool {
	for _, known := range table {
		if at-known.last.Load() > int64(steadyWindow) {
			return true
		}
	}
	return false
}

func (h *liveness) addService(service string, at int64) {
	if len(service) > maxServiceName {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	table := map[string]*activity{}
	if old := h.services.Load(); old != nil {
		maps.Copy(table, *old)
	}
	if known, ok := table[service]; ok {
		known.note(at)
		return
	}
	if len(table) >= maxServices {
		oldest := slices.MinFunc(slices.Collect(maps.Keys(table)), func(a, b string) int {
			return int(min(max(table[a].last.Load()-table[b].last.Load(), -1), 1))
		})
		delete(table, oldest)
	}
	known := new(activity)
	known.note(at)
	table[strings.Clone(service)] = known
	h.services.Store(&table)
}

// lastAt is when something was last received, to the second; zero for never.
func (h *liveness) lastAt() time.Time {
	if ns := h.last.Load(); ns != 0 {
		return time.Unix(0, ns).UTC()
	}
	return time.Time{}
}

// steadily is in how many of the minutes before a silence a service must have been heard to be
// missed in it. What a job calls for some minutes, such as a warehouse, falls silent by itself.
const steadily = 15

// steady returns the services that were heard steadily in the hour before a time, in order.
func (h *liveness) steady(until time.Time) []string {
	table := h.services.Load()
	if table == nil {
		return nil
	}
	var names []string
	for name, v := range *table {
		silent := until.Sub(time.Unix(0, v.last.Load()))
		if silent > steadyWindow {
			continue
		}
		within := uint(60 - int64(max(silent, 0)/time.Minute))
		if bits.OnesCount64(v.minutes.Load()&(1<<within-1)) >= steadily {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (h *liveness) encode() []byte {
	e := format.NewEncoder(1024)
	if table := h.services.Load(); table != nil {
		for _, name := range slices.Sorted(maps.Keys(*table)) {
			v := (*table)[name]
			e.String(name)
			e.Varint(v.last.Load())
			e.Uvarint(v.minutes.Load())
		}
	}
	return e.Seal()
}

func (h *liveness) decode(value []byte) error {
	d, err := format.Open(value)
	if err != nil {
		return err
	}
	table := map[string]*activity{}
	for d.Len() > 0 {
		name, at, minutes := d.String(), d.Varint(), d.Uvarint()
		if d.Err() == nil && len(table) < maxServices {
			v := new(activity)
			v.last.Store(at)
			v.minutes.Store(minutes)
			table[name] = v
		}
	}
	if d.Err() == nil {
		h.services.Store(&table)
	}
	return d.Err()
}
