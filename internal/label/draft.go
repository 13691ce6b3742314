// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package label

import (
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// draft is a label of which fields are read.
type draft struct {
	label Label
	// names are those under which fields were given.
	names [numFields]string
	// encoding is that of SageMaker's data.
	encoding string
	// latest is the last time that is believed; zero believes any.
	latest time.Time
	// empty says that the label of a row is empty, null that of an object or a record.
	empty, null bool
}

func (p *Parser) newDraft() draft {
	d := draft{label: Label{Weight: 1}}
	if p.now != nil {
		d.latest = p.now().Add(maxAhead)
	}
	return d
}

// maxAhead is how far a time may lie ahead: clocks differ. A label of next year would be corrected
// by none before.
const maxAhead = 24 * time.Hour

// give notes the name under which a field is given, once.
func (d *draft) give(f field, name string) *Error {
	if given := d.names[f]; given != "" {
		return badLabel(name, "was given before, as %s", quote(given))
	}
	d.names[f] = name
	return nil
}

// set takes a field. raw is a number as it was written, where it was written as one: an id may have
// more digits than a number can. It is of the name's meaning that a missing cell is as good as none.
func (d *draft) set(f field, name string, c table.Cell, raw string) *Error {
	if wrong := d.give(f, name); wrong != nil {
		return wrong
	}
	if c.Kind == table.Missing {
		if f == fieldLabel {
			d.empty = true
		} else {
			d.names[f] = "" // as good as absent
		}
		return nil
	}
	l := &d.label
	switch f {
	case fieldModel:
		return text(&l.Model, name, c, raw)
	case fieldEnvironment:
		return text(&l.Environment, name, c, raw)
	case fieldPredictionID:
		return text(&l.PredictionID, name, c, raw)
	case fieldKey:
		return text(&l.Key, name, c, raw)
	case fieldSource:
		return text(&l.Source, name, c, raw)
	case fieldSet:
		return text(&l.Set, name, c, raw)
	case fieldEncoding:
		return text(&d.encoding, name, c, raw)
	case fieldTraceID:
		return identifier(l.TraceID[:], name, c)
	case fieldSpanID:
		return identifier(l.SpanID[:], name, c)
	case fieldRow:
		v, ok := c.Number()
		if !ok || v != math.Trunc(v) || v < 0 || v > math.MaxInt32 {
			return badLabel(name, "%s is no row: 0, 1, 2, …", quote(c.Category()))
		}
		l.Row = int(v)
	case fieldLabel:
		return d.setLabel(name, c)
	case fieldClass:
		return class(&l.Class, name, c)
	case fieldValue:
		v, ok := c.Number()
		if !ok || v-v != 0 || c.Kind == table.Time {
			return badLabel(name, "%s is no finite number", quote(c.Category()))
		}
		l.Value, l.HasValue = v, true
	case fieldRetracted:
		v, ok := boolean(c)
		if !ok {
			return badLabel(name, "%s is neither true nor false", quote(c.Category()))
		}
		l.Retracted = v
	case fieldTime:
		return d.instant(&l.Time, name, c)
	case fieldPredictionTime:
		return d.instant(&l.PredictionTime, name, c)
	case fieldWeight:
		v, ok := c.Number()
		if !ok || v-v != 0 || v < 0 || c.Kind == table.Time {
			return badLabel(name, "%s is no weight: a finite number from 0 on", quote(c.Category()))
		}
		l.Weight = v
	case fieldRelevance:
		return badLabel(name, "is neither an object of items and gains nor a list of items")
	}
	return nil
}

// setLabel takes what may be a class or a number. What is given as a class or a number beside it
// counts more.
func (d *draft) setLabel(name string, c table.Cell) *Error {
	var spelt string
	if err := class(&spelt, name, c); err != nil {
		return err
	}
	if d.label.Class == "" {
		d.label.Class = spelt
	}
	if v, ok := c.Number(); ok && v-v == 0 && c.Kind != table.Bool && !d.label.HasValue {
		d.label.Value, d.label.HasValue = v, true
	}
	return nil
}

// finish checks what was read as a whole.
func (p *Parser) finish(d *draft) (Label, *Error) {
	l := &d.label
	if err := d.decode(); err != nil {
		return Label{}, err
	}
	if l.Model == "" {
		l.Model = p.defaults.Model
	}
	if l.Environment == "" {
		l.Environment = p.defaults.Environment
	}
	if l.Source == "" {
		l.Source = p.defaults.Source
	}
	if l.Set == "" {
		l.Set = p.defaults.Set
	}
	if l.TraceID.IsEmpty() && !l.SpanID.IsEmpty() {
		return Label{}, badLabel(d.names[fieldSpanID], "is there without the trace's id")
	}
	if l.PredictionID == "" && l.Key == "" && l.TraceID.IsEmpty() {
		return Label{}, badLabel("", "names no prediction: there is no prediction_id, no trace_id and no key")
	}
	labelled := l.Class != "" || l.HasValue || l.Relevances != nil
	if d.null && !labelled {
		if d.names[fieldRetracted] != "" && !l.Retracted {
			return Label{}, badLabel(d.names[fieldRetracted], "is false, and the label is null, which retracts it")
		}
		l.Retracted = true
	}
	switch {
	case l.Retracted && labelled:
		return Label{}, badLabel(d.names[fieldRetracted], "is true, and there is a label")
	case l.Retracted || labelled:
		return *l, nil
	case d.empty:
		return Label{}, &Error{Reason: Unlabelled, Message: "the label is empty"}
	}
	return Label{}, badLabel("", "has no label: there is no label, no class, no value and no relevance")
}

// decode reads the label as SageMaker's encoding has it.
func (d *draft) decode() *Error {
	name, data := d.names[fieldLabel], d.label.Class
	if d.encoding == "" || data == "" {
		return nil
	}
	switch strings.ToUpper(d.encoding) {
	case "CSV":
	case "BASE64":
		plain, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			return badLabel(name, "%s is not BASE64", quote(data))
		}
		data = string(plain)
	default:
		return badLabel(d.names[fieldEncoding], "%s is neither CSV nor BASE64", quote(d.encoding))
	}
	in := csv.NewReader(strings.NewReader(data))
	in.TrimLeadingSpace = true
	row, err := in.Read()
	if err != nil || len(row) != 1 || strings.TrimSpace(row[0]) == "" {
		return badLabel(name, "%s is not one value", quote(data))
	}
	if _, err := in.Read(); !errors.Is(err, io.EOF) {
		return badLabel(name, "%s is more than one value", quote(data))
	}
	d.label.Class, d.label.Value, d.label.HasValue = "", 0, false
	return d.setLabel(name, table.Cell{Kind: table.Text, Text: strings.TrimSpace(row[0])})
}

// text takes a name or an id. A whole number is one, too.
func text(to *string, name string, c table.Cell, raw string) *Error {
	s := raw
	switch c.Kind {
	case table.Text, table.String:
		s = c.Text
	case table.Integer:
		if raw == "" {
			s = strconv.FormatInt(c.Int, 10)
		}
	case table.Number:
		if raw == "" {
			if c.Float != math.Trunc(c.Float) || math.Abs(c.Float) >= 1<<53 {
				return badLabel(name, "%s is a number with a fraction or more digits than it can have; write it as a text", quote(c.Category()))
			}
			s = strconv.FormatInt(int64(c.Float), 10)
		}
	default:
		return badLabel(name, "%s is no text", quote(c.Category()))
	}
	return keep(to, name, s)
}

func keep(to *string, name, s string) *Error {
	switch {
	case len(s) > MaxText:
		return badLabel(name, "has %d bytes, at most %d", len(s), MaxText)
	case !utf8.ValidString(s):
		return badLabel(name, "%s is not UTF-8", quote(s))
	}
	*to = s
	return nil
}

// category is the cell as a category; what is no valid UTF-8 stays as it is, to be refused.
func category(c table.Cell) string {
	if (c.Kind == table.Text || c.Kind == table.String) && !utf8.ValidString(c.Text) {
		return c.Text
	}
	return c.Category()
}

// class takes a class. 1.0 in a CSV file is the class 1: so a data frame writes integers among which
// some are missing.
func class(to *string, name string, c table.Cell) *Error {
	s := category(c)
	if c.Kind == table.Text {
		if whole, ok := strings.CutSuffix(s, ".0"); ok {
			if _, err := strconv.ParseInt(whole, 10, 64); err == nil {
				s = whole
			}
		}
	}
	switch {
	case c.Kind == table.Bytes, c.Kind == table.Time:
		return badLabel(name, "%s is neither a class nor a number", quote(s))
	case c.Kind == table.Number && c.Float-c.Float != 0:
		return badLabel(name, "is no finite number")
	}
	return keep(to, name, s)
}

// identifier takes an id in hexadecimal digits; to is as long as the id.
func identifier(to []byte, name string, c table.Cell) *Error {
	if c.Kind != table.Text && c.Kind != table.String || len(c.Text) != hex.EncodedLen(len(to)) {
		return badLabel(name, "%s is no id of %d hexadecimal digits", quote(c.Category()), hex.EncodedLen(len(to)))
	}
	id, err := hex.DecodeString(c.Text)
	if err != nil || strings.Trim(c.Text, "0") == "" {
		return badLabel(name, "%s is no id of %d hexadecimal digits", quote(c.Text), hex.EncodedLen(len(to)))
	}
	copy(to, id)
	return nil
}

func (d *draft) instant(to *time.Time, name string, c table.Cell) *Error {
	t, ok := c.Instant()
	if !ok || !inRange(t) {
		return badLabel(name, "%s is no time from 1970 to %d", quote(c.Category()), lastYear)
	}
	if !d.latest.IsZero() && t.After(d.latest) {
		return badLabel(name, "%s is in the future", quote(c.Category()))
	}
	*to = t
	return nil
}

func boolean(c table.Cell) (v, ok bool) {
	if v, ok = c.Boolean(); ok {
		return v, true
	}
	switch c.Category() {
	case "1", "t", "true", "True":
		return true, true
	case "0", "f", "false", "False":
		return false, true
	}
	return false, false
}
