// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package state

import (
	"fmt"
	"hash/fnv"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

const (
	prefixIndex = "index/"
	// parts is the number of parts of the index.
	parts = 64
)

// format is that of a part: its keys, one after the other.
var format = wire.Format{Version: 1}

// index is the keys of a store.
type index struct {
	keys [parts]map[string]struct{}
	// changed has a bit for each part that is to be written.
	changed uint64
}

func newIndex() index {
	var x index
	for n := range x.keys {
		x.keys[n] = make(map[string]struct{})
	}
	return x
}

// part is where a key is.
func part(key string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	return int(h.Sum32() % parts)
}

func partKey(n int) string { return fmt.Sprint(prefixIndex, n) }

// enter puts a key in.
func (x *index) enter(key string) {
	n := part(key)
	if _, ok := x.keys[n][key]; !ok {
		x.keys[n][key] = struct{}{}
		x.changed |= 1 << n
	}
}

// leave takes a key out and reports whether it was there.
func (x *index) leave(key string) bool {
	n := part(key)
	_, ok := x.keys[n][key]
	if ok {
		delete(x.keys[n], key)
		x.changed |= 1 << n
	}
	return ok
}

// all are the keys, in order.
func (x *index) all() []string {
	var out []string
	for n := range x.keys {
		out = slices.AppendSeq(out, maps.Keys(x.keys[n]))
	}
	slices.Sort(out)
	return out
}

// write enters the parts that have changed into a batch.
func (x *index) write(set map[string][]byte) {
	for n := range parts {
		if x.changed&(1<<n) != 0 {
			set[partKey(n)] = encodePart(maps.Keys(x.keys[n]), len(x.keys[n]))
		}
	}
}

func encodePart(keys iter.Seq[string], n int) []byte {
	e := format.NewEncoder(30 * n)
	for _, key := range slices.Sorted(keys) {
		e.String(key)
	}
	return e.Seal()
}

func decodePart(value []byte) ([]string, error) {
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

// reserved reports whether a key is one of the index itself.
func reserved(key string) bool { return key == "" || strings.HasPrefix(key, prefixIndex) }
