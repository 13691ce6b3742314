// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package payload

import (
	"encoding/base64"
	"encoding/csv"
	"errors"
	"io"
	"math"
	"mime"
	"strings"
	"unicode/utf8"
)

// Parse reads a JSON body in one of the protocols. A response that is an error has a Failure. Whatever is wrong with it, the
// error is an *Error.
func Parse(body string, side Side, limits Limits) (*Payload, error) {
	out, known, err := parse(body, side, limits)
	if err != nil || known {
		return out, err
	}
	if side == Request {
		return nil, failf(UnsupportedPayload, "the request has none of instances, inputs, data, jsonData, strData, binData, dataframe_split and dataframe_records")
	}
	return nil, failf(UnsupportedPayload, "the response has none of predictions, outputs, data, jsonData, strData, binData and error")
}

// parse reads a document; known is false where it has no key of any protocol.
func parse(body string, side Side, limits Limits) (out *Payload, known bool, err error) {
	body = strings.TrimPrefix(body, byteOrderMark)
	r := reader{p: scanner{s: body}, side: side, limits: limits, out: &Payload{Rows: -1, bytes: len(body)}}
	switch r.p.peek() {
	case '{':
	case 0:
		return nil, false, failf(UnsupportedPayload, "the %s has no body", side)
	default:
		return nil, false, failf(UnsupportedPayload, "the %s is no JSON object", side)
	}
	if err := r.document(); err != nil {
		return nil, false, err
	}
	r.finish()
	return r.out, r.known || r.out.Failure != nil, nil
}

// ParseLoose reads JSON as Parse does; an array of rows, and an object of no protocol as the only row, are fine too.
// An object of lists of one length, two of them or more, has its rows in columns.
func ParseLoose(body string, side Side, limits Limits) (*Payload, error) {
	body = strings.TrimPrefix(body, byteOrderMark)
	p := scanner{s: body}
	if p.peek() == '{' {
		if out, known, err := parse(body, side, limits); err != nil || known {
			return out, err
		}
	}
	r := reader{p: p, side: side, limits: limits, out: &Payload{Rows: -1, bytes: len(body)}}
	var err error
	switch r.p.peek() {
	case '{':
		if r.out.Tensors, r.out.Rows, err = columnar(&r.p, limits); r.out.Tensors != nil || err != nil {
			break
		}
		r.out.Rows = 1
		r.out.Tensors, err = object1(&r.p, limits)
	case '[':
		r.out.Tensors, r.out.Rows, err = rows(&r.p, limits)
	default:
		err = r.scalarRow()
	}
	if err == nil {
		err = r.p.end()
	}
	if err != nil {
		return nil, err
	}
	r.finish()
	return r.out, nil
}

// byteOrderMark is what some Windows programs put before UTF-8.
const byteOrderMark = "\ufeff"

// ParseLines reads JSON lines, a row each.
func ParseLines(body string, side Side, limits Limits) (*Payload, error) {
	lines := strings.FieldsFunc(body, func(c rune) bool { return c == '\n' || c == '\r' })
	if len(lines) == 1 {
		return ParseLoose(lines[0], side, limits)
	}
	return ParseLoose("["+strings.Join(lines, ",")+"]", side, limits)
}

// ParseCSV reads rows of comma-separated values. The first row is a header where header says so, given its cells, or where none of
// its cells is a number but one of the next row is.
func ParseCSV(body string, limits Limits, header func(cells []string) bool) (*Payload, error) {
	out := &Payload{bytes: len(body)}
	t := Tensor{Rank: 2}
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, byteOrderMark)))
	r.FieldsPerRecord, r.ReuseRecord, r.TrimLeadingSpace = -1, true, true
	var first []string // the first row, while it may be a header
	for i := 0; ; i++ {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, failf(BadPayload, "no CSV: %v", err)
		}
		if i == 0 {
			t.Width = len(record)
			switch {
			case header(record):
				t.Names = cloneAll(record)
				continue
			case !anyNumber(record):
				first = cloneAll(record)
				continue
			}
		}
		if first != nil { // this is the second row
			if anyNumber(record) {
				t.Names = first
			} else {
				t.csvRow(first, limits)
			}
			first = nil
		}
		t.csvRow(record, limits)
		if t.Rows > limits.Rows {
			return nil, failf(TooLarge, "more than %d rows", limits.Rows)
		}
		if len(t.Cells) > limits.Values {
			return nil, failf(TooLarge, "more than %d values", limits.Values)
		}
	}
	if first != nil {
		t.csvRow(first, limits)
	}
	out.Tensors, out.Rows = []Tensor{t}, t.Rows
	return out, nil
}

func cloneAll(record []string) []string {
	out := make([]string, len(record))
	for i, s := range record {
		out[i] = clip(strings.Clone(s))
	}
	return out
}

// anyNumber is true where a cell is a number.
func anyNumber(cells []string) bool {
	for _, s := range cells {
		if c := csvCell(s); c.kind == Int || c.kind == Float {
			return true
		}
	}
	return false
}

func csvCell(s string) Cell {
	s = strings.TrimSpace(s)
	if s == "" {
		return Cell{}
	}
	if c := s[0]; c >= '0' && c <= '9' || c == '-' || c == '.' || c == '+' || c == 'N' || c == 'I' {
		p := scanner{s: s}
		if c, err := p.scalar(); err == nil && p.i == len(s) {
			return c
		}
		p = scanner{s: "0" + s} // .5
		if c, err := p.number(); s[0] == '.' && err == nil && p.i == len(p.s) {
			return c
		}
	}
	return NewText(s)
}

func (t *Tensor) csvRow(record []string, limits Limits) {
	t.Rows++
	switch {
	case t.Omitted != Kept:
	case len(record) != t.Width:
		t.omit(Ragged)
	case t.Width > limits.Columns:
		t.omit(TooWide)
	default:
		for _, s := range record {
			c := csvCell(s)
			if c.kind == Text && len(c.text) > limits.Text {
				t.omit(LongText)
				return
			}
			c.text = strings.Clone(c.text) // the record's memory is used again
			t.Cells = append(t.Cells, c)
		}
	}
}

// ParseAs reads a body by its media type: CSV, JSON lines, JSON. Of any other type it reads what is JSON nevertheless, or, where it is called text,
// numbers as CSV: web frameworks call an answer text/html where their user says nothing. Else it returns a payload of unknown rows without tensors.
func ParseAs(contentType, body string, side Side, limits Limits, header func(cells []string) bool) (*Payload, error) {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		media = strings.ToLower(strings.TrimSpace(contentType))
	}
	switch {
	case media == "text/csv":
		return ParseCSV(body, limits, header)
	case strings.HasSuffix(media, "jsonlines"), strings.HasSuffix(media, "x-ndjson"):
		return ParseLines(body, side, limits)
	case media == "application/json", strings.HasSuffix(media, "+json"):
		return ParseLoose(body, side, limits)
	}
	if p, ok := sniff(media, body, side, limits); ok {
		return p, nil
	}
	return &Payload{Rows: -1, bytes: len(body)}, nil
}

// sniff reads a body that is of another type than it says.
func sniff(media, body string, side Side, limits Limits) (*Payload, bool) {
	body = strings.TrimSpace(strings.TrimPrefix(body, byteOrderMark))
	switch {
	case body == "":
		return nil, false
	case body[0] == '{' || body[0] == '[':
		p, err := ParseLoose(body, side, limits)
		return p, err == nil
	case !strings.HasPrefix(media, "text/"):
		return nil, false
	}
	p, err := ParseCSV(body, limits, func([]string) bool { return false })
	if err != nil || p.Tensors[0].Names != nil || len(p.Tensors[0].Cells) == 0 {
		return nil, false
	}
	for _, c := range p.Tensors[0].Cells {
		if c.kind != Int && c.kind != Float {
			return nil, false
		}
	}
	return p, true
}

// reader reads one document.
type reader struct {
	p      scanner
	side   Side
	limits Limits
	out    *Payload
	// known is set once a key of a protocol was there.
	known bool
	// detail is FastAPI's way to say that something went wrong; it counts where there is no answer.
	detail string
}

func (r *reader) document() error {
	err := r.p.object(func(key string) error {
		switch key {
		case "instances":
			return r.when(Request, r.rows)
		case "predictions":
			return r.when(Response, r.rows)
		case "inputs":
			return r.when(Request, r.inputs)
		case "outputs":
			return r.when(Response, r.inputs)
		case "data":
			return r.data()
		case "jsonData":
			return r.rowsOrRow()
		case "strData", "binData": // one text or one file: a row that is no table
			r.known, r.out.Rows = true, 1
			return r.p.skip()
		case "dataframe_split":
			return r.when(Request, r.split)
		case "dataframe_records":
			return r.when(Request, r.rows)
		case "raw_input_contents", "raw_output_contents":
			return failf(UnsupportedPayload, "%s: binary tensor data is not read", key)
		case "model_name":
			return r.label(&r.out.ModelName)
		case "model_version":
			return r.label(&r.out.ModelVersion)
		case "id":
			return r.label(&r.out.ID)
		case "error":
			return r.when(Response, r.failure)
		case "detail":
			return r.label(&r.detail)
		case "status":
			return r.when(Response, r.status)
		}
		return r.p.skip()
	})
	if err != nil {
		return err
	}
	if !r.known && r.detail != "" && r.side == Response && r.out.Failure == nil {
		r.out.Failure = &Failure{Message: clip(r.detail)}
	}
	return r.p.end()
}

// when reads a key of the given side and skips it on the other.
func (r *reader) when(side Side, read func() error) error {
	if r.side != side || r.p.peek() == 'n' { // null
		return r.p.skip()
	}
	return read()
}

// label reads a text or a number into s; anything else is skipped.
func (r *reader) label(s *string) error {
	switch r.p.peek() {
	case '{', '[':
		return r.p.skip()
	}
	c, err := r.p.scalar()
	*s = clip(c.String())
	return err
}

// clip cuts what is only shown to 256 bytes.
func clip(s string) string {
	if len(s) <= 256 {
		return s
	}
	s = s[:256]
	for len(s) > 0 && !utf8.ValidString(s[len(s)-min(len(s), 4):]) && !utf8.RuneStart(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return strings.ToValidUTF8(s, "")
}

// add takes tensors over; parts of one document must agree in their rows, or have one.
func (r *reader) add(tensors []Tensor, rows int) {
	r.known = true
	r.out.Tensors = append(r.out.Tensors, tensors...)
	if r.out.Rows < 0 || r.out.Rows == 1 {
		r.out.Rows = rows
	}
}

func (r *reader) rows() error {
	tensors, n, err := rows(&r.p, r.limits)
	if err != nil {
		return err
	}
	r.add(tensors, n)
	return nil
}

// scalarRow reads one value as the only row.
func (r *reader) scalarRow() error {
	c, err := r.p.value()
	if err != nil {
		return err
	}
	t := Tensor{Rows: 1, Width: 1, Rank: 1, Cells: []Cell{c}}
	if c.kind == Text && len(c.text) > r.limits.Text {
		t.omit(LongText)
	}
	r.add([]Tensor{t}, 1)
	return nil
}

// rowsOrRow reads an array of rows, or anything else as one.
func (r *reader) rowsOrRow() error {
	switch r.p.peek() {
	case '[':
		return r.rows()
	case '{':
		tensors, err := object1(&r.p, r.limits)
		if err != nil {
			return err
		}
		r.add(tensors, 1)
		return nil
	default:
		return r.scalarRow()
	}
}

// inputs reads V2's tensors, TensorFlow's columns by name, or bare rows.
func (r *reader) inputs() error {
	if r.p.peek() == '{' { // columnar
		return r.p.object(func(name string) error { return r.column(name) })
	}
	start := r.p.i
	v2 := r.p.take('[') && r.p.peek() == '{' && r.isTensor()
	r.p.i = start
	if !v2 {
		return r.rowsOrRow()
	}
	r.known = true
	return r.p.array(func(i int) error { return r.tensor(i) })
}

// errSeen ends a look-ahead.
var errSeen = errors.New("seen")

// isTensor looks whether the object that is next is a tensor of V2: it has a datatype, a shape or data beside its name.
func (r *reader) isTensor() bool {
	name, more := false, false
	err := r.p.object(func(key string) error {
		switch key {
		case "name":
			name = true
		case "datatype", "shape", "data":
			more = true
		}
		if name && more {
			return errSeen
		}
		return r.p.skip()
	})
	return errors.Is(err, errSeen)
}

// column reads the values of one named column.
func (r *reader) column(name string) error {
	if len(r.out.Tensors) >= r.limits.Columns || len(name) > maxName {
		return r.p.skip()
	}
	if r.p.peek() != '[' {
		if err := r.rowsOrRow(); err != nil {
			return err
		}
		if len(r.out.Tensors) > 0 {
			last := &r.out.Tensors[len(r.out.Tensors)-1]
			last.Name, last.Keyed = name, true
		}
		return nil
	}
	n := nested{p: &r.p, limits: r.limits}
	if err := n.read(); err != nil {
		return err
	}
	length, width, rank := n.dimensions()
	t, err := n.tensor(name, length, width, rank)
	if err != nil {
		return err
	}
	t.Keyed = true
	r.add([]Tensor{t}, length)
	return nil
}

// tensor reads one tensor of V2.
func (r *reader) tensor(position int) error {
	var (
		name, datatype, contentType string
		shape                       []int
		there, binary               bool
	)
	n := nested{p: &r.p, limits: r.limits}
	err := r.p.object(func(key string) error {
		switch key {
		case "name":
			return r.label(&name)
		case "datatype":
			return r.label(&datatype)
		case "shape":
			var err error
			shape, err = r.shape(name)
			return err
		case "data":
			if r.p.peek() != '[' || there {
				return failf(BadPayload, "tensor %q: data must be one array", clip(name))
			}
			there = true
			return n.read()
		case "parameters":
			if r.p.peek() != '{' {
				return r.p.skip()
			}
			return r.p.object(func(key string) error {
				switch key {
				case "content_type":
					return r.label(&contentType)
				case "binary_data_size", "shared_memory_region":
					binary = true
				}
				return r.p.skip()
			})
		case "contents":
			return failf(UnsupportedPayload, "tensor %q: contents, the form of gRPC, is not read", clip(name))
		}
		return r.p.skip()
	})
	switch {
	case err != nil:
		return err
	case binary && !there:
		return failf(UnsupportedPayload, "tensor %q: binary tensor data and shared memory are not read", name)
	case !there:
		return failf(BadPayload, "tensor %q has no data", name)
	case !knownDatatype(datatype):
		return failf(BadPayload, "tensor %q: unknown datatype %q", name, datatype)
	case position >= r.limits.Columns:
		return nil
	}
	rows, width, rank := n.dimensions()
	if shape != nil {
		rows, width, rank = 1, 1, len(shape)
		if rank > 0 {
			rows = shape[0]
			for _, length := range shape[1:] {
				width = product(width, length)
			}
		}
		if n.omitted == Kept && n.count != product(rows, width) {
			return failf(BadPayload, "tensor %q: the shape %v is of %d values, data has %d", name, shape, product(rows, width), n.count)
		}
	}
	t, err := n.tensor(name, rows, width, rank)
	if err != nil {
		return err
	}
	if err := t.convert(datatype, contentType, r.limits, &r.p.own); err != nil {
		return err
	}
	r.add([]Tensor{t}, rows)
	return nil
}

// shape reads that of a tensor; nil where it is null. An empty one is that of a scalar.
func (r *reader) shape(tensor string) ([]int, error) {
	if r.p.peek() == 'n' {
		return nil, r.p.skip()
	}
	shape := []int{}
	err := r.p.array(func(i int) error {
		c, err := r.p.scalar()
		switch {
		case err != nil:
			return err
		case i == maxDepth:
			return failf(BadPayload, "tensor %q: the shape has more than %d dimensions", clip(tensor), maxDepth)
		case c.kind != Int || c.Int() < 0 || c.Int() > math.MaxInt32:
			return failf(BadPayload, "tensor %q: the shape has %s at [%d], must be a whole number from 0 to %d", clip(tensor), clip(c.String()), i, math.MaxInt32)
		}
		shape = append(shape, int(c.Int()))
		return nil
	})
	return shape, err
}

// knownDatatype is true for the datatypes of the Open Inference Protocol, and where there is none.
func knownDatatype(s string) bool {
	switch s {
	case "", "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "BF16", "BYTES":
		return true
	}
	return false
}

// convert makes the cells what the datatype says they are. A text in a tensor of numbers is a contradiction. own grows by what new
// texts take.
func (t *Tensor) convert(datatype, contentType string, limits Limits, own *int) error {
	if datatype == "" {
		return nil
	}
	for i, c := range t.Cells {
		if c.kind == Text && datatype != "BYTES" {
			return failf(BadPayload, "tensor %q: %q is no %s", t.Name, clip(c.text), datatype)
		}
		switch datatype {
		case "FP16", "FP32", "FP64", "BF16":
			if c.kind == Int {
				t.Cells[i] = NewFloat(float64(c.Int()))
			}
		case "BOOL":
			if c.kind == Int {
				t.Cells[i] = NewBool(c.Int() != 0)
			}
		case "BYTES":
			if contentType != "base64" || c.kind != Text {
				continue
			}
			text, ok := decodeText(c.text)
			if !ok || len(text) > limits.Text {
				t.omit(NotScalar)
				return nil
			}
			t.Cells[i] = NewText(text)
			*own += len(text) + ownText
		default: // whole numbers, which JavaScript and pandas may write as 2.0
			if v, _ := c.Number(); c.kind == Float && v == math.Trunc(v) && math.Abs(v) < 1<<63 {
				t.Cells[i] = NewInt(int64(v))
			}
		}
	}
	return nil
}

// decodeText reads base64; false where it is none, or of something else than text.
func decodeText(s string) (string, bool) {
	raw, err := base64.StdEncoding.DecodeString(s)
	return string(raw), err == nil && utf8.Valid(raw)
}

// data reads Seldon's message.
func (r *reader) data() error {
	if r.p.peek() != '{' {
		return r.p.skip()
	}
	var names []string
	var tensors []Tensor
	length := 0
	err := r.p.object(func(key string) error {
		switch key {
		case "names":
			var err error
			names, err = r.names()
			return err
		case "ndarray":
			var err error
			if r.p.peek() != '[' {
				return failf(BadPayload, "data.ndarray is no array")
			}
			tensors, length, err = rows(&r.p, r.limits)
			return err
		case "tensor":
			t, err := r.flat()
			tensors, length = []Tensor{t}, t.Rows
			return err
		case "tftensor":
			return failf(UnsupportedPayload, "data.tftensor is not read")
		}
		return r.p.skip()
	})
	if err != nil {
		return err
	}
	if tensors == nil {
		return failf(BadPayload, "data has neither ndarray nor tensor")
	}
	if len(tensors) == 1 {
		t := &tensors[0]
		if t.Rank == 1 && len(names) > 1 && len(names) == t.Rows { // one row without its own brackets
			t.Rows, t.Width, length = 1, t.Rows, 1
		}
		if len(names) == t.Width && !numbered(names) {
			t.Names = names
		}
	}
	r.add(tensors, length)
	return nil
}

// numbered is true for the names that Seldon makes up: t:0, t:1, ...
func numbered(names []string) bool {
	for _, s := range names {
		if !strings.HasPrefix(s, "t:") {
			return false
		}
	}
	return true
}

func (r *reader) names() ([]string, error) {
	var names []string
	if r.p.peek() != '[' {
		return nil, r.p.skip()
	}
	err := r.p.array(func(i int) error {
		if b := r.p.peek(); b == '{' || b == '[' || i >= r.limits.Columns {
			return r.p.skip()
		}
		c, err := r.p.scalar()
		names = append(names, clip(c.String()))
		return err
	})
	return names, err
}

// flat reads Seldon's tensor: a shape and the values in one array.
func (r *reader) flat() (Tensor, error) {
	n := nested{p: &r.p, limits: r.limits}
	var shape []int
	err := r.p.object(func(key string) error {
		switch key {
		case "shape":
			var err error
			shape, err = r.shape("data.tensor")
			return err
		case "values":
			if r.p.peek() == '[' {
				return n.read()
			}
		}
		return r.p.skip()
	})
	if err != nil {
		return Tensor{}, err
	}
	rows, width := 1, 1
	if len(shape) > 0 {
		rows = shape[0]
		for _, length := range shape[1:] {
			width = product(width, length)
		}
	}
	if n.omitted == Kept && n.count != product(rows, width) {
		return Tensor{}, failf(BadPayload, "data.tensor: the shape %v is of %d values, values has %d", shape, product(rows, width), n.count)
	}
	return n.tensor("", rows, width, len(shape))
}

// split reads a dataframe of pandas, orient split.
func (r *reader) split() error {
	var names []string
	var tensors []Tensor
	length := 0
	err := r.p.object(func(key string) error {
		switch key {
		case "columns":
			var err error
			names, err = r.names()
			return err
		case "data":
			var err error
			tensors, length, err = rows(&r.p, r.limits)
			return err
		}
		return r.p.skip()
	})
	if err != nil {
		return err
	}
	if tensors == nil {
		return failf(BadPayload, "dataframe_split has no data")
	}
	if t := &tensors[0]; len(tensors) == 1 && len(names) == t.Width {
		t.Names = names
	}
	r.add(tensors, length)
	return nil
}

// failure reads error: a text, or an object that has one.
func (r *reader) failure() error {
	f := &Failure{}
	if r.p.peek() == '{' {
		err := r.p.object(func(key string) error {
			switch key {
			case "message", "detail", "reason":
				return r.label(&f.Message)
			case "code", "status":
				return r.label(&f.Code)
			}
			return r.p.skip()
		})
		if err != nil {
			return err
		}
	} else if err := r.label(&f.Message); err != nil {
		return err
	}
	if f.Message != "" || f.Code != "" {
		r.out.Failure = f
	}
	return nil
}

// status reads Seldon's status: {"code": 500, "info": "...", "reason": "...", "status": "FAILURE"}.
func (r *reader) status() error {
	if r.p.peek() != '{' {
		return r.p.skip()
	}
	var code, info, reason, status string
	err := r.p.object(func(key string) error {
		switch key {
		case "code":
			return r.label(&code)
		case "info":
			return r.label(&info)
		case "reason":
			return r.label(&reason)
		case "status":
			return r.label(&status)
		}
		return r.p.skip()
	})
	if err == nil && (status == "FAILURE" || status == "1") {
		if info == "" {
			info = reason
		}
		r.out.Failure = &Failure{Code: code, Message: info}
	}
	return err
}

// finish bounds the columns of all tensors together.
func (r *reader) finish() {
	r.out.bytes += r.p.own
	width := 0
	for i := range r.out.Tensors {
		t := &r.out.Tensors[i]
		if t.Omitted != Kept {
			continue
		}
		if width += t.Width; width > r.limits.Columns {
			t.omit(TooWide)
		}
	}
}
