// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package imported

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// Frequent-items sketches of strings of Apache DataSketches (frequencies.PreambleUtil.java and
// ArrayOfStringsSerDe.java have the layout). All numbers are little-endian:
//
//	byte 0 number of 8-byte words before the data, in its low 6 bits; 1 version; 2 family, 10;
//	5 flags: 1 or 4 empty; 8-11 number of items; 16-23 rows; 24-31 offset; from 8 times byte 0 on:
//	  the rows of each item, 8 bytes each; the items: 4 bytes of length, and the text
//
// An item was seen at least as often as the sketch says, and at most offset times more. The offset is 0
// as long as no item had to be dropped: then all values are there, with their rows.
const (
	itemsFamily = 10
	itemsEmpty  = 1 | 4
	itemsWords  = 4
)

// parseItems decodes a sketch. Of one that has dropped items only those are taken that have more rows
// than a dropped one can have: else which rare values are there is chance. unquote, which may be nil,
// makes a value of a text.
func parseItems(data []byte, unquote func(string) string) (*values, error) {
	if len(data) < 8 {
		return nil, fmt.Errorf("frequent-items sketch: has %d bytes, at least 8 are needed", len(data))
	}
	if data[2] != itemsFamily {
		return nil, fmt.Errorf("frequent-items sketch: the family is %d and not %d", data[2], itemsFamily)
	}
	out := &values{}
	if data[5]&itemsEmpty != 0 {
		return out, nil
	}
	at := 8 * int(data[0]&0x3f)
	if at != 8*itemsWords || len(data) < at {
		return nil, fmt.Errorf("frequent-items sketch: %d words before the data of %d bytes, %d are known", data[0]&0x3f, len(data), itemsWords)
	}
	n := int(binary.LittleEndian.Uint32(data[8:]))
	out.count, out.uncertain = binary.LittleEndian.Uint64(data[16:]), binary.LittleEndian.Uint64(data[24:])
	if n > (len(data)-at)/(8+4) {
		return nil, fmt.Errorf("frequent-items sketch: %d items do not fit into %d bytes", n, len(data))
	}
	text := data[at+8*n:]
	for i := range n {
		rows := binary.LittleEndian.Uint64(data[at+8*i:])
		if len(text) < 4 {
			return nil, fmt.Errorf("frequent-items sketch: ends before item %d", i)
		}
		size := binary.LittleEndian.Uint32(text)
		text = text[4:]
		if uint64(size) > uint64(len(text)) {
			return nil, fmt.Errorf("frequent-items sketch: item %d has %d bytes, and %d are left", i, size, len(text))
		}
		name := string(text[:size])
		text = text[size:]
		if !utf8.ValidString(name) {
			return nil, fmt.Errorf("frequent-items sketch: item %d is not UTF-8", i)
		}
		if unquote != nil {
			name = unquote(name)
		}
		if rows > out.uncertain {
			out.add(name, rows)
		}
	}
	return out, nil
}
