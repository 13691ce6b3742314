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
	"strings"
	"unicode/utf8"
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
	// kept are the keys of arrays that are read as JSON; line is the one at hand.
	kept    []string
	current []byte
	failed  error
	// converted is the encoding that the text was converted from; empty for UTF-8.
	converted string
	// surrogates says that there are escapes on the line that are surrogates.
	surrogates bool
}

func newJSONSource(r *bufio.Reader, converted string, o Options) *jsonSource {
	return &jsonSource{in: r, converted: converted, maxLine: o.maxLine, kept: o.Lists, index: map[string]int{}}
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
		if err := s.checkText(line); err != nil {
			s.failed = err
			return nil, err
		}
		replaceNotANumber(line)
		s.surrogates = bytes.Contains(line, []byte(`\ud`)) || bytes.Contains(line, []byte(`\uD`))
		if line[0] != '{' {
			s.failed = errors.New("not a JSON object; each line must be one")
			return nil, s.failed
		}
		for range s.names {
			dst = append(dst, Cell{})
		}
		s.current = line
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

// checkText refuses a line that the decoder would change without a word: bytes that are not UTF-8.
func (s *jsonSource) checkText(line []byte) error {
	if s.converted == "" && utf8.Valid(line) {
		return nil
	}
	// Only the text around the first bad byte is worth showing.
	from := 0
	if s.converted == "" {
		for from < len(line) {
			r, size := utf8.DecodeRune(line[from:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			from += size
		}
		from = max(from-10, 0)
		for from > 0 && !utf8.RuneStart(line[from]) {
			from--
		}
	}
	return checkText(string(line[from:]), s.converted)
}

// replaceNotANumber makes the NaN, Infinity and -Infinity of Python and JavaScript, which are no
// JSON but what people have, empty strings in place: missing values, as on a span.
func replaceNotANumber(line []byte) {
	if !bytes.Contains(line, []byte("NaN")) && !bytes.Contains(line, []byte("Infinity")) {
		return
	}
	inString := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == 'N', c == 'I', c == '-':
			for _, word := range [...]string{"NaN", "Infinity", "-Infinity"} {
				if bytes.HasPrefix(line[i:], []byte(word)) {
					copy(line[i:], "\"\""+strings.Repeat(" ", len(word)-2))
					i += len(word) - 1
				}
			}
		}
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
			if slices.Contains(s.kept, name) {
				from := dec.InputOffset() - 1
				if err := skipList(dec); err != nil {
					return nil, err
				}
				c = Cell{Kind: String, Text: string(s.current[from:dec.InputOffset()])}
				break
			}
			if !slices.Contains(s.lists, name) {
				s.lists = append(s.lists, name)
			}
			if err := skipList(dec); err != nil {
				return nil, err
			}
			continue
		case string:
			if s.surrogates && strings.ContainsRune(v, utf8.RuneError) {
				return nil, fmt.Errorf("%s: %q holds half of a surrogate pair, which is no text", name, v)
			}
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
