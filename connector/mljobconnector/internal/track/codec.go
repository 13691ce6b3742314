// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"
)

// A stored value is a byte with the version of the format, the payload, and the CRC-32C of both in four bytes (little endian).

// format is the version that is written; the only one that is read.
const format = 1

var (
	errDamaged = errors.New("the value is damaged")
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// seal completes a value whose first byte was reserved by unsealed.
func seal(value []byte) []byte {
	value[0] = format
	return appendSum(value)
}

func appendSum(value []byte) []byte {
	return binary.LittleEndian.AppendUint32(value, crc32.Checksum(value, castagnoli))
}

func unsealed(size int) []byte { return make([]byte, 1, size+5) }

func open(value []byte) ([]byte, error) {
	if len(value) < 5 {
		return nil, errDamaged
	}
	body := value[:len(value)-4]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(value[len(value)-4:]) {
		return nil, errDamaged
	}
	if body[0] != format {
		return nil, fmt.Errorf("the value has format %d, this version reads %d", body[0], format)
	}
	return body[1:], nil
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendTime writes nanoseconds since 1970; the zero time is 0.
func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return binary.AppendVarint(b, 0)
	}
	return binary.AppendVarint(b, t.UnixNano())
}

// reader takes a payload apart. After the first failure everything it returns is zero and err is set.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.rest, r.err = nil, errDamaged
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.rest, r.err = nil, errDamaged
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.rest, r.err = nil, errDamaged
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) string() string { return string(r.bytes()) }

func (r *reader) time() time.Time {
	v := r.varint()
	if v == 0 {
		return time.Time{}
	}
	return time.Unix(0, v).UTC()
}

// count reads the number of items that follow, each of which takes a byte or more.
func (r *reader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.rest, r.err = nil, errDamaged
		return 0
	}
	return int(n)
}

// end returns the first failure, and it is one if something is left over.
func (r *reader) end() error {
	if r.err == nil && len(r.rest) > 0 {
		return errDamaged
	}
	return r.err
}
