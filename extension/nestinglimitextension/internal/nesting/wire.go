// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package nesting

// The kinds of fields on the wire.
const (
	varintField     = 0
	fixed64Field    = 1
	bytesField      = 2
	startGroupField = 3
	endGroupField   = 4
	fixed32Field    = 5
)

// wire reads the fields of a message just as pdata's decoder does (pdata/internal/proto), with the
// same tolerance and the same limits: what that one reads and this one does not would be a way
// around the check. A test compares the two.
type wire struct{ rest []byte }

// varint reads a number of up to ten bytes; bits beyond the 64th are lost.
func (w *wire) varint() (v uint64, ok bool) {
	if len(w.rest) > 0 && w.rest[0] < 0x80 { // most are of one byte
		v, w.rest = uint64(w.rest[0]), w.rest[1:]
		return v, true
	}
	for i := 0; i < len(w.rest) && i < 10; i++ {
		b := w.rest[i]
		v |= uint64(b&0x7F) << (7 * i)
		if b < 0x80 {
			w.rest = w.rest[i+1:]
			return v, true
		}
	}
	return 0, false
}

// tag reads the number of a field, of which the decoder looks at 32 bits, and its kind.
func (w *wire) tag() (field int32, kind uint8, ok bool) {
	v, ok := w.varint()
	field = int32(v >> 3)
	return field, uint8(v & 7), ok && field > 0
}

// bytes reads the content of a field of bytes.
func (w *wire) bytes() ([]byte, bool) {
	size, ok := w.varint()
	if !ok || size > uint64(len(w.rest)) {
		return nil, false
	}
	content := w.rest[:size]
	w.rest = w.rest[size:]
	return content, true
}

// skip passes a field of the given kind. Of a group the decoder passes all up to its first field
// that is none.
func (w *wire) skip(kind uint8) (ok bool) {
	groups := 0
	for len(w.rest) > 0 {
		switch kind {
		case varintField:
			_, ok = w.varint()
			return ok
		case fixed64Field:
			return w.fixed(8)
		case fixed32Field:
			return w.fixed(4)
		case bytesField:
			_, ok = w.bytes()
			return ok
		case startGroupField:
			groups++
		case endGroupField:
			groups--
		default:
			return false
		}
		if groups <= 0 {
			return groups == 0
		}
		if _, kind, ok = w.tag(); !ok {
			return false
		}
	}
	return false
}

func (w *wire) fixed(n int) bool {
	if len(w.rest) < n {
		return false
	}
	w.rest = w.rest[n:]
	return true
}
