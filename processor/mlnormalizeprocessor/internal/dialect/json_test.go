// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-ml/otelcol-ml/internal/jsonscan"
)

func TestWalkJSON(t *testing.T) {
	const doc = ` {"a": {"b": [1, 2.5, "x\n\u00e4", true, null, ""]}, "a\u0062": 7, "c": [{"d": "p"}, {"d": "q"}, 3], "e": {}} `
	for path, want := range map[string][]datum{
		"a.b.0": {{kind: integer, int: 1}}, "a.b.1": {{kind: double, float: 2.5}}, "a.b.2": {textValue("x\nä")}, "a.b.3": {{kind: boolean, bool: true}},
		"a.b.4": nil, "a.b.5": nil, "a.b.6": nil, "ab": {{kind: integer, int: 7}}, "c.*.d": {textValue("p"), textValue("q")}, "c.1.d": {textValue("q")},
		"a.b": {{kind: structure, text: `[1, 2.5, "x\n\u00e4", true, null, ""]`}}, "e": {{kind: structure, text: "{}"}}, "e.x": nil, "c.d": nil,
		"c.*": {{kind: structure, text: `{"d": "p"}`}, {kind: structure, text: `{"d": "q"}`}, {kind: integer, int: 3}},
	} {
		c := collector{want: wantList}
		assert.True(t, walkJSON(doc, strings.Split(path, "."), &c), path)
		assert.Equal(t, want, c.list, path)
	}
}

// TestFirst takes the first of several values at a path, in JSON and in attributes.
func TestFirst(t *testing.T) {
	var c collector
	assert.True(t, walkJSON(`[{"a":1},{"a":2}]`, []string{"*", "a"}, &c))
	assert.Equal(t, datum{kind: integer, int: 1}, c.result())
}

// TestWhatPythonWrites reads JSON with numbers that are none: they are missing, and the rest of it
// is read.
func TestWhatPythonWrites(t *testing.T) {
	const doc = `{"score": NaN, "all": [1, -Infinity, 1e999, 1e-7], "answer": "yes"}`
	for path, want := range map[string][]datum{
		"score": nil, "all.*": {{kind: integer, int: 1}, {kind: double, float: 1e-7}}, "answer": {textValue("yes")},
	} {
		c := collector{want: wantList}
		assert.True(t, walkJSON(doc, strings.Split(path, "."), &c), path)
		assert.Equal(t, want, c.list, path)
	}
}

// TestNumberAsText is spelt as the same number is everywhere.
func TestNumberAsText(t *testing.T) {
	for in, want := range map[float64]string{1e-7: "1e-7", 2: "2", 0.25: "0.25", 1e21: "1e+21"} {
		v := datum{kind: double, float: in}
		got, ok := v.string()
		assert.True(t, ok)
		assert.Equal(t, want, got)
	}
}

// FuzzWalkJSON takes for JSON what encoding/json does, to the depth that is read, and what Python
// writes.
func FuzzWalkJSON(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,-2.5e3,"x\u00e4\\\"",true,false,null,{}]}`, `[[[]]]`, `"`, `{"a":`, `01`, `-`, `-0`, `1.`, `.5`, `1e`, `1e+5`, "[1,]", "\"\x01\"", `1e999`, `"\ud800"`,
		`"\x"`, `"\u12g4"`, "\"\xff\"", `{"a" 1}`, ` 7 `, `7 8`, `{,}`, `[`,
	} {
		f.Add(s, "a.*")
	}
	f.Add(`{"":[1]}`, ".0") // tables have no empty steps
	f.Fuzz(func(t *testing.T, s, path string) {
		c := collector{want: wantList}
		taken := walkJSON(s, []string{"\x00 is no key"}, &c)
		assert.Empty(t, c.list)
		if strings.Count(s, "[")+strings.Count(s, "{") < jsonscan.MaxDepth {
			python := strings.Contains(s, "NaN") || strings.Contains(s, "Infinity") // which encoding/json does not take
			assert.Equal(t, json.Valid([]byte(s)), taken && (!python || json.Valid([]byte(s))), "%q", s)
		}
		assert.Equal(t, taken, walkJSON(s, strings.Split(path, "."), &c), "%q", s)
		var whole collector
		walkJSON(s, nil, &whole)
	})
}
