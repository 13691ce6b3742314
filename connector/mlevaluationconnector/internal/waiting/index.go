// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package waiting

// maxChain is how many items one key has. A key that has more is none: a constant, a day.
const maxChain = 64

// shards is the number of parts of the index, so that none of them stops the others when it grows.
const shards = 256

// index has the newest item of each key.
type index [shards]map[uint64]ref

func newIndex() *index {
	var x index
	for i := range x {
		x[i] = make(map[uint64]ref)
	}
	return &x
}

func (x *index) shard(hash uint64) map[uint64]ref { return x[hash%shards] }

func (x *index) newest(hash uint64) ref { return x.shard(hash)[hash] }

func (x *index) set(hash uint64, r ref) {
	if r == 0 {
		delete(x.shard(hash), hash)
		return
	}
	x.shard(hash)[hash] = r
}

// at returns the item at a place, which is there.
func (l *Log) at(r ref) place {
	return place{l.blocks[uint32(r>>32)], int(uint32(r))}
}

// chain calls do with the items that have a key, newest first, until it returns false, and returns
// how many they were.
func (l *Log) chain(hash uint64, do func(place) bool) (n int) {
	for r := l.index.newest(hash); r != 0; n++ {
		p := l.at(r)
		if do != nil && !do(p) {
			break
		}
		r = p.older(p.find(hash))
	}
	return n
}

// link makes an item the newest of its keys. It returns how many keys have too many items.
func (l *Log) link(p place) (crowded int) {
	for i := range p.keys() {
		h := p.hash(i)
		if p.find(h) != i { // the same key twice
			p.setOlder(i, unlinked)
			continue
		}
		if l.chain(h, nil) >= maxChain {
			p.setOlder(i, unlinked)
			crowded++
			continue
		}
		p.setOlder(i, l.index.newest(h))
		l.index.set(h, p.ref())
	}
	return crowded
}

// unlink takes an item out of the chains of its keys.
func (l *Log) unlink(p place) {
	if p.marks()&superseded != 0 {
		return
	}
	for i := range p.keys() {
		h, older := p.hash(i), p.older(i)
		if older == unlinked {
			continue
		}
		r := l.index.newest(h)
		if r == p.ref() {
			l.index.set(h, older)
			continue
		}
		for r != 0 {
			q := l.at(r)
			j := q.find(h)
			if r = q.older(j); r == p.ref() {
				q.setOlder(j, older)
				break
			}
		}
	}
}
