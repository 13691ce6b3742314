// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package boltfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
)

// The format of bbolt, version 2 (go.etcd.io/bbolt, internal/common). Numbers are in the byte order
// of the machine.
//
//	page:    id u64, flags u16, count u16, overflow u32 (further pages that belong to this one);
//	         then elements, then keys and values
//	meta:    magic u32, version u32, page size u32, flags u32, root u64, sequence u64,
//	         freelist u64, high water mark u64, transaction u64, checksum u64
//	branch:  position of the key from the element's start u32, size of the key u32, page u64
//	leaf:    flags u32, position of the key u32, size of the key u32, size of the value u32 (it
//	         follows the key)
//	bucket:  root u64, sequence u64; with root 0 a leaf page follows in the same value
const (
	magic   = 0xED0CDAED
	version = 2

	pageHeader  = 16
	element     = 16
	metaSize    = 64
	metaSummed  = 56 // bytes that the checksum is of
	bucketSize  = 16
	noFreelist  = ^uint64(0)
	minPageSize = 512
	maxPageSize = 1024 << 14

	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10

	bucketElement = 0x01

	// head is how much of a page is read at once; keys behind it are read one by one.
	head = 256 << 10
)

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// meta is what a meta page says.
type meta struct {
	pageSize, root, freelist, high, transaction uint64
}

// walk is one check of a file.
type walk struct {
	file io.ReaderAt
	size uint64
	meta meta
	// seen has a bit for each page of the file that belongs to something.
	seen []uint64
}

// checkPages checks a database of size bytes.
func checkPages(file io.ReaderAt, size int64) error {
	w := &walk{file: file, size: uint64(size)}
	if err := w.readMeta(); err != nil {
		return err
	}
	w.seen = make([]uint64, w.size/w.meta.pageSize/64+1)
	if err := w.freelist(); err != nil {
		return err
	}
	return w.tree(w.meta.root, nil, nil)
}

// readMeta reads the newer meta of the two that is whole. The second lies behind the first page,
// whose size the first says.
func (w *walk) readMeta() error {
	first, ok, err := w.metaAt(0)
	if err != nil {
		return err
	}
	if ok {
		second, both, err := w.metaAt(first.pageSize)
		if err != nil {
			return err
		}
		if both && second.pageSize == first.pageSize && second.transaction > first.transaction {
			first = second
		}
		w.meta = first
		return w.metaBounds()
	}
	for at := uint64(1024); at <= maxPageSize; at *= 2 {
		second, ok, err := w.metaAt(at)
		if err != nil {
			return err
		}
		if ok && second.pageSize == at {
			w.meta = second
			return w.metaBounds()
		}
	}
	return damaged("neither of its two headers is whole")
}

func (w *walk) metaBounds() error {
	if w.size < 2*w.meta.pageSize {
		return damaged("it has %d bytes, fewer than two pages of %d", w.size, w.meta.pageSize)
	}
	if w.meta.high < 2 {
		return damaged("its header says that it has %d pages", w.meta.high)
	}
	return nil
}

// metaAt reads the meta in the page that begins at an offset; ok is false for one that is not
// whole.
func (w *walk) metaAt(at uint64) (m meta, ok bool, err error) {
	data, err := w.read(at, pageHeader+metaSize)
	if errors.Is(err, ErrDamaged) { // the file ends before
		return meta{}, false, nil
	}
	if err != nil {
		return meta{}, false, err
	}
	order := binary.NativeEndian
	data = data[pageHeader:]
	sum := fnv.New64a()
	_, _ = sum.Write(data[:metaSummed])
	if order.Uint32(data) != magic || order.Uint32(data[4:]) != version || order.Uint64(data[metaSummed:]) != sum.Sum64() {
		return meta{}, false, nil
	}
	m = meta{
		pageSize: uint64(order.Uint32(data[8:])), root: order.Uint64(data[16:]), freelist: order.Uint64(data[32:]),
		high: order.Uint64(data[40:]), transaction: order.Uint64(data[48:]),
	}
	return m, m.pageSize >= minPageSize && m.pageSize <= maxPageSize, nil
}

// read reads n bytes of the file, all of which must be there.
func (w *walk) read(at, n uint64) ([]byte, error) {
	if at > w.size || n > w.size-at {
		return nil, damaged("it ends after %d bytes, before what should be at %d", w.size, at)
	}
	data := make([]byte, n)
	if got, err := w.file.ReadAt(data, int64(at)); uint64(got) < n {
		return nil, err
	}
	return data, nil
}

// page is a page with those that belong to it, or the page in the value of a small bucket.
type page struct {
	w            *walk
	id           uint64
	flags        uint16
	count        uint64
	offset, size uint64 // where in the file it is
	data         []byte // its first bytes
}

// open reads a page by its id and marks it as seen, with those that belong to it.
func (w *walk) open(id uint64) (*page, error) {
	if id < 2 || id >= w.meta.high {
		return nil, damaged("a page %d is referred to, there are %d", id, w.meta.high)
	}
	if id >= w.size/w.meta.pageSize {
		return nil, damaged("it ends after %d bytes, before its page %d", w.size, id)
	}
	offset := id * w.meta.pageSize
	header, err := w.read(offset, pageHeader)
	if err != nil {
		return nil, err
	}
	order := binary.NativeEndian
	p := &page{w: w, id: id, flags: order.Uint16(header[8:]), count: uint64(order.Uint16(header[10:])), offset: offset}
	if is := order.Uint64(header); is != id {
		return nil, damaged("page %d says that it is %d", id, is)
	}
	pages := uint64(order.Uint32(header[12:])) + 1
	if pages > w.meta.high-id || pages > w.size/w.meta.pageSize-id {
		return nil, damaged("page %d has %d pages, more than there are", id, pages)
	}
	for i := id; i < id+pages; i++ {
		if w.seen[i/64]&(1<<(i%64)) != 0 {
			return nil, damaged("page %d is used twice", i)
		}
		w.seen[i/64] |= 1 << (i % 64)
	}
	p.size = pages * w.meta.pageSize
	p.data, err = w.read(offset, min(p.size, head))
	return p, err
}

// at returns n bytes of the page.
func (p *page) at(from, n uint64) ([]byte, error) {
	if from > p.size || n > p.size-from {
		return nil, damaged("page %d has a key outside of it", p.id)
	}
	if from+n <= uint64(len(p.data)) {
		return p.data[from : from+n], nil
	}
	return p.w.read(p.offset+from, n)
}

// tree checks a page and all below it; their keys are not less than least and, where below is not
// nil, less than below.
func (w *walk) tree(id uint64, least, below []byte) error {
	p, err := w.open(id)
	if err != nil {
		return err
	}
	switch p.flags {
	case branchPage:
		return p.branches(least, below)
	case leafPage:
		return p.leaves(least, below, true)
	default:
		return damaged("page %d is of no kind that belongs into the tree (%#x)", id, p.flags)
	}
}

// entry is an element of a page.
type entry struct {
	raw []byte // the element
	at  uint64 // where its key is in the page
	key []byte
}

// entry reads the i-th element and its key, whose position and size stand at the given offset in
// the element.
func (p *page) entry(i, offset uint64) (entry, error) {
	start := pageHeader + i*element
	raw, err := p.at(start, element)
	if err != nil {
		return entry{}, err
	}
	order := binary.NativeEndian
	e := entry{raw: raw, at: start + uint64(order.Uint32(raw[offset:]))}
	if e.at < pageHeader+p.count*element {
		return entry{}, damaged("page %d has a key among its elements", p.id)
	}
	e.key, err = p.at(e.at, uint64(order.Uint32(raw[offset+4:])))
	return e, err
}

// order checks that a key is greater than the one before it, and within the bounds of its page.
func (p *page) order(i uint64, key, before, least, below []byte) error {
	switch {
	case i > 0 && bytes.Compare(key, before) <= 0, bytes.Compare(key, least) < 0, below != nil && bytes.Compare(key, below) >= 0:
		return damaged("page %d has keys that are not in order", p.id)
	}
	return nil
}

func (p *page) branches(least, below []byte) error {
	if p.count == 0 {
		return damaged("page %d leads nowhere", p.id)
	}
	e, err := p.entry(0, 0)
	if err != nil {
		return err
	}
	var before []byte
	for i := range p.count {
		if err := p.order(i, e.key, before, least, below); err != nil {
			return err
		}
		child, end := binary.NativeEndian.Uint64(e.raw[8:]), below
		var next entry
		if i+1 < p.count {
			if next, err = p.entry(i+1, 0); err != nil {
				return err
			}
			end = next.key
			if bytes.Compare(end, e.key) <= 0 {
				return damaged("page %d has keys that are not in order", p.id)
			}
		}
		if err := p.w.tree(child, e.key, end); err != nil {
			return err
		}
		before, e = e.key, next
	}
	return nil
}

// leaves checks the elements of a leaf page; buckets says whether they may be buckets.
func (p *page) leaves(least, below []byte, buckets bool) error {
	var before []byte
	for i := range p.count {
		e, err := p.entry(i, 4)
		if err != nil {
			return err
		}
		if err := p.order(i, e.key, before, least, below); err != nil {
			return err
		}
		before = e.key
		order := binary.NativeEndian
		size, value := uint64(order.Uint32(e.raw[12:])), e.at+uint64(len(e.key))
		if value > p.size || size > p.size-value {
			return damaged("page %d has a value outside of it", p.id)
		}
		if order.Uint32(e.raw)&bucketElement == 0 {
			continue
		}
		if !buckets {
			return damaged("page %d has a bucket where none can be", p.id)
		}
		if err := p.bucket(value, size); err != nil {
			return err
		}
	}
	return nil
}

// bucket checks the bucket in a value.
func (p *page) bucket(at, size uint64) error {
	if size < bucketSize {
		return damaged("page %d has a bucket of %d bytes", p.id, size)
	}
	header, err := p.at(at, bucketSize)
	if err != nil {
		return err
	}
	order := binary.NativeEndian
	if root := order.Uint64(header); root != 0 {
		return p.w.tree(root, nil, nil)
	}
	at, size = at+bucketSize, size-bucketSize
	if size < pageHeader {
		return damaged("page %d has a bucket without a page", p.id)
	}
	data, err := p.at(at, size)
	if err != nil {
		return err
	}
	inner := &page{
		w: p.w, id: p.id, flags: order.Uint16(data[8:]), count: uint64(order.Uint16(data[10:])), offset: p.offset + at, size: size, data: data,
	}
	if inner.flags != leafPage {
		return damaged("page %d has a bucket whose page is of the kind %#x", p.id, inner.flags)
	}
	return inner.leaves(nil, nil, false)
}

// freelist checks the page that lists the free ones, where one was written.
func (w *walk) freelist() error {
	if w.meta.freelist == noFreelist {
		return nil
	}
	p, err := w.open(w.meta.freelist)
	if err != nil {
		return err
	}
	if p.flags != freelistPage {
		return damaged("page %d should list the free ones and is of the kind %#x", p.id, p.flags)
	}
	from, count := uint64(pageHeader), p.count
	if count == 0xFFFF { // the number is too large for the header and stands before the list
		data, err := p.at(from, 8)
		if err != nil {
			return err
		}
		from, count = from+8, binary.NativeEndian.Uint64(data)
	}
	if count > (p.size-from)/8 {
		return damaged("page %d should list %d free ones", p.id, count)
	}
	list, err := w.read(p.offset+from, 8*count)
	if err != nil {
		return err
	}
	for ; len(list) > 0; list = list[8:] {
		id := binary.NativeEndian.Uint64(list)
		if id < 2 || id >= w.meta.high {
			return damaged("a page %d is free, there are %d", id, w.meta.high)
		}
		if id < w.size/w.meta.pageSize {
			if w.seen[id/64]&(1<<(id%64)) != 0 {
				return damaged("page %d is free twice", id)
			}
			w.seen[id/64] |= 1 << (id % 64)
		}
	}
	return nil
}
