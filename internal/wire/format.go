// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

var (
	// ErrCorrupt is the error of bytes that no Encoder has written: too few, too many, out of
	// range, or with another checksum.
	ErrCorrupt = errors.New("the value is corrupt")
	// ErrFormat is the error of a format that is not read: of a later version, or of one that is
	// too old.
	ErrFormat = errors.New("the format is not known")
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sumSize is the size of a checksum in bytes.
const sumSize = 4

// Format is a kind of record.
type Format struct {
	// Magic is what a record begins with; it may be empty.
	Magic string
	// Version is the number of the format that is written. It and the one before are read.
	Version byte
}

// oldest is the oldest format that is read.
func (f Format) oldest() byte { return max(f.Version-1, 1) }

// NewEncoder begins a record of about so many bytes.
func (f Format) NewEncoder(size int) *Encoder {
	e := &Encoder{b: make([]byte, 0, size)}
	f.Put(e)
	return e
}

// Put begins a record that gets no seal, alone or within another one.
func (f Format) Put(e *Encoder) {
	e.b = append(append(e.b, f.Magic...), f.Version)
}

// Open begins to read a record that was sealed. The error is ErrCorrupt or ErrFormat.
func (f Format) Open(record []byte) (*Decoder, error) {
	if len(record) < len(f.Magic)+1+sumSize {
		return nil, f.tooShort()
	}
	body, sum := record[:len(record)-sumSize], record[len(record)-sumSize:]
	d := NewDecoder(body)
	if f.Take(d); d.err != nil {
		return nil, d.err
	}
	if binary.LittleEndian.Uint32(sum) != crc32.Checksum(body, castagnoli) {
		return nil, fmt.Errorf("%w: wrong checksum", ErrCorrupt)
	}
	return d, nil
}

// Take begins to read a record that has no seal, alone or within another one: Version is that of
// this one from now on. The error is ErrCorrupt or ErrFormat.
func (f Format) Take(d *Decoder) {
	if d.err != nil {
		return
	}
	if len(d.rest) < len(f.Magic)+1 || string(d.rest[:len(f.Magic)]) != f.Magic {
		d.failWith(f.tooShort())
		return
	}
	version := d.rest[len(f.Magic)]
	if version < f.oldest() || version > f.Version {
		d.failWith(fmt.Errorf("%w: format version %d (this version reads %d to %d)", ErrFormat, version, f.oldest(), f.Version))
		return
	}
	d.Version, d.rest = version, d.rest[len(f.Magic)+1:]
}

func (f Format) tooShort() error {
	if f.Magic == "" {
		return ErrCorrupt
	}
	return fmt.Errorf("%w: it does not begin with %q", ErrCorrupt, f.Magic)
}
