// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package imported

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// readWhylogs reads a profile: one of version 1 begins with WHY1, one of version 0 has no mark.
func readWhylogs(data []byte) (*Source, error) {
	if rest, ok := bytes.CutPrefix(data, whylogsMagic); ok {
		return readWhylogs1(message{rest, len(whylogsMagic)})
	}
	return readWhylogs0(message{data, 0})
}

// header1 is that of a profile of version 1 (whylogs_messages.proto): DatasetProfileHeader.
type header1 struct {
	names   []string
	offsets [][]uint64
	paths   map[uint64]string
	length  uint64
	source  *Source
}

// readWhylogs1 reads a profile of version 1: a segment header with its length, which is empty unless
// the profile is segmented; a DatasetProfileHeader with its length, which has for each column where
// its chunks begin; and the chunks, each a ChunkHeader with its length and a ChunkMessage.
func readWhylogs1(m message) (*Source, error) {
	segments, m, err := m.delimited()
	if err != nil {
		return nil, err
	}
	if len(segments.data) > 0 {
		return nil, fmt.Errorf("byte %d: it is a profile of segments, which are not read; write a profile without them", segments.at)
	}
	head, m, err := m.delimited()
	if err != nil {
		return nil, err
	}
	h, err := parseHeader1(head)
	if err != nil {
		return nil, err
	}
	if h.length > uint64(len(m.data)) {
		return nil, fmt.Errorf("byte %d: the columns should have %d bytes, and there are %d", m.at, h.length, len(m.data))
	}
	chunks := message{m.data[:h.length], m.at}
	if rest := len(m.data) - int(h.length); rest > 0 {
		h.source.Notes = append(h.source.Notes, fmt.Sprintf("%d bytes behind the first profile: others in the file are not read", rest))
	}
	budget := len(chunks.data)
	for i, name := range h.names {
		column, err := readColumn1(name, chunks, h.offsets[i], h.paths, &budget)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", name, err)
		}
		h.source.add(column)
	}
	return h.source, nil
}

func parseHeader1(m message) (*header1, error) {
	h := &header1{paths: map[uint64]string{}, source: &Source{}}
	return h, m.each(func(f *field) error {
		switch f.number {
		case 1:
			return h.source.properties1(f.message)
		case 2:
			key, value, err := f.entry()
			if err != nil {
				return err
			}
			offsets, err := packed(value.message)
			if err != nil {
				return fmt.Errorf("column %q: %w", key.text(), err)
			}
			h.names, h.offsets = append(h.names, key.text()), append(h.offsets, offsets)
			return tooManyColumns(len(h.names))
		case 3:
			h.source.Notes = append(h.source.Notes, "metrics of the data set as a whole are not carried over")
		case 4:
			h.length = f.num
		case 5:
			key, value, err := f.entry()
			if err != nil {
				return err
			}
			h.paths[key.num] = value.text()
		}
		return nil
	})
}

// properties1 reads DatasetProperties.
func (s *Source) properties1(m message) error {
	return m.each(func(f *field) error {
		switch f.number {
		case 4:
			s.Created = milliseconds(f.num)
		case 6: // a tag
			return s.tag(f.message)
		}
		return nil
	})
}

// tag takes the data set's name out of a map's entry.
func (s *Source) tag(m message) error {
	key, value, err := m.entry()
	if err != nil {
		return err
	}
	if name := strings.ToLower(key.text()); name == "name" || name == "datasetid" {
		s.Name = value.text()
	}
	return nil
}

// milliseconds is zero where the number is no time after 1970 and before 2200.
func milliseconds(ms uint64) time.Time {
	if ms == 0 || ms > 7_258_118_400_000 {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms)).UTC().Truncate(time.Second)
}

// packed reads ChunkOffsets.
func packed(m message) (out []uint64, err error) {
	err = m.each(func(f *field) error {
		if f.number != 1 {
			return nil
		}
		if f.kind == protowire.VarintType {
			out = append(out, f.num)
			return nil
		}
		for rest := f.data; len(rest) > 0; {
			v, n := protowire.ConsumeVarint(rest)
			if n < 0 {
				return fmt.Errorf("byte %d: offsets: %w", f.at, protowire.ParseError(n))
			}
			out, rest = append(out, v), rest[n:]
		}
		return nil
	})
	return out, err
}

// metrics are those of a column, by path such as counts/n.
type metrics map[string]field

// readColumn1 reads the chunks of a column. budget is how many bytes of chunks are still read: as many
// as there are, whatever the offsets say.
func readColumn1(name string, chunks message, offsets []uint64, paths map[uint64]string, budget *int) (*Column, error) {
	all := metrics{}
	for _, offset := range offsets {
		if offset >= uint64(len(chunks.data)) {
			return nil, fmt.Errorf("its offset %d is behind the chunks' %d bytes", offset, len(chunks.data))
		}
		head, rest, err := message{chunks.data[offset:], chunks.at + int(offset)}.delimited()
		if err != nil {
			return nil, err
		}
		var length uint64
		if err := head.each(func(f *field) error {
			if f.number == 3 {
				length = f.num
			}
			return nil
		}); err != nil {
			return nil, err
		}
		if length > uint64(len(rest.data)) {
			return nil, fmt.Errorf("byte %d: a chunk of %d bytes, and %d are left", rest.at, length, len(rest.data))
		}
		if *budget -= len(head.data) + int(length); *budget < 0 {
			return nil, fmt.Errorf("byte %d: columns share their chunks", rest.at)
		}
		if err := all.read(message{rest.data[:length], rest.at}, paths); err != nil {
			return nil, err
		}
	}
	return all.column(name)
}

// read takes the metrics out of a ChunkMessage, a map of MetricComponentMessage by number of path.
func (all metrics) read(m message, paths map[uint64]string) error {
	return m.each(func(f *field) error {
		if f.number != 1 {
			return nil
		}
		key, value, err := f.entry()
		if err != nil {
			return err
		}
		return value.each(func(component *field) error {
			if component.number > 1 { // 1 is the type's number
				all[paths[key.num]] = *component
			}
			return nil
		})
	})
}

func (all metrics) int(path string) uint64 {
	f := all[path]
	if f.num > math.MaxInt64 { // a negative int64
		return 0
	}
	return f.num
}

func (all metrics) column(name string) (*Column, error) {
	c := &Column{Name: name}
	n, null := all.int("counts/n"), all.int("counts/null")
	if null > n {
		return nil, fmt.Errorf("counts/null %d is more than counts/n, %d", null, n)
	}
	t := types{
		integral: all.int("types/integral"), fractional: all.int("types/fractional"),
		boolean: all.int("types/boolean"), text: all.int("types/string"), object: all.int("types/object"),
	}
	var number *moments
	if sketch, ok := all["distribution/kll"]; ok {
		data, err := sketch.sketch()
		if err != nil {
			return nil, err
		}
		decoded, err := parseKLL(data.data, 8)
		if err != nil {
			return nil, fmt.Errorf("byte %d: %w", data.at, err)
		}
		mean, m2 := all["distribution/mean"], all["distribution/m2"]
		number = &moments{kll: decoded, mean: mean.double(), m2: m2.double()}
	}
	var listed *values
	if items, ok := all["frequent_items/frequent_strings"]; ok {
		data, err := items.sketch()
		if err != nil {
			return nil, err
		}
		if listed, err = parseItems(data.data, nil); err != nil {
			return nil, fmt.Errorf("byte %d: %w", data.at, err)
		}
	}
	c.whylogs(n, null, t, number, listed)
	return c, nil
}

// types are the rows of a column by the type of their value.
type types struct{ integral, fractional, boolean, text, object uint64 }

func (t types) numbers() uint64 { return t.integral + t.fractional }

func (t types) others() uint64 { return t.boolean + t.text }

// moments are what both versions have of numbers.
type moments struct {
	kll      *kll
	mean, m2 float64
}

// whylogs makes a column of what both versions know. A column with numbers is numeric if they are at
// least half of its values, and what else there is counts as missing; it is said.
func (c *Column) whylogs(n, null uint64, t types, number *moments, listed *values) {
	present := n - null
	c.Missing = null
	c.Integral = t.fractional == 0 && t.integral > 0
	switch {
	case present == 0:
		c.Left = fmt.Sprintf("it has no value in any of %d rows", n)
		return
	case t.object >= present:
		c.Left = "its values are objects, of which only the number is known"
		return
	}
	if listed != nil && listed.count > 0 {
		c.values = listed
		c.textOf(n, t)
	}
	if number == nil || number.kll.n == 0 || t.numbers() < t.others() {
		if t.numbers() > 0 && c.values != nil {
			c.note("%d of its values are numbers, and count as categories", t.numbers())
		}
		return
	}
	c.setNumbers(n, number)
}

// textOf checks the values: true and false are spelled as in other baselines.
func (c *Column) textOf(n uint64, t types) {
	v := c.values
	if v.count > n {
		c.note("its frequent items have %d rows, more than the column's %d; they are not used", v.count, n)
		c.values = nil
		return
	}
	if c.Missing = n - v.count; t.boolean > 0 && t.text == 0 && t.numbers() == 0 {
		spelled := &values{count: v.count, uncertain: v.uncertain}
		for name, rows := range v.listed {
			switch strings.ToLower(name) {
			case "true", "1":
				name = "true"
			case "false", "0":
				name = "false"
			}
			spelled.add(name, rows)
		}
		c.values = spelled
	}
}

func (c *Column) setNumbers(n uint64, of *moments) {
	count := of.kll.n
	if count > n {
		c.Left = fmt.Sprintf("its sketch has %d rows, more than the column's %d", count, n)
		return
	}
	sketch, err := of.kll.sketch()
	if err != nil {
		c.Left = err.Error()
		return
	}
	if c.values != nil && c.values.count != count {
		c.values = nil
	}
	if others := n - count - min(c.Missing, n-count); others > 0 {
		c.note("%d of its values are no numbers, and count as missing", others)
	}
	c.Missing = n - count
	c.numbers = &numbers{
		count: count, min: of.kll.min, max: of.kll.max, mean: of.mean, stdDev: math.Sqrt(of.m2 / float64(count)), shape: sketch,
	}
	c.Basis = fmt.Sprintf("KLL sketch, k %d, all values", of.kll.k)
	if e := of.kll.shareError(); e > 0 {
		c.Basis = fmt.Sprintf("KLL sketch, k %d, %d of %d values", of.kll.k, len(of.kll.points), count)
		c.note("the share of rows in any range is within %.1f %% of the data's, in 99 of 100 sketches: %d bins at most", 100*e, sketch.maxBins)
	}
}

// add appends a column; the data set has as many rows as the column with the most.
func (s *Source) add(c *Column) {
	rows := c.Missing
	switch {
	case c.numbers != nil:
		rows += c.numbers.count
	case c.values != nil:
		rows += c.values.count
	}
	s.Rows = max(s.Rows, rows)
	s.Columns = append(s.Columns, c)
}

var errNoProfile = errors.New("byte 0: a message of version 0, or the mark WHY1 of version 1, is not there")
