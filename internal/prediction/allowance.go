// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prediction

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// The work that the rows of a batch may be, in values that are looked at or written. An array of a
// million rows is 4 KB when it is compressed: what each of its rows costs must be in proportion to
// what the span holds, not to what the model's card, or another attribute of the span, makes of it.
const (
	// workPerRow is what each row may be, workPerByte what each byte of the attributes may be on top.
	workPerRow, workPerByte = 64, 16
	// fewBytes and fewEntries are the size up to which what all rows share costs no row anything;
	// bytesPerWork are the bytes on top that are read with the work of one value, and workPerEntry is
	// that of an entry.
	fewBytes, fewEntries       = 64, 8
	bytesPerWork, workPerEntry = 8, 8
	// leastBytes is the fewest bytes of an element.
	leastBytes = 2
)

// allowance is how much work the rows of a span may be.
type allowance struct {
	attributes pcommon.Map
	// most is the work that is allowed, used what was done, and shared that of each row on what it
	// shares with the others.
	most, used, shared int
	rows               int
	// exact says that most is of all attributes.
	exact bool
}

// allowance returns what is allowed for n rows of the span at hand. It begins with the least that
// its columns can hold, and looks at all attributes when that is used up.
func (r *Reader) allowance(n int) allowance {
	return allowance{attributes: r.span.Attributes, rows: n, shared: r.shared(), most: n * (workPerRow + workPerByte*leastBytes*len(r.columns))}
}

// spent is asked before each row.
func (a *allowance) spent() bool {
	a.used += a.shared
	if a.used <= a.most {
		return false
	}
	if !a.exact {
		a.exact = true
		a.most = a.rows*workPerRow + workPerByte*mapBytes(a.attributes)
	}
	return a.used > a.most
}

// shared is the work on what all rows have, as far as it is long: a number in a string and the
// scores of all classes are read again for each.
func (r *Reader) shared() (work int) {
	f := r.span.Fields
	for at, used := range f.used {
		if !used || slices.Contains(f.vectors, at) || slices.ContainsFunc(r.columns, func(c column) bool { return c.at == at }) || at == f.position(Features) {
			continue
		}
		switch x := &r.span.values[at]; x.Kind {
		case Scalar:
			work += max(len(x.Text())-fewBytes, 0) / bytesPerWork
		case Object:
			work += workPerEntry * max(x.raw.Map().Len()-fewEntries, 0)
		case List:
			work += workPerEntry * max(x.raw.Slice().Len()-fewEntries, 0)
		}
	}
	if r.span.Names == nil {
		return work
	}
	for i := range r.span.Names.Keys {
		if x := &r.span.values[f.size()+i]; x.Kind == Scalar {
			work += max(len(x.Text())-fewBytes, 0) / bytesPerWork
		}
	}
	return work
}

// mapBytes is about how long the protobuf of a map is.
func mapBytes(m pcommon.Map) (n int) {
	for k, v := range m.All() {
		n += len(k) + leastBytes + Bytes(v)
	}
	return n
}

// Bytes is about how long the protobuf of a value is.
func Bytes(v pcommon.Value) int {
	switch v.Type() {
	case pcommon.ValueTypeEmpty:
		return leastBytes
	case pcommon.ValueTypeStr:
		return leastBytes + len(v.Str())
	case pcommon.ValueTypeBytes:
		return leastBytes + v.Bytes().Len()
	case pcommon.ValueTypeMap:
		return leastBytes + mapBytes(v.Map())
	case pcommon.ValueTypeSlice:
		n := leastBytes
		for _, e := range v.Slice().All() {
			n += Bytes(e)
		}
		return n
	case pcommon.ValueTypeDouble:
		return leastBytes + 9
	default:
		return leastBytes + 2
	}
}
