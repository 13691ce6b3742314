// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package imported

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

// KLL sketches of Apache DataSketches, as KllDoublesSketch and KllFloatsSketch write them in compact
// form (KllPreambleUtil.java and kll_sketch.hpp have the layout). All numbers are little-endian:
//
//	byte 0 number of 4-byte words before the data: 2, 5 or 6; 1 version; 2 family, 15;
//	3 flags: 1 empty, 4 a single item; 4-5 k; 6 m; 7 unused
//	  a single item: the item
//	8-15 n; 16-17 smallest k; 18 number of levels; 19 unused; from 4 times byte 0 on:
//	  an offset of 4 bytes for each level, minimum, maximum, the items level by level
//
// An item of level i stands for 2^i rows. There is a second layout of 6 words whose offsets begin at
// byte 24; byte 0 tells the two apart.
const (
	kllFamily     = 15
	kllEmpty      = 1
	kllSingle     = 4
	kllShort      = 2 // words of an empty sketch, or of one with a single item
	kllMaxLevels  = 61
	kllBinsDivide = 20 // a number of bins that is divisible by it has deciles and twentieths as unions of bins
)

// kll is a decoded sketch.
type kll struct {
	k        int
	n        uint64
	levels   int
	min, max float64
	points   []point
}

// parseKLL decodes a sketch whose items have size bytes: 8 are doubles, 4 floats.
func parseKLL(data []byte, size int) (*kll, error) {
	if len(data) < 4*kllShort {
		return nil, fmt.Errorf("KLL sketch: has %d bytes, at least 8 are needed", len(data))
	}
	words, flags := int(data[0]), data[3]
	if data[2] != kllFamily {
		return nil, fmt.Errorf("KLL sketch: the family is %d and not %d", data[2], kllFamily)
	}
	s := &kll{k: int(binary.LittleEndian.Uint16(data[4:]))}
	switch {
	case flags&kllEmpty != 0:
		return s, nil
	case flags&kllSingle != 0:
		if len(data) != 4*kllShort+size {
			return nil, fmt.Errorf("KLL sketch: has %d bytes, one item needs %d", len(data), 4*kllShort+size)
		}
		v := readFloat(data[4*kllShort:], size)
		s.n, s.levels, s.min, s.max = 1, 1, v, v
		s.points = []point{{v, 1}}
		return s, nil
	case words != 5 && words != 6:
		return nil, fmt.Errorf("KLL sketch: %d words before the data, 5 or 6 are known", words)
	}
	return s, s.parseLevels(data, 4*words, size)
}

func (s *kll) parseLevels(data []byte, at, size int) error {
	if len(data) < at {
		return fmt.Errorf("KLL sketch: ends at byte %d, before its items", len(data))
	}
	s.n, s.levels = binary.LittleEndian.Uint64(data[8:]), int(data[18])
	if s.levels == 0 || s.levels > kllMaxLevels {
		return fmt.Errorf("KLL sketch: %d levels, must be 1 to %d", s.levels, kllMaxLevels)
	}
	start := at + 4*s.levels
	items := (len(data) - start) / size
	if items < 2 || (len(data)-start)%size != 0 {
		return fmt.Errorf("KLL sketch: has %d bytes, which do not hold an extreme and items of %d bytes from byte %d on", len(data), size, start)
	}
	s.min, s.max = readFloat(data[start:], size), readFloat(data[start+size:], size)
	items -= 2
	first := binary.LittleEndian.Uint32(data[at:])
	left := s.n
	for level := range s.levels {
		begin := int64(binary.LittleEndian.Uint32(data[at+4*level:])) - int64(first)
		end := int64(items)
		if level < s.levels-1 {
			end = int64(binary.LittleEndian.Uint32(data[at+4*level+4:])) - int64(first)
		}
		if begin < 0 || end < begin || end > int64(items) {
			return fmt.Errorf("KLL sketch: level %d has items %d to %d of %d", level, begin, end, items)
		}
		weight := uint64(1) << level
		if n := uint64(end - begin); n > left/weight {
			return fmt.Errorf("KLL sketch: its items stand for more than its n, %d", s.n)
		}
		left -= weight * uint64(end-begin)
		for i := begin; i < end; i++ {
			s.points = append(s.points, point{readFloat(data[start+int(2+i)*size:], size), weight})
		}
	}
	if left > 0 {
		return fmt.Errorf("KLL sketch: its items stand for %d rows fewer than its n, %d", left, s.n)
	}
	return nil
}

func readFloat(data []byte, size int) float64 {
	if size == 4 {
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(data)))
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(data))
}

// shareError is by how much the share of rows between two values may be wrong in 99 of 100 sketches,
// 0 where the sketch has all values: the figure of the DataSketches library (getNormalizedRankError).
func (s *kll) shareError() float64 {
	if s.levels <= 1 || s.k == 0 {
		return 0
	}
	return 2.446 / math.Pow(float64(s.k), 0.9433)
}

// sketch returns what bins are made of. Where the sketch has not all values there are no more bins than
// its error allows, so that the share of each is at least the error of it.
func (s *kll) sketch() (*sketch, error) {
	if s.n == 0 {
		return nil, errors.New("its sketch is empty")
	}
	out, err := newSketch(s.points, s.min, s.max)
	if err != nil {
		return nil, err
	}
	if e := s.shareError(); e > 0 {
		out.maxBins = distribution.DefaultBins
		if most := int(1/e) / kllBinsDivide * kllBinsDivide; most < out.maxBins {
			out.maxBins = max(most, kllBinsDivide/2)
		}
	}
	return out, nil
}
