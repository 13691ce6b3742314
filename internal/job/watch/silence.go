// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"maps"
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

// before is how long before a silence a service must have been heard to be missed in it.
const before = time.Hour

// hearing notes when anything at all was received, and from which services. hear takes no lock unless a service is new, and
// writes at most once a second, so that it can be called for every batch of ordinary traffic.
type hearing struct {
	last     atomic.Int64 // nanoseconds since 1970
	services atomic.Pointer[map[string]*atomic.Int64]
	mu       sync.Mutex // held to replace services
}

func (h *hearing) hear(now time.Time, service string) {
	at := now.UnixNano()
	later(&h.last, at)
	if service == "" {
		return
	}
	if table := h.services.Load(); table != nil {
		if heard, ok := (*table)[service]; ok {
			later(heard, at)
			return
		}
		if len(*table) >= maxServices && !h.stale(*table, at) {
			return
		}
	}
	h.add(service, at)
}

// later moves a time forward, in steps of at least a second unless it is the first.
func later(t *atomic.Int64, at int64) {
	for {
		old := t.Load()
		if old != 0 && at-old < int64(time.Second) {
			return
		}
		if t.CompareAndSwap(old, at) {
			return
		}
	}
}

// stale reports whether some service has been silent for long enough to be replaced.
func (h *hearing) stale(table map[string]*atomic.Int64, at int64) bool {
	for _, heard := range table {
		if at-heard.Load() > int64(before) {
			return true
		}
	}
	return false
}

func (h *hearing) add(service string, at int64) {
	if len(service) > maxServiceName {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	table := map[string]*atomic.Int64{}
	if old := h.services.Load(); old != nil {
		maps.Copy(table, *old)
	}
	if heard, ok := table[service]; ok {
		later(heard, at)
		return
	}
	if len(table) >= maxServices {
		oldest := slices.MinFunc(slices.Collect(maps.Keys(table)), func(a, b string) int {
			return int(min(max(table[a].Load()-table[b].Load(), -1), 1))
		})
		delete(table, oldest)
	}
	heard := new(atomic.Int64)
	heard.Store(at)
	table[strings.Clone(service)] = heard
	h.services.Store(&table)
}

// at is when something was last received, to the second; zero for never.
func (h *hearing) at() time.Time {
	if ns := h.last.Load(); ns != 0 {
		return time.Unix(0, ns).UTC()
	}
	return time.Time{}
}

// heard returns the services that were heard in the hour before a time, in order.
func (h *hearing) heard(until time.Time) []string {
	table := h.services.Load()
	if table == nil {
		return nil
	}
	var names []string
	for name, at := range *table {
		if until.Sub(time.Unix(0, at.Load())) <= before {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (h *hearing) encode() []byte {
	b := unsealed(1024)
	if table := h.services.Load(); table != nil {
		for _, name := range slices.Sorted(maps.Keys(*table)) {
			b = appendTime(appendString(b, name), time.Unix(0, (*table)[name].Load()))
		}
	}
	return seal(b)
}

func (h *hearing) decode(value []byte) error {
	payload, err := open(value)
	if err != nil {
		return err
	}
	table := map[string]*atomic.Int64{}
	r := reader{rest: payload}
	for len(r.rest) > 0 {
		name, at := r.string(), r.time()
		if r.err == nil && len(table) < maxServices {
			table[name] = new(atomic.Int64)
			table[name].Store(at.UnixNano())
		}
	}
	if r.err == nil {
		h.services.Store(&table)
	}
	return r.err
}
