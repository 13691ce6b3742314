// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package files reads the labels in lines of files that are followed: CSV, whose first line names the
// columns, and JSON lines. A file is JSON lines when it begins with a brace.
package files

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"

	"github.com/otelcol-ml/otelcol-ml/internal/boundedfile"
	"github.com/otelcol-ml/otelcol-ml/internal/ingest"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// TooLarge is the reason of a line that is longer than is allowed.
const TooLarge label.Reason = "too_large"

// Split is a bufio.SplitFunc for lines of JSON and for rows of CSV. A row ends with a line break
// that is in no quotes; the last one of a file, too, for it may be longer than what is there yet.
// Quotes are those around a cell: one within a cell is a letter.
func Split(data []byte, atEOF bool) (advance int, line []byte, err error) {
	if bytes.HasPrefix(data, []byte("{")) {
		return ingest.SplitJSONLines(data, atEOF)
	}
	quoted, begins, closed := false, true, -2 // whether in quotes, whether a cell begins, the last quote that closed
	for i, c := range data {
		switch {
		case c == '"' && quoted:
			quoted, closed = false, i
		case c == '"' && (begins || closed == i-1): // the second one of two is a quote in the cell
			quoted, begins = true, false
		case c == '\n' && !quoted:
			return i + 1, data[:i:i], nil
		default:
			begins = !quoted && (c == ',' || c == ';' || c == '\t' || c == '|')
		}
	}
	return 0, nil, nil
}

// Reader reads lines.
type Reader struct {
	Parser *label.Parser
	// MaxLine is the longest line, in bytes: the follower cuts longer ones to it.
	MaxLine int

	mu sync.Mutex
	// heads are the first lines of files that were read, by path.
	heads map[string][]byte
}

// maxHeads is how many first lines are remembered, maxHead the longest of them in bytes.
const (
	maxHeads = 1000
	maxHead  = 16 << 10
)

// Batch is what lines hold.
type Batch struct {
	Labels   []label.Label
	Rejected []Rejection
}

// Rejection is a line that is no label.
type Rejection struct {
	// Offset is the byte of the file at which the line begins; -1 where it is not known.
	Offset int64
	// Column is the byte of the line, from 1, at which what is wrong begins; 0 where Err names the
	// column of a table.
	Column int
	Err    *label.Error
}

// Read reads lines of a file.
func (r *Reader) Read(lines ingest.Lines) Batch {
	var b Batch
	head, err := r.head(lines)
	text := bytes.TrimPrefix(head, byteOrderMark)
	switch {
	case err != nil:
		b.rejectAll(lines, "the header of the file cannot be read: "+err.Error())
	case bytes.HasPrefix(text, []byte("{")):
		r.readJSON(&b, lines)
	case bytes.HasPrefix(text, []byte("[")):
		b.rejectAll(lines, "the file is a JSON array; lines of one JSON object each are read")
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		b.rejectAll(lines, "the file is compressed")
	default:
		r.readRows(&b, lines, head)
	}
	return b
}

// head returns the first line of the file that lines are of. It is read each time: a file with
// other columns may have taken its place. One that is being written again, and has no first line at
// the moment, has the one that it had.
func (r *Reader) head(lines ingest.Lines) ([]byte, error) {
	if len(lines.Offsets) > 0 && lines.Offsets[0] == 0 {
		head := withoutBreak(lines.Lines[0])
		r.remember(lines.Path, head)
		return head, nil
	}
	head, err := r.readHead(lines.Path)
	if err == nil {
		r.remember(lines.Path, head)
		return head, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if head, ok := r.heads[lines.Path]; ok {
		return head, nil
	}
	return nil, err
}

// remember keeps the first line of a file.
func (r *Reader) remember(path string, head []byte) {
	if len(head) > maxHead {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.heads == nil || len(r.heads) >= maxHeads {
		r.heads = make(map[string][]byte)
	}
	if !bytes.Equal(r.heads[path], head) {
		r.heads[path] = bytes.Clone(head)
	}
}

func (r *Reader) readHead(path string) ([]byte, error) {
	f, err := boundedfile.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := bufio.NewScanner(io.LimitReader(f, int64(r.MaxLine)))
	in.Buffer(nil, r.MaxLine+1)
	in.Split(Split)
	if !in.Scan() {
		return nil, errors.Join(errors.New("there is none"), in.Err())
	}
	return withoutBreak(in.Bytes()), nil
}

// withoutBreak is a line without the rest of its line break. Tabs at its end are empty cells.
func withoutBreak(line []byte) []byte { return bytes.TrimRight(line, "\r\n") }

var byteOrderMark = []byte("\ufeff")

func (r *Reader) readJSON(b *Batch, lines ingest.Lines) {
	for i, line := range lines.Lines {
		if r.skip(b, lines, i) {
			continue
		}
		l, err := r.Parser.Line(string(bytes.TrimPrefix(line, byteOrderMark)))
		if wrong, ok := errors.AsType[*label.Error](err); ok {
			b.reject(offsetOf(lines, i), wrong.Offset+1, wrong)
			continue
		}
		b.Labels = append(b.Labels, l)
	}
}

// row is a line of CSV.
type row struct {
	text   []byte
	offset int64 // -1 where it is not known
}

// readRows reads rows of CSV.
func (r *Reader) readRows(b *Batch, lines ingest.Lines, head []byte) {
	var rows []row
	for i, line := range lines.Lines {
		if !r.skip(b, lines, i) && !bytes.Equal(withoutBreak(line), head) {
			rows = append(rows, row{line, offsetOf(lines, i)})
		}
	}
	delimiter, err := delimiterOf(head, lines.Path)
	if err != nil {
		for _, row := range rows {
			b.reject(row.offset, 0, &label.Error{Reason: label.BadLabel, Message: "the header cannot be read: " + err.Error()})
		}
		return
	}
	t := rowReader{b: b, parser: r.Parser, path: lines.Path, head: head, delimiter: delimiter}
	t.read(rows)
}

// rowReader reads rows of one table.
type rowReader struct {
	b         *Batch
	parser    *label.Parser
	path      string
	head      []byte
	delimiter rune
}

// read reads rows. One that does not have the header's cells ends a reader of tables, so that the
// next reader begins behind it. Where such a row has several lines, a quote of it is not closed as
// it should be: each line is read by itself.
func (t *rowReader) read(rows []row) {
	for len(rows) > 0 {
		n, err := t.readTable(rows)
		if err == nil {
			return
		}
		if wrong, ok := errors.AsType[*label.Error](err); ok { // of the columns: it is wrong in each row
			for _, row := range rows {
				t.b.reject(row.offset, 0, wrong)
			}
			return
		}
		failed := rows[n]
		if rows = rows[n+1:]; !bytes.ContainsRune(failed.text, '\n') {
			t.b.reject(failed.offset, 0, &label.Error{Reason: label.BadLabel, Message: err.Error()})
			continue
		}
		at := failed.offset
		for line := range bytes.SplitSeq(failed.text, []byte("\n")) {
			if len(bytes.TrimSpace(line)) > 0 {
				t.read([]row{{line, at}})
			}
			if at >= 0 {
				at += int64(len(line)) + 1
			}
		}
	}
}

// readTable reads rows until one cannot be read, and returns how many were.
func (t *rowReader) readTable(rows []row) (n int, err error) {
	var text bytes.Buffer
	text.Write(t.head)
	for _, row := range rows {
		text.WriteByte('\n')
		text.Write(row.text)
	}
	text.WriteByte('\n')
	in, err := table.Read(&text, t.path, table.Options{Format: table.CSV, Delimiter: t.delimiter})
	if err != nil {
		return 0, cause(err)
	}
	defer in.Close()
	columns, err := t.parser.Columns(in.Columns())
	if err != nil {
		return 0, err
	}
	var cells []table.Cell
	for ; ; n++ {
		if cells, err = in.Next(cells); errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, cause(err)
		}
		l, err := columns.Row(cells)
		if wrong, ok := errors.AsType[*label.Error](err); ok {
			t.b.reject(rows[n].offset, 0, wrong)
			continue
		}
		t.b.Labels = append(t.b.Labels, l)
	}
}

// delimiterOf returns what separates the cells of a header: a row that has too many or too few does
// not change it.
func delimiterOf(head []byte, path string) (rune, error) {
	in, err := table.Read(bytes.NewReader(append(bytes.Clone(head), '\n')), path, table.Options{Format: table.CSV})
	if err != nil {
		return 0, cause(err)
	}
	defer in.Close()
	return in.Delimiter(), nil
}

// cause is an error of a table without the place, which is one of the lines that were put together.
func cause(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}

// skip tells whether a line is empty, or longer than is allowed and rejected.
func (r *Reader) skip(b *Batch, lines ingest.Lines, i int) bool {
	if len(lines.Lines[i]) >= r.MaxLine {
		b.reject(offsetOf(lines, i), 0, &label.Error{Reason: TooLarge, Message: "the line is longer than max_record_size, " + strconv.Itoa(r.MaxLine) + " bytes"})
		return true
	}
	return len(bytes.TrimSpace(lines.Lines[i])) == 0
}

func (b *Batch) rejectAll(lines ingest.Lines, message string) {
	for i, line := range lines.Lines {
		if len(bytes.TrimSpace(line)) > 0 {
			b.reject(offsetOf(lines, i), 0, &label.Error{Reason: label.BadLabel, Message: message})
		}
	}
}

func (b *Batch) reject(offset int64, column int, wrong *label.Error) {
	b.Rejected = append(b.Rejected, Rejection{Offset: offset, Column: column, Err: wrong})
}

// offsetOf returns where in its file a line begins, -1 where it is not known.
func offsetOf(lines ingest.Lines, i int) int64 {
	if i < len(lines.Offsets) {
		return lines.Offsets[i]
	}
	return -1
}

// Place says where in its file a line is that is rejected.
func (r *Rejection) Place() string {
	switch {
	case r.Offset < 0 && r.Column == 0:
		return "a line"
	case r.Offset < 0:
		return fmt.Sprintf("a line, column %d", r.Column)
	case r.Column == 0:
		return fmt.Sprintf("the line at byte %d", r.Offset)
	default:
		return fmt.Sprintf("the line at byte %d, column %d", r.Offset, r.Column)
	}
}
