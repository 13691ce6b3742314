// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// format is that of a saved model and of a saved dedupe. Version 3 has no histories, and verdicts
// with one streak alone. Each type is encoded and decoded beside its declaration; those of
// internal/distribution, here.
var format = wire.Format{Magic: "mldrift", Version: 4}

// encoder writes a record.
type encoder struct {
	*wire.Encoder
	// binnings are the numbers of a model's binnings.
	binnings map[*distribution.Binning]uint64
}

func newEncoder(size int) *encoder { return &encoder{Encoder: format.NewEncoder(size)} }

// decoder reads what an encoder wrote. The first error sticks, and all that follows reads as zero.
type decoder struct {
	*wire.Decoder
	cuts    uint64 // names that were too long, or no valid UTF-8
	respelt bool   // a category has another spelling now
	// wall is the wall clock, down the time that the process was down.
	wall, down int64
	// binnings are those of a model.
	binnings []*distribution.Binning
	// written are the series of a model as they were written, by version and segment; groups are
	// the segments.
	written [][][]*series
	groups  [][]*segment
}

func newDecoder(data []byte) (*decoder, error) {
	d, err := format.Open(data)
	if err != nil {
		return nil, err
	}
	return &decoder{Decoder: d}, nil
}

// name reads a name and cuts it where it is none that would be kept from telemetry now.
func (d *decoder) name() string {
	b := d.Bytes()
	s, cut := boundedname.Cut(string(b[:min(len(b), boundedname.Max+1)]))
	if cut {
		d.cuts++
	}
	return s
}

// category reads the name of a category. One that an older version spelt in another way is read as
// it is spelt now.
func (d *decoder) category() string {
	name := d.name()
	category := value.Category(name)
	d.respelt = d.respelt || category != name
	return category
}

// maxTime is beyond what calendars have, in seconds.
const maxTime = 1 << 40

// seconds reads seconds since 1970 that some clock may show.
func (d *decoder) seconds() int64 {
	t := d.Varint()
	if t < -maxTime || t > maxTime {
		d.Fail()
		return 0
	}
	return t
}
