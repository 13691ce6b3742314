// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"fmt"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

func (e *encoder) expo(x *distribution.Exponential) {
	e.Bool(x != nil)
	if x == nil {
		return
	}
	e.Varint(int64(x.Scale))
	e.Uvarint(x.Zero)
	for _, b := range []*distribution.ExponentialBuckets{&x.Positive, &x.Negative} {
		e.Varint(int64(b.Offset))
		wire.PutCounts(e.Encoder, b.Counts)
	}
}

func (d *decoder) expo() *distribution.Exponential {
	if !d.Bool() {
		return nil
	}
	x := &distribution.Exponential{Scale: int32(d.Varint()), Zero: d.Uvarint()}
	for _, b := range []*distribution.ExponentialBuckets{&x.Positive, &x.Negative} {
		b.Offset = int32(d.Varint())
		b.Counts = wire.TakeCounts[uint64](d.Decoder)
	}
	if x.Validate() != nil {
		d.Fail()
		return nil
	}
	return x
}

func (e *encoder) binning(b *distribution.Binning) {
	e.Uvarint(uint64(b.Kind))
	e.Float64s(b.Bounds)
	e.Bool(b.Fixed)
	e.Bool(b.Mismatched)
	e.Uvarint(uint64(len(b.Categories)))
	for _, c := range b.Categories {
		e.String(c)
	}
}

func (d *decoder) binning() *distribution.Binning {
	kind, bounds := distribution.Kind(d.UvarintTo(uint64(distribution.KindCategorical))), d.Float64s()
	fixed, mismatched, n := d.Bool(), d.Bool(), d.Count(1)
	if !increasing(bounds) || kind != distribution.KindNumeric && len(bounds) > 0 || kind != distribution.KindCategorical && n > 0 {
		d.Fail()
	}
	if d.Err() != nil {
		return &unknownBinning
	}
	b := &distribution.Binning{Kind: kind}
	switch kind {
	case distribution.KindUnknown:
		return &unknownBinning
	case distribution.KindNumeric:
		b = distribution.NewNumericBinning(bounds, nil)
	case distribution.KindCategorical:
		b = distribution.NewCategoricalBinning()
	}
	b.Fixed, b.Mismatched = fixed, mismatched
	for range n {
		c := d.category()
		if _, ok := b.Lookup(c); ok {
			if d.cuts == 0 && !d.respelt {
				d.Fail()
			}
			c = fmt.Sprintf("%.200s#%d", c, len(b.Categories)) // its cell stays
		}
		if d.Err() != nil {
			break
		}
		b.Append(c)
	}
	return b
}

// allBinnings writes the binnings that a model's series refer to, and numbers them.
func (e *encoder) allBinnings(m *model) {
	e.binnings = make(map[*distribution.Binning]uint64)
	var order []*distribution.Binning
	for ref := range m.eachSegment {
		for _, s := range ref.g.order {
			for _, b := range s.binnings() {
				if _, ok := e.binnings[b]; !ok {
					e.binnings[b] = uint64(len(order))
					order = append(order, b)
				}
			}
		}
	}
	e.Uvarint(uint64(len(order)))
	for _, b := range order {
		e.binning(b)
	}
}

func (d *decoder) allBinnings() {
	d.binnings = make([]*distribution.Binning, d.Count(5))
	for i := range d.binnings {
		d.binnings[i] = d.binning()
	}
}

// binningOf reads the number of a binning.
func (d *decoder) binningOf() *distribution.Binning {
	if len(d.binnings) == 0 {
		d.Fail()
		return &unknownBinning
	}
	return d.binnings[d.UvarintTo(uint64(len(d.binnings)-1))]
}
