// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/jsonscan"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// walkJSON gives the values at a path of a JSON string to c; an empty path is the text's own value.
// It reads the text once and allocates for the strings that c keeps, and for those with escapes. It
// returns false, and c is not to be used, where the text is not JSON or nested too deep.
func walkJSON(s string, path []string, c *collector) bool {
	w := walker{json: jsonscan.New(s), c: c}
	return w.value(path) == nil && w.json.End() == nil
}

type walker struct {
	json jsonscan.Scanner
	c    *collector
}

// value reads one value, of which rest, the rest of the path, is wanted.
func (w *walker) value(rest []string) error {
	if len(rest) == 0 {
		return w.give()
	}
	switch w.json.Peek() {
	case '{':
		found := false // of members of the same key, the first counts
		w.c.names = w.c.names[:0]
		return w.json.Object(func(key string) error {
			if found || !isMember(rest[0], key) || len(rest) == 1 && !w.c.once(key) {
				return w.json.Skip()
			}
			found = rest[0] == key
			return w.value(rest[1:])
		})
	case '[':
		return w.json.Array(func(i int) error {
			if !isItem(rest[0], i) {
				return w.json.Skip()
			}
			return w.value(rest[1:])
		})
	default:
		return w.json.Skip()
	}
}

// give gives the value that is next to the collector. A missing one and an empty text are nothing.
func (w *walker) give() error {
	switch w.json.Peek() {
	case '{', '[':
		start := w.json.Offset()
		err := w.json.Skip()
		w.c.add(datum{kind: structure, text: w.json.From(start)})
		return err
	}
	copied := w.json.Copied()
	v, err := w.json.Scalar()
	switch v.Kind() {
	case value.Int:
		w.c.add(datum{kind: integer, int: v.Int()})
	case value.Float:
		f, _ := v.Number()
		w.c.add(datum{kind: double, float: f})
	case value.Bool:
		w.c.add(datum{kind: boolean, bool: v.Bool()})
	case value.Text:
		s := v.Text()
		if copied == w.json.Copied() && w.c.keeps() {
			s = strings.Clone(s) // it shall not keep the whole JSON text alive
		}
		if s != "" {
			w.c.add(textValue(s))
		}
	}
	return err
}
