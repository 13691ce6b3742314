// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// parquetBatch is the number of rows that are decoded at a time.
const parquetBatch = 128

// parquetSource reads Parquet.
type parquetSource struct {
	reader *parquet.GenericReader[any]
	rows   []parquet.Row
	at, n  int
	row    int64
	names  []string
	lists  []string
	leaves []parquetLeaf // by column index
	done   bool
}

// parquetLeaf turns the values of a column into cells; at is the cell's place, -1 for a column that
// is left out.
type parquetLeaf struct {
	at   int
	cell func(parquet.Value) Cell
}

func newParquetSource(f io.ReaderAt, size int64) (s *parquetSource, err error) {
	defer func() { // the library panics on some damaged files
		if p := recover(); p != nil {
			s, err = nil, fmt.Errorf("not a Parquet file that can be read: %v", p)
		}
	}()
	if err := CheckParquet(f, size); err != nil {
		return nil, fmt.Errorf("not a Parquet file that can be read: %w", err)
	}
	file, err := parquet.OpenFile(f, size)
	if err != nil {
		return nil, fmt.Errorf("not a Parquet file that can be read: %w", err)
	}
	schema := file.Schema()
	s = &parquetSource{rows: make([]parquet.Row, parquetBatch)}
	for _, path := range schema.Columns() {
		leaf, _ := schema.Lookup(path...)
		name := strings.Join(path, ".")
		p := parquetLeaf{at: -1}
		if leaf.MaxRepetitionLevel > 0 {
			s.lists = append(s.lists, name)
		} else {
			p = parquetLeaf{at: len(s.names), cell: parquetCell(leaf.Node.Type())}
			s.names = append(s.names, name)
		}
		for len(s.leaves) <= leaf.ColumnIndex {
			s.leaves = append(s.leaves, parquetLeaf{at: -1})
		}
		s.leaves[leaf.ColumnIndex] = p
	}
	s.reader = parquet.NewGenericReader[any](file)
	return s, nil
}

// CheckParquet returns an error for a file whose end claims more than there is. The library makes
// room for what is claimed, four gigabytes at most, before it reads.
func CheckParquet(f io.ReaderAt, size int64) error {
	const end = 8 // the length of the footer, PAR1
	var last [end]byte
	if size < end+4 {
		return errors.New("it is too short")
	}
	if _, err := f.ReadAt(last[:], size-end); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if claimed := int64(binary.LittleEndian.Uint32(last[:])); claimed > size-end-4 {
		return fmt.Errorf("its footer claims %d bytes, the file has %d", claimed, size)
	}
	return nil
}

func (s *parquetSource) next(dst []Cell) (_ []Cell, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.done = true
			err = fmt.Errorf("the file is damaged: %v", p)
		}
	}()
	for s.at == s.n {
		if s.done {
			return nil, io.EOF
		}
		s.at = 0
		s.n, err = s.reader.ReadRows(s.rows)
		if err != nil {
			s.done = true
			if !errors.Is(err, io.EOF) {
				return nil, err
			}
		}
	}
	row := s.rows[s.at]
	s.at++
	s.row++
	for range s.names {
		dst = append(dst, Cell{})
	}
	for _, v := range row {
		if i := v.Column(); i >= 0 && i < len(s.leaves) && s.leaves[i].at >= 0 && !v.IsNull() {
			dst[s.leaves[i].at] = s.leaves[i].cell(v)
		}
	}
	return dst, nil
}

func (s *parquetSource) columns() []string { return s.names }
func (s *parquetSource) position() string  { return "row " + strconv.FormatInt(s.row, 10) }
func (s *parquetSource) skipped() []string { return slices.Clone(s.lists) }
func (s *parquetSource) Close() error      { return s.reader.Close() }

// parquetCell returns what turns a value of the type, which is not null, into a cell.
func parquetCell(t parquet.Type) func(parquet.Value) Cell {
	var logical format.LogicalTypeValue
	if l := t.LogicalType(); l != nil {
		logical = l.Value
	}
	switch l := logical.(type) {
	case *format.TimestampType:
		if l.Unit.Value != nil {
			unit := int64(l.Unit.Value.Duration())
			return func(v parquet.Value) Cell {
				perSecond := int64(time.Second) / unit
				n := v.Int64()
				return Cell{Kind: Time, Time: time.Unix(n/perSecond, n%perSecond*unit).UTC()}
			}
		}
	case *format.DateType:
		return func(v parquet.Value) Cell {
			return Cell{Kind: Time, Time: time.Unix(int64(v.Int32())*86400, 0).UTC()}
		}
	case *format.DecimalType:
		scale := math.Pow10(int(l.Scale))
		switch t.Kind() {
		case parquet.Int32, parquet.Int64:
			return func(v parquet.Value) Cell { return Cell{Kind: Number, Float: float64(integer(v)) / scale} }
		default:
			return func(v parquet.Value) Cell { return Cell{Kind: Number, Float: bigEndian(v.ByteArray()) / scale} }
		}
	case *format.Float16Type:
		return func(v parquet.Value) Cell { return Cell{Kind: Number, Float: float16(v.ByteArray())} }
	case *format.IntType:
		if !l.IsSigned {
			return func(v parquet.Value) Cell {
				u := v.Uint64()
				if t.Kind() == parquet.Int32 {
					u = uint64(v.Uint32())
				}
				if u > math.MaxInt64 {
					return Cell{Kind: Number, Float: float64(u)}
				}
				return Cell{Kind: Integer, Int: int64(u)}
			}
		}
	case *format.UUIDType:
		return func(v parquet.Value) Cell {
			b := v.ByteArray()
			if len(b) != 16 {
				return Cell{}
			}
			return Cell{Kind: String, Text: fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])}
		}
	}
	switch t.Kind() {
	case parquet.Boolean:
		return func(v parquet.Value) Cell {
			if v.Boolean() {
				return Cell{Kind: Bool, Int: 1}
			}
			return Cell{Kind: Bool}
		}
	case parquet.Int32, parquet.Int64:
		return func(v parquet.Value) Cell { return Cell{Kind: Integer, Int: integer(v)} }
	case parquet.Int96: // nanoseconds of the day and the Julian day, as Hive and Spark wrote timestamps
		return func(v parquet.Value) Cell {
			x := v.Int96()
			nanos := int64(x[1])<<32 | int64(x[0])
			return Cell{Kind: Time, Time: time.Unix((int64(x[2])-2440588)*86400, nanos).UTC()}
		}
	case parquet.Float:
		// By its shortest decimal form: 0.1 is meant, not 0.10000000149.
		return func(v parquet.Value) Cell {
			f, _ := strconv.ParseFloat(strconv.FormatFloat(float64(v.Float()), 'g', -1, 32), 64)
			return Cell{Kind: Number, Float: f}
		}
	case parquet.Double:
		return func(v parquet.Value) Cell { return Cell{Kind: Number, Float: v.Double()} }
	default:
		return func(v parquet.Value) Cell {
			switch b := v.ByteArray(); {
			case len(b) == 0:
				return Cell{}
			case !utf8.Valid(b):
				return Cell{Kind: Bytes}
			default:
				return Cell{Kind: String, Text: string(b)}
			}
		}
	}
}

func integer(v parquet.Value) int64 {
	if v.Kind() == parquet.Int32 {
		return int64(v.Int32())
	}
	return v.Int64()
}

// bigEndian reads a two's complement number of any length.
func bigEndian(b []byte) float64 {
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	f, _ := new(big.Float).SetInt(n).Float64()
	return f
}

func float16(b []byte) float64 {
	if len(b) != 2 {
		return math.NaN()
	}
	u := uint16(b[0]) | uint16(b[1])<<8
	sign := 1.0
	if u&0x8000 != 0 {
		sign = -1
	}
	exp, frac := int(u>>10&0x1f), float64(u&0x3ff)
	switch exp {
	case 0:
		return sign * math.Ldexp(frac, -24)
	case 31:
		if frac != 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	default:
		return sign * math.Ldexp(1024+frac, exp-25)
	}
}
