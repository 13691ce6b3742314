// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package body reads the labels in the body of an HTTP request.
//
// A body is one JSON object, a JSON array of objects, or lines of one object each. Which it is shows
// the body itself: it is lines where its first line is a whole object and more follows.
//
// Of lines, each is read by itself; those that are no label are rejected and the others are taken. An
// array is one document: where it is no JSON, nothing of it is taken; an element that is JSON and no
// label is rejected alone.
package body

import (
	"errors"
	"fmt"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/jsonscan"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
)

// MaxListed is how many rejections a Batch lists.
const MaxListed = 100

// Batch is what a body holds.
type Batch struct {
	Labels []label.Label
	// Rejected is how many objects are no labels, Listed the first of them.
	Rejected int
	Listed   []Rejection
	// Reasons are how many were rejected, by reason.
	Reasons map[label.Reason]int
	// Failed is why nothing of the body is taken; nil where it was read.
	Failed *Rejection
	// TooMany is set where nothing is taken because there are more objects than are allowed.
	TooMany bool
}

// Rejection is an object that is no label, and where it is.
type Rejection struct {
	// Line and Column are from 1, Column and Offset in bytes, Offset from 0.
	Line    int          `json:"line"`
	Column  int          `json:"column"`
	Offset  int          `json:"offset"`
	Field   string       `json:"field,omitempty"`
	Reason  label.Reason `json:"reason"`
	Message string       `json:"message"`
}

// Read reads at most limit objects. lines says that the sender calls the body lines.
func Read(text string, lines bool, limit int, p *label.Parser) Batch {
	r := reader{text: text, limit: limit, parser: p}
	whole := jsonscan.New(strings.TrimPrefix(text, "\ufeff"))
	if r.base = len(text) - len(whole.Rest()); r.base > 0 {
		text = whole.Rest()
	}
	switch first := whole.Peek(); {
	case first == 0 && whole.End() == nil:
		r.fail(&label.Error{Reason: label.BadJSON, Offset: whole.Offset(), Message: "there are no labels"})
	case lines || isLines(text):
		r.lines(text)
	case first == '[':
		r.array(&whole)
	default:
		r.one(&whole)
	}
	if r.batch.Failed != nil || r.batch.TooMany {
		r.batch.Labels = nil
	}
	return r.batch
}

// isLines tells whether the first line is a whole object and more follows.
func isLines(text string) bool {
	line, rest, more := strings.Cut(strings.TrimLeft(text, " \t\r\n"), "\n")
	if !more || !strings.HasPrefix(line, "{") || strings.TrimSpace(rest) == "" {
		return false
	}
	s := jsonscan.New(line)
	return s.Skip() == nil && s.End() == nil
}

type reader struct {
	text   string
	base   int // where what is read begins in text
	limit  int
	parser *label.Parser
	batch  Batch
	// line is the number of line breaks before offset, start the offset of the line.
	line, start, offset int
}

func (r *reader) one(s *jsonscan.Scanner) {
	l, err := r.parser.Object(s)
	if r.add(l, err, 0) {
		if err := s.End(); err != nil {
			r.fail(&label.Error{Reason: label.BadJSON, Offset: s.Offset(), Message: "more than one JSON value; several are sent as lines or as an array"})
		}
	}
}

// errStop ends the reading of an array of which nothing is taken.
var errStop = errors.New("stop")

func (r *reader) array(s *jsonscan.Scanner) {
	err := s.Array(func(int) error {
		if s.Peek() != '{' { // it may be JSON nevertheless
			from := s.Offset()
			if err := s.Skip(); err != nil {
				return err
			}
			r.reject(&label.Error{Reason: label.BadLabel, Offset: from, Message: "not a JSON object"}, 0)
			return r.full()
		}
		l, err := r.parser.Object(s)
		if !r.add(l, err, 0) {
			return errStop
		}
		return r.full()
	})
	if err == nil {
		err = s.End()
	}
	if err != nil && !errors.Is(err, errStop) {
		r.fail(&label.Error{Reason: label.BadJSON, Offset: s.Offset(), Message: err.Error()})
	}
}

// full ends the reading where there are more objects than are allowed.
func (r *reader) full() error {
	if len(r.batch.Labels)+r.batch.Rejected <= r.limit {
		return nil
	}
	r.batch.TooMany = true
	return errStop
}

func (r *reader) lines(text string) {
	for at := 0; at < len(text); {
		line, _, _ := strings.Cut(text[at:], "\n")
		if strings.TrimSpace(line) != "" {
			if l, err := r.parser.Line(line); err != nil {
				r.reject(asError(err), at)
			} else {
				r.batch.Labels = append(r.batch.Labels, l)
			}
			if r.full() != nil {
				return
			}
		}
		at += len(line) + 1
	}
}

// add takes what was read of a document, and returns whether it can be read on.
func (r *reader) add(l label.Label, err error, base int) bool {
	switch wrong := asError(err); {
	case wrong == nil:
		r.batch.Labels = append(r.batch.Labels, l)
	case wrong.Reason == label.BadJSON:
		r.fail(wrong)
		return false
	default:
		r.reject(wrong, base)
	}
	return true
}

func (r *reader) fail(wrong *label.Error) {
	at := r.rejection(wrong, 0)
	r.batch.Failed = &at
}

func (r *reader) reject(wrong *label.Error, base int) {
	r.batch.Rejected++
	if r.batch.Reasons == nil {
		r.batch.Reasons = map[label.Reason]int{}
	}
	r.batch.Reasons[wrong.Reason]++
	if len(r.batch.Listed) < MaxListed {
		r.batch.Listed = append(r.batch.Listed, r.rejection(wrong, base))
	}
}

// rejection says where in the body something is wrong. It counts lines on from the last one.
func (r *reader) rejection(wrong *label.Error, base int) Rejection {
	offset := r.base + base + wrong.Offset
	if offset < r.offset {
		r.line, r.start, r.offset = 0, 0, 0
	}
	passed := r.text[r.offset:offset]
	r.line += strings.Count(passed, "\n")
	if i := strings.LastIndexByte(passed, '\n'); i >= 0 {
		r.start = r.offset + i + 1
	}
	r.offset = offset
	return Rejection{
		Line: r.line + 1, Column: offset - r.start + 1, Offset: offset, Field: wrong.Field, Reason: wrong.Reason, Message: wrong.Message,
	}
}

// String is the place and what is wrong there.
func (r *Rejection) String() string {
	if r.Field != "" {
		return fmt.Sprintf("line %d, column %d: %s: %s", r.Line, r.Column, r.Field, r.Message)
	}
	return fmt.Sprintf("line %d, column %d: %s", r.Line, r.Column, r.Message)
}

func asError(err error) *label.Error {
	wrong, _ := errors.AsType[*label.Error](err)
	return wrong
}
