// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// The keys in the store. A storage client cannot list what it holds, so that the index says it: in 64 parts, because one part would be
// rewritten in full with every run.
//
//	run/<hash>      a run that is open or may be re-opened
//	job/<hash>      a job: its schedule, dates, last success
//	history/<hash>  a job's good runs in numbers, and the ids of runs that are forgotten
//	alert/<fingerprint>
//	meta            when the tracker was last alive
//	services        who was heard
//	index/<0..63>   the keys of runs, jobs, histories and alerts
//	corrupt/<key>   what could not be read
const (
	prefixRun     = "run/"
	prefixJob     = "job/"
	prefixHistory = "history/"
	prefixAlert   = "alert/"
	keyMeta       = "meta"
	keyServices   = "services"
	prefixIndex   = "index/"
	prefixCorrupt = "corrupt/"
	shards        = 64
)

// hashed returns a key for a name of several parts.
func hashed(prefix string, parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		e := wire.Encoder{}
		e.String(p)
		_, _ = h.Write(e.Bytes())
	}
	return prefix + hex.EncodeToString(h.Sum(nil)[:12])
}

// record is what has a value of its own in the store.
type record interface {
	// state is the record's place in the store.
	state() *stored
	// encode returns the value.
	encode() ([]byte, error)
	// written is called when the value that encode returned last is in the store.
	written()
}

// stored is the part of a record that disk needs.
type stored struct {
	key   string
	dirty bool // in disk.dirty
	gone  bool // removed, not to be written any more
}

// disk is what is in the store and what is still to be written to it.
type disk struct {
	store  Store
	index  [shards]map[string]struct{}
	parts  uint64 // parts of the index that have changed, one bit each
	dirty  []record
	gone   map[string]struct{}
	extra  map[string][]byte // further values to write
	failed uint64            // batches that failed
	behind bool              // the last batch failed
}

func newDisk() disk {
	d := disk{gone: map[string]struct{}{}, extra: map[string][]byte{}}
	for i := range d.index {
		d.index[i] = map[string]struct{}{}
	}
	return d
}

func part(key string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	return int(h.Sum32() % shards)
}

// change notes that a record is new or has changed.
func (d *disk) change(r record) {
	s := r.state()
	if s.dirty || s.gone {
		return
	}
	s.dirty = true
	d.dirty = append(d.dirty, r)
}

// enter puts a key into the index.
func (d *disk) enter(key string) {
	delete(d.gone, key)
	n := part(key)
	if _, ok := d.index[n][key]; !ok {
		d.index[n][key] = struct{}{}
		d.parts |= 1 << n
	}
}

// remove takes a record out of the store.
func (d *disk) remove(r record) {
	s := r.state()
	if s.gone {
		return
	}
	s.gone = true
	n := part(s.key)
	if _, ok := d.index[n][s.key]; ok {
		delete(d.index[n], s.key)
		d.parts |= 1 << n
		d.gone[s.key] = struct{}{}
	}
}

// pending reports whether there is anything to write.
func (d *disk) pending() bool {
	return len(d.dirty) > 0 || len(d.gone) > 0 || d.parts != 0 || len(d.extra) > 0
}

// write writes all that has changed, in one batch. After an error it is all still to be written.
func (d *disk) write(ctx context.Context) error {
	if !d.pending() {
		return nil
	}
	if d.store != nil {
		set := make(map[string][]byte, len(d.dirty)+len(d.gone)+len(d.extra)+4)
		for _, r := range d.dirty {
			s := r.state()
			if s.gone {
				continue
			}
			value, err := r.encode()
			if err != nil {
				d.failed++
				d.behind = true
				return fmt.Errorf("cannot encode %q: %w", s.key, err)
			}
			set[s.key] = value
		}
		for key := range d.gone {
			set[key] = nil
		}
		maps.Copy(set, d.extra)
		for n := range shards {
			if d.parts&(1<<n) != 0 {
				set[indexKey(n)] = encodeIndex(d.index[n])
			}
		}
		if err := d.store.Batch(ctx, set); err != nil {
			d.failed++
			d.behind = true
			return fmt.Errorf("cannot write the state of %d runs, jobs and alerts: %w", len(d.dirty), err)
		}
	}
	for _, r := range d.dirty {
		s := r.state()
		s.dirty = false
		if !s.gone {
			r.written()
		}
	}
	clear(d.dirty)
	d.dirty = d.dirty[:0]
	clear(d.gone)
	clear(d.extra)
	d.parts = 0
	d.behind = false
	return nil
}

func indexKey(n int) string { return fmt.Sprintf("%s%d", prefixIndex, n) }

func encodeIndex(keys map[string]struct{}) []byte {
	e := format.NewEncoder(30 * len(keys))
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		e.String(key)
	}
	return e.Seal()
}

func decodeIndex(value []byte) ([]string, error) {
	d, err := format.Open(value)
	if err != nil {
		return nil, err
	}
	var keys []string
	for d.Len() > 0 {
		keys = append(keys, d.String())
	}
	return keys, d.Err()
}

// meta is when the tracker was alive, when anything was heard, and when a silence was over last.
type meta struct{ alive, heard, again time.Time }

func (m meta) encode() []byte {
	e := format.NewEncoder(40)
	e.Time(m.alive)
	e.Time(m.heard)
	e.Time(m.again)
	return e.Seal()
}

func decodeMeta(value []byte) (m meta, err error) {
	d, err := format.Open(value)
	if err != nil {
		return meta{}, err
	}
	m = meta{alive: d.Time(), heard: d.Time(), again: d.Time()}
	return m, d.End()
}
