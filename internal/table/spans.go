// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
)

// SpanDecoder makes rows of requests of spans. Columns may grow with each request; a row has a cell
// for each that there was when it was made.
type SpanDecoder interface {
	// Decode takes a request in OTLP JSON.
	Decode(request []byte) error
	// Next appends the cells of the next row of what was decoded to dst; false where there is none.
	Next(dst []Cell) ([]Cell, bool)
	// Columns are the names of the cells.
	Columns() []string
	// End says, when all of a file was decoded, what is wrong with it.
	End() error
}

// maxRequest is the size in bytes that a request, or a document, may have.
const maxRequest = 256 << 20

var tracesHead = regexp.MustCompile(`^\s*\{\s*"(resourceSpans|resource_spans)"`)

// looksLikeTraces says that JSON begins as OTLP does.
func looksLikeTraces(text *bufio.Reader) bool {
	head, _ := text.Peek(512)
	return tracesHead.Match(head)
}

// spanSource reads JSON values, each a request.
type spanSource struct {
	dec     *json.Decoder
	gate    *gate
	decoder SpanDecoder
	request int
	failed  error
}

func newSpanSource(in io.Reader, decoder SpanDecoder) *spanSource {
	g := &gate{r: in, limit: maxRequest}
	return &spanSource{dec: json.NewDecoder(g), gate: g, decoder: decoder}
}

func (s *spanSource) next(dst []Cell) ([]Cell, error) {
	for s.failed == nil {
		if row, ok := s.decoder.Next(dst); ok {
			return row, nil
		}
		var request json.RawMessage
		s.request++
		err := s.dec.Decode(&request)
		s.gate.taken = s.dec.InputOffset()
		if err == nil {
			err = s.decoder.Decode(request)
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			s.failed = io.EOF
			if err := s.decoder.End(); err != nil {
				s.failed = err
			}
		case errors.Is(err, io.ErrUnexpectedEOF):
			s.failed = errors.New("the last request is cut: is the file still being written?")
		default:
			s.failed = fmt.Errorf("not spans in OTLP JSON: %w", err)
		}
	}
	return nil, s.failed
}

func (s *spanSource) columns() []string { return s.decoder.Columns() }
func (s *spanSource) position() string  { return "request " + strconv.Itoa(s.request) }
func (*spanSource) skipped() []string   { return nil }
