// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package shape

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const schema = `{
  "type": "object", "additionalProperties": false, "required": ["a"],
  "properties": {
    "a": {"type": "integer", "minimum": 1, "maximum": 5},
    "b": {"$ref": "#/$defs/duration"},
    "c": {"type": "array", "minItems": 1, "maxItems": 2, "uniqueItems": true, "items": {"type": "string", "minLength": 1, "maxLength": 3}},
    "d": {"enum": ["red", "green"]},
    "e": {"type": "object", "additionalProperties": false, "patternProperties": {"^[a-z]+$": {"type": "number", "exclusiveMinimum": 0}}},
    "f": {"$ref": "#/$defs/word"}
  },
  "$defs": {"duration": {"type": "string", "pattern": "^[0-9]+s$"}, "word": {"type": "string", "pattern": "^[a-z]+$"}}
}`

// TestCheck says what is wrong in the words of people; the cards of internal/catalog and the
// actions of ml_action have many more cases.
func TestCheck(t *testing.T) {
	s := Compile([]byte(schema), Words{
		Wanted:          map[string]string{"duration": "a duration, such as 5s", "word": "a word"},
		Key:             "be small",
		UnquotedNumbers: []string{"duration"},
		Pattern: func(_ *yamldoc.Document, definition, text string) string {
			if definition == "word" && text == "*" {
				return "is everything"
			}
			return ""
		},
		Choices: func([]string) string { return "a colour" },
	})
	for in, want := range map[string]string{
		"a: 1":                  "",
		"{}":                    "f:1:1: a: is missing",
		"{a: 0}":                "f:1:5: a: 0 must be at least 1",
		"{a: 6}":                "f:1:5: a: 6 must be at most 5",
		"{a: x}":                `f:1:5: a: must be a whole number, is a text ("x")`,
		"{a: 1, bb: 2}":         "f:1:8: bb: unknown key; did you mean b? (allowed: a, b, c, d, e, f)",
		"{a: 1, b: 5}":          "f:1:11: b: must be a duration, such as 5s, is a number",
		"{a: 1, b: 5x}":         `f:1:11: b: "5x" is not a duration, such as 5s`,
		"{a: 1, c: [x, 5]}":     `f:1:15: c[1]: must be a text; write "5" in quotes`,
		"{a: 1, c: []}":         "f:1:11: c: must have at least 1 item",
		"{a: 1, c: [x, y, z]}":  "f:1:11: c: has 3 items, at most 2 are allowed",
		"{a: 1, c: [x, x]}":     "f:1:15: c[1]: is there twice, first at [0]",
		"{a: 1, c: ['', xxxx]}": "f:1:12: c[0]: must not be empty\nf:1:16: c[1]: has 4 characters, at most 3 are allowed",
		"{a: 1, d: redd}":       `f:1:11: d: "redd" is none of a colour; did you mean red?`,
		"{a: 1, e: {X: 1}}":     "f:1:12: e.X: is no good name: it must be small",
		"{a: 1, e: {x: 0}}":     "f:1:15: e.x: 0 must be above 0",
		"{a: 1, f: '*'}":        "f:1:11: f: is everything",
		"{a: 1, f: ABC}":        `f:1:11: f: "ABC" is not a word`,
		"[]":                    "f:1:1: must be a block of keys, is a list",
		"{a: 1, e: {x: '1,5'}}": `f:1:15: e.x: must be a number, is a text ("1,5"); write 1.5`,
	} {
		t.Run(in, func(t *testing.T) {
			r := &yamldoc.Report{}
			docs, _ := yamldoc.Parse("f", []byte(in), yamldoc.Options{MaxValues: 100, MaxDepth: 10}, r)
			require.Len(t, docs, 1)
			s.Check(docs[0])
			if want == "" {
				return
			}
			require.Error(t, r.Err())
			assert.Equal(t, want, r.Err().Error())
		})
	}
	assert.Panics(t, func() { Compile([]byte("{"), Words{}) })
}
