// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package state

import (
	"context"
	"slices"
	"strings"
)

// maxAside is the number of values of the index that are kept aside; of more, the first by key are
// deleted.
const maxAside = 1000

// Load reads a store that is written to from now on. take is called for each value, in the order of
// the keys, those that are fixed last; it may call Change. A value that take cannot read is set
// aside, at once. A key without a value is forgotten. An error is the store's own: then the Records
// have no store.
func (r *Records) Load(ctx context.Context, store Store, take func(key string, value []byte) error) ([]Damaged, error) {
	l := loader{r: r, store: store}
	if err := l.readIndex(ctx); err != nil {
		return nil, err
	}
	for _, key := range append(r.Keys(), r.options.Fixed...) {
		value, err := store.Get(ctx, key)
		if err != nil {
			return nil, err
		}
		if value == nil {
			r.index.leave(key)
			continue
		}
		if err := take(key, value); err != nil {
			l.setAside(key, value, err)
		}
	}
	r.store = store
	if len(l.damaged) == 0 && !l.old {
		return nil, nil
	}
	l.forgetOld()
	if err := r.Write(ctx); err != nil {
		r.store = nil
		return nil, err
	}
	return l.damaged, nil
}

// loader reads a store once.
type loader struct {
	r       *Records
	store   Store
	damaged []Damaged
	// old says that the index of an older version was there.
	old bool
}

// readIndex finds the keys.
func (l *loader) readIndex(ctx context.Context) error {
	read := func(key string, decode func([]byte) ([]string, error), enter func(keys []string)) (there bool, err error) {
		value, err := l.store.Get(ctx, key)
		if err != nil || value == nil {
			return false, err
		}
		keys, err := decode(value)
		if err != nil {
			l.damaged = append(l.damaged, setAside(l.r.values, key, value, err))
			return true, nil
		}
		enter(keys)
		return true, nil
	}
	for n := range parts {
		before := len(l.damaged)
		if _, err := read(partKey(n), decodePart, func(keys []string) {
			for _, key := range keys {
				if !reserved(key) {
					l.r.index.keys[part(key)][key] = struct{}{}
				}
			}
		}); err != nil {
			return err
		}
		if len(l.damaged) > before {
			l.r.index.changed |= 1 << n // it is written anew
		}
	}
	old := l.r.options.OldIndex
	if old == "" {
		return nil
	}
	there, err := read(old, l.r.options.ReadOldIndex, func(keys []string) {
		for _, key := range keys {
			if !reserved(key) && key != old {
				l.r.enter(key)
			}
		}
		l.r.values[old] = nil
	})
	l.old = there
	return err
}

// setAside takes a value out of the way. What is set aside of the index's keys is in the index,
// too.
func (l *loader) setAside(key string, value []byte, why error) {
	l.damaged = append(l.damaged, setAside(l.r.values, key, value, why))
	if l.r.index.leave(key) {
		l.r.index.enter(prefixAside + key)
	}
}

// forgetOld deletes what was set aside first where there is too much of it.
func (l *loader) forgetOld() {
	aside := slices.DeleteFunc(l.r.index.all(), func(key string) bool { return !strings.HasPrefix(key, prefixAside) })
	for _, key := range aside {
		if len(aside) <= maxAside {
			return
		}
		l.r.Delete(key)
		aside = aside[1:]
	}
}
