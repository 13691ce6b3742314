// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// maxDepth is how deep objects may nest.
const maxDepth = 32

// jsonSource reads one JSON object a line.
type jsonSource struct {
	in      *bufio.Reader
	maxLine int
	buf     []byte
	line    int
	names   []string
	index   map[string]int
	lists   []string
	failed  error
}

func newJSONSource(r io.Reader, maxLine int) *jsonSource {
	return &jsonSource{in: bufio.NewReaderSize(r, 1<<16), maxLine: maxLine, index: map[string]int{}}
}

func (s *jsonSource) next(dst []Cell) ([]Cell, error) {
	if s.failed != nil {
		return nil, s.failed
	}
	for {
		line, err := s.readLine()
		if err != nil {
			s.failed = err
			return nil, err
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if line[0] != '{' {
			s.failed = errors.New("not a JSON object; each line must be one")
			return nil, s.failed
		}
		for range s.names {
			dst = append(dst, Cell{})
		}
		dec := json.NewDecoder(bytes.NewReader(line))
		dec.UseNumber()
		if _, err := dec.Token(); err != nil {
			s.failed = err
			return nil, err
		}
		dst, err = s.object(dec, "", dst, 0)
		if err == nil {
			if _, more := dec.Token(); !errors.Is(more, io.EOF) {
				err = errors.New("more than one JSON value on the line")
			}
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			s.failed = fmt.Errorf("not a JSON object: %w", err)
			return nil, s.failed
		}
		return dst, nil
	}
}

func (s *jsonSource) readLine() ([]byte, error) {
	s.buf = s.buf[:0]
	s.line++
	for {
		part, err := s.in.ReadSlice('\n')
		s.buf = append(s.buf, part...)
		switch {
		case len(s.buf) > s.maxLine:
			return nil, fmt.Errorf("%w: more than %d bytes", errTooLong, s.maxLine)
		case err == nil:
			return s.buf, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(s.buf) > 0:
			return s.buf, nil
		default:
			return nil, err
		}
	}
}

// object reads what follows an opening brace.
func (s *jsonSource) object(dec *json.Decoder, prefix string, dst []Cell, depth int) ([]Cell, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("objects nest deeper than %d", maxDepth)
	}
	for {
		t, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name, ok := t.(string)
		if !ok {
			return dst, nil // the closing brace
		}
		name = prefix + name
		v, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var c Cell
		switch v := v.(type) {
		case json.Delim:
			if v == '{' {
				if dst, err = s.object(dec, name+".", dst, depth+1); err != nil {
					return nil, err
				}
				continue
			}
			if !slices.Contains(s.lists, name) {
				s.lists = append(s.lists, name)
			}
			if err := skipList(dec); err != nil {
				return nil, err
			}
			continue
		case string:
			if v != "" {
				c = Cell{Kind: String, Text: v}
			}
		case bool:
			c = Cell{Kind: Bool}
			if v {
				c.Int = 1
			}
		case json.Number:
			if i, err := v.Int64(); err == nil {
				c = Cell{Kind: Integer, Int: i}
			} else if f, err := v.Float64(); err == nil {
				c = Cell{Kind: Number, Float: f}
			} else {
				return nil, fmt.Errorf("%s: %s is out of range", name, v)
			}
		}
		i, ok := s.index[name]
		if !ok {
			i = len(s.names)
			s.index[name] = i
			s.names = append(s.names, name)
			dst = append(dst, Cell{})
		}
		dst[i] = c
	}
}

func skipList(dec *json.Decoder) error {
	for depth := 1; depth > 0; {
		t, err := dec.Token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('['), json.Delim('{'):
			depth++
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
	}
	return nil
}

func (s *jsonSource) columns() []string { return s.names }
func (s *jsonSource) position() string  { return strconv.Itoa(s.line) }
func (s *jsonSource) skipped() []string { return s.lists }
