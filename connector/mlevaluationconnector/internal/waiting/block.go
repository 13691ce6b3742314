// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package waiting

import (
	"encoding/binary"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// A block is full when it has so many items or bytes, and where there is room for 16 of that size.
const (
	blockItems = 16_384
	blockBytes = 1 << 20
	leastRoom  = 16
)

// block has items of one kind that came one after the other.
type block struct {
	number uint32
	kind   kind
	// base is the time, in nanoseconds since 1970, from which the times in bodies count; arrived is
	// when the newest item came.
	base, arrived int64
	// data has each item as
	//
	//	marks (1), number of keys (1), for each key its hash (8) and the next older item (8),
	//	length of the body (uvarint), body
	data  []byte
	items int
	// strangers are its answers of versions that nobody vouched for when they came, since the start.
	strangers share
	// saved says that the block, as it is, is in the storage; sealed that no item is added.
	saved, sealed bool
	// checked says that its labels without an answer were counted.
	checked bool
}

// ref says where an item is: the block's number and the place in it; 0 is nowhere.
type ref uint64

// unlinked stands in the place of the next older item under a key that has too many.
const unlinked ref = 1<<64 - 1

func refTo(number uint32, at int) ref { return ref(number)<<32 | ref(at) }

// The marks of an item.
const (
	// marked is an answer that has a label, or a label that has an answer.
	marked = 1 << iota
	// forgotten is an answer of which a label was counted that is not here any more.
	forgotten
	// superseded is a label that was replaced, and is in no chain.
	superseded
)

// place is an item in a block.
type place struct {
	block *block
	at    int
}

func (p place) ref() ref          { return refTo(p.block.number, p.at) }
func (p place) marks() byte       { return p.block.data[p.at] }
func (p place) mark(m byte)       { p.block.data[p.at] |= m }
func (p place) keys() int         { return int(p.block.data[p.at+1]) }
func (p place) key(i int) []byte  { return p.block.data[p.at+2+16*i:] }
func (p place) hash(i int) uint64 { return binary.LittleEndian.Uint64(p.key(i)) }
func (p place) older(i int) ref   { return ref(binary.LittleEndian.Uint64(p.key(i)[8:])) }

func (p place) setOlder(i int, r ref) {
	binary.LittleEndian.PutUint64(p.key(i)[8:], uint64(r))
}

// find returns which of its keys has a hash.
func (p place) find(hash uint64) int {
	for i := range p.keys() {
		if p.hash(i) == hash {
			return i
		}
	}
	return -1
}

// body returns what the item says, and where the next one begins.
func (p place) body() (body []byte, next int) {
	at := p.at + 2 + 16*p.keys()
	n, size := binary.Uvarint(p.block.data[at:])
	at += size
	return p.block.data[at : at+int(n)], at + int(n)
}

// answer reads an answer into a.
func (p place) answer(t *table, a *answer.Answer) {
	body, _ := p.body()
	d := wire.NewDecoder(body)
	t.takeAnswer(d, a, p.block.base)
}

// label reads a label into l.
func (p place) label(t *table, l *label.Label) {
	body, _ := p.body()
	d := wire.NewDecoder(body)
	t.takeLabel(d, l, p.block.base)
}

// places calls do with each item.
func (b *block) places(do func(place)) {
	for at := 0; at < len(b.data); {
		p := place{b, at}
		_, at = p.body()
		do(p)
	}
}

// add appends an item whose body is encoded, without what it is linked to.
func (b *block) add(item *Item, body []byte) place {
	p := place{b, len(b.data)}
	b.data = append(b.data, 0, byte(item.n))
	for _, h := range item.keys[:item.n] {
		b.data = binary.LittleEndian.AppendUint64(b.data, h)
		b.data = binary.LittleEndian.AppendUint64(b.data, 0)
	}
	b.data = binary.AppendUvarint(b.data, uint64(len(body)))
	b.data = append(b.data, body...)
	b.items++
	b.saved = false
	return p
}
