// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package waiting

import (
	"fmt"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// format is that of a record: when it came, the base of its times, its table, its items. Each is
// its kind, its keys' hashes, its body.
var format = wire.Format{Version: 1}

// maxNames is how many names a record has at most; there is room for all of its items.
const maxNames = 1 << 31

// recordWriter makes a record.
type recordWriter struct {
	names *table
	items wire.Encoder
	base  int64
	n     int
}

func newRecordWriter(base int64) *recordWriter {
	return &recordWriter{names: newTable(maxNames), base: base}
}

func (w *recordWriter) add(item *Item) {
	w.n++
	k := kindAnswer
	if item.Label != nil {
		k = kindLabel
	}
	w.items.Byte(byte(k)<<4 | byte(item.n))
	for _, h := range item.keys[:item.n] {
		w.items.Uint64(h)
	}
	if k == kindAnswer {
		w.names.putAnswer(&w.items, item.Answer, w.base)
	} else {
		w.names.putLabel(&w.items, item.Label, w.base)
	}
}

func (w *recordWriter) record(arrived int64) []byte {
	e := format.NewEncoder(len(w.items.Bytes()) + 256)
	e.Varint(arrived)
	e.Varint(w.base)
	w.names.encode(e)
	e.Uvarint(uint64(w.n))
	e.Raw(w.items.Bytes())
	return e.Seal()
}

// EncodeRecord writes items that came at once. Labels without a time get that of their arrival.
func EncodeRecord(items []Item, arrived time.Time) []byte {
	w := newRecordWriter(arrived.UnixNano())
	for i := range items {
		if l := items[i].Label; l != nil && l.Time.IsZero() {
			l.Time = arrived
		}
		w.add(&items[i])
	}
	return w.record(arrived.UnixNano())
}

// DecodeRecord reads what EncodeRecord wrote, and when it came.
func DecodeRecord(record []byte) (items []Item, arrived time.Time, err error) {
	at, err := readRecord(record, func(i Item) {
		if i.Answer != nil {
			a := *i.Answer
			a.Scores, a.Ranking = slices.Clone(a.Scores), slices.Clone(a.Ranking)
			i.Answer = &a
		} else {
			l := *i.Label
			i.Label = &l
		}
		items = append(items, i)
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	return items, time.Unix(0, at), nil
}

// readRecord calls do with each item, which is valid during the call.
func readRecord(record []byte, do func(Item)) (arrived int64, err error) {
	d, err := format.Open(record)
	if err != nil {
		return 0, err
	}
	arrived = d.Varint()
	base := d.Varint()
	names := decodeTable(d)
	var a answer.Answer
	var l label.Label
	for range d.Count(2) {
		head := d.Byte()
		item := Item{n: int(head & 15)}
		if item.n > maxKeys {
			d.Fail()
			break
		}
		for i := range item.n {
			item.keys[i] = d.Uint64()
		}
		switch kind(head >> 4) {
		case kindAnswer:
			names.takeAnswer(d, &a, base)
			item.Answer = &a
		case kindLabel:
			names.takeLabel(d, &l, base)
			item.Label = &l
		default:
			d.Fail()
		}
		if d.Err() != nil {
			break
		}
		do(item)
	}
	return arrived, d.End()
}

const blockPrefix = "block/"

func blockKey(number uint32) string { return fmt.Sprintf(blockPrefix+"%08x", number) }

// Save calls put with each block that has changed since the last Save, by its key, and remove with
// the keys of those that have left. What comes next is added to other blocks.
func (l *Log) Save(put func(key string, record []byte), remove func(key string)) {
	for _, q := range [...]*queue{&l.answers, &l.labels} {
		for _, b := range slices.Backward(q.blocks) {
			if b.saved {
				break
			}
			b.saved, b.sealed = true, true
			put(blockKey(b.number), l.record(b))
		}
	}
	for _, n := range l.gone {
		remove(blockKey(n))
	}
	l.gone = l.gone[:0]
}

// record encodes a block.
func (l *Log) record(b *block) []byte {
	w := newRecordWriter(b.base)
	b.places(func(p place) {
		if p.marks()&superseded == 0 {
			w.add(l.item(p))
		}
	})
	return w.record(b.arrived)
}

// item reads the item at a place, which is valid until the next call.
func (l *Log) item(p place) *Item {
	i := &Item{n: p.keys()}
	for k := range i.n {
		i.keys[k] = p.hash(k)
	}
	if p.block.kind == kindAnswer {
		p.answer(l.names, &l.answer)
		i.Answer = &l.answer
	} else {
		p.label(l.names, &l.label)
		i.Label = &l.label
	}
	return i
}

// IsBlock reports whether a key is that of a block.
func IsBlock(key string) bool {
	_, err := blockNumber(key)
	return err == nil
}

func blockNumber(key string) (n uint32, err error) {
	_, err = fmt.Sscanf(key, blockPrefix+"%08x", &n)
	return n, err
}

// LoadBlock reads a block that Save has put, without a word to a Sink. All are read before anything
// is applied, in any order.
func (l *Log) LoadBlock(key string, record []byte) error {
	number, err := blockNumber(key)
	if err != nil {
		return fmt.Errorf("%q is no block", key)
	}
	var items []Item
	items, arrived, err := DecodeRecord(record)
	if err != nil {
		return err
	}
	if len(items) == 0 {
		return nil
	}
	l.last = max(l.last, number)
	k, q := kindAnswer, &l.answers
	b := &block{number: number, arrived: arrived.UnixNano()}
	if first := items[0]; first.Label != nil {
		k, q, b.base = kindLabel, &l.labels, first.Label.Time.UnixNano()
	} else {
		b.base = first.Answer.Time
	}
	b.kind = k
	for i := range items {
		if (items[i].Label != nil) != (k == kindLabel) || items[i].n == 0 {
			return wire.ErrCorrupt
		}
	}
	at, _ := slices.BinarySearchFunc(q.blocks, number, func(b *block, n uint32) int { return int(int64(b.number) - int64(n)) })
	q.blocks = slices.Insert(q.blocks, at, b)
	l.blocks[number] = b
	for i := range items {
		l.load(q, b, &items[i], arrived)
	}
	b.saved, b.sealed = true, true
	return nil
}

// load adds an item that has been counted before.
func (l *Log) load(q *queue, b *block, item *Item, arrived time.Time) {
	l.body.Reset()
	if b.kind == kindAnswer {
		l.names.putAnswer(&l.body, item.Answer, b.base)
	} else {
		l.names.putLabel(&l.body, item.Label, b.base)
	}
	p := l.append(q, b, item, arrived)
	for _, h := range item.keys[:item.n] {
		l.chain(h, func(o place) bool {
			if o.block.kind != b.kind && l.belong(item, o) {
				o.mark(marked)
				p.mark(marked)
			}
			return true
		})
	}
	if item.Label == nil || l.resolve(item, p) {
		l.link(p)
	}
}

// resolve lets the later one of two labels of the same key, model and set replace the other: a block
// that was saved may have some that were replaced since. It returns false where that is the new one.
func (l *Log) resolve(item *Item, p place) (keep bool) {
	other, found := l.same(item)
	if !found {
		return true
	}
	if later(&l.known, other, item.Label, p) {
		p.mark(marked | superseded)
		return false
	}
	l.unlink(other)
	other.mark(marked | superseded)
	return true
}

// belong reports whether an item and one of the other kind that has its key are a pair.
func (l *Log) belong(item *Item, o place) bool {
	if item.Label != nil {
		o.answer(l.names, &l.other)
		return applies(item.Label, &l.other)
	}
	o.label(l.names, &l.known)
	return applies(&l.known, item.Answer)
}
