// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package buffer

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// kind is what a record holds.
type kind byte

const (
	// spansRecord is a serialized TracesData of OTLP.
	spansRecord kind = 's'
	// caseRecord is a Case as JSON; the last one of a file counts.
	caseRecord kind = 'c'
)

// A record is mark, kind, the payload's length and the CRC-32C of kind, length and payload (both of 4
// bytes, little-endian), and the payload. The mark is where reading goes on after a damage.
const (
	mark       = "mlE1"
	headerSize = len(mark) + 1 + 4 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header returns what is before a payload.
func header(k kind, payload []byte) (h [headerSize]byte) {
	copy(h[:], mark)
	h[4] = byte(k)
	binary.LittleEndian.PutUint32(h[5:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(h[9:], checksum(h[4:9], payload))
	return h
}

func checksum(head, payload []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, head), castagnoli, payload)
}

// appendRecord appends a record to a file's content.
func appendRecord(dst []byte, k kind, payload []byte) []byte {
	h := header(k, payload)
	return append(append(dst, h[:]...), payload...)
}

// maxAttempts bounds how many places after a damage are tried: each may cost a checksum of all that
// follows.
const maxAttempts = 64

// scan calls do with each whole record of a file, until it returns false. end is where the last one
// ends: what is behind it is torn. corrupt is how many damaged places it has passed over.
func scan(data []byte, do func(k kind, payload []byte) bool) (end, corrupt int) {
	attempts := 0
	for at := 0; at < len(data); {
		k, payload, ok := recordAt(data[at:])
		if ok {
			at += headerSize + len(payload)
			end = at
			if !do(k, payload) {
				return end, corrupt
			}
			continue
		}
		next := -1
		for from := at + 1; attempts < maxAttempts; attempts++ {
			i := bytes.Index(data[from:], []byte(mark))
			if i < 0 {
				break
			}
			from += i
			if _, _, ok := recordAt(data[from:]); ok {
				next = from
				break
			}
			from++
		}
		if next < 0 {
			return end, corrupt
		}
		corrupt++
		at = next
	}
	return end, corrupt
}

// recordAt returns the record that data begin with.
func recordAt(data []byte) (kind, []byte, bool) {
	if len(data) < headerSize || string(data[:len(mark)]) != mark {
		return 0, nil, false
	}
	n := int64(binary.LittleEndian.Uint32(data[5:]))
	if n > int64(len(data)-headerSize) {
		return 0, nil, false
	}
	payload := data[headerSize : headerSize+int(n)]
	return kind(data[4]), payload, checksum(data[4:9], payload) == binary.LittleEndian.Uint32(data[9:])
}
