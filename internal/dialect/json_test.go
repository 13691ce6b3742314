// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWalkJSON(t *testing.T) {
	const doc = ` {"a": {"b": [1, 2.5, "x\n\u00e4", true, null, ""]}, "a\u0062": 7, "c": [{"d": "p"}, {"d": "q"}, 3], "e": {}} `
	for path, want := range map[string][]value{
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

// FuzzWalkJSON compares what is taken for JSON with encoding/json: all that the latter takes is read, to the depth and up to a number's range.
func FuzzWalkJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,-2.5e3,"x\u00e4\\\"",true,false,null,{}]}`, `[[[]]]`, `"`, `{"a":`, `01`, `-`, "[1,]", "\"\x01\"", `1e999`, `"\ud800"`, `"\x"`} {
		f.Add(s, "a.*")
	}
	f.Fuzz(func(t *testing.T, s, path string) {
		c := collector{want: wantList}
		got := walkJSON(s, strings.Split(path, "."), &c)
		var whole collector
		decoded := walkJSON(s, nil, &whole)
		if depth := strings.Count(s, "[") + strings.Count(s, "{"); json.Valid([]byte(s)) && depth < maxDepth && !strings.ContainsAny(s, "eE") {
			assert.True(t, got, "%q", s)
			assert.True(t, decoded, "%q", s)
		}
	})
}
