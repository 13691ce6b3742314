// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/docs/schema"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

func tableSchema(t *testing.T) (compiled *jsonschema.Schema, source map[string]any) {
	t.Helper()
	read, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema.Dialect))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	require.NoError(t, c.AddResource("dialect.json", read))
	compiled, err = c.Compile("dialect.json")
	require.NoError(t, err)
	return compiled, read.(map[string]any)
}

func values(t *testing.T, data []byte) (out []any) {
	t.Helper()
	docs, _ := yamldoc.Parse("f.yaml", data, documents, &yamldoc.Report{})
	for _, d := range docs {
		out = append(out, d.Value)
	}
	return out
}

// TestSchemaTakesTables finds nothing to say of a table that is read.
func TestSchemaTakesTables(t *testing.T) {
	s, _ := tableSchema(t)
	entries, err := files.ReadDir("dialects")
	require.NoError(t, err)
	for _, e := range entries {
		data, err := files.ReadFile("dialects/" + e.Name())
		require.NoError(t, err)
		for _, v := range values(t, data) {
			require.NoError(t, s.Validate(v), e.Name())
		}
	}
	data, err := os.ReadFile(page)
	require.NoError(t, err)
	for _, b := range ymlBlock.FindAllStringSubmatch(string(data), -1) {
		for _, v := range values(t, []byte(b[1])) {
			require.NoError(t, s.Validate(v), b[1])
		}
	}
	for _, v := range values(t, []byte(good+"map: {a: {from: 7, states: {1: true, 2: 3.5}, else: x}, b: [c, {value: 1}, 2]}\n")) {
		assert.NoError(t, s.Validate(v))
	}
}

const good = "name: x\nconcept: llm\ndetect: [{has: a}]\n"

// TestSchemaRefuses what the reader refuses, as far as a schema can.
func TestSchemaRefuses(t *testing.T) {
	s, _ := tableSchema(t)
	for _, in := range []string{
		"[1]", "{}", "name: X\nconcept: llm\ndetect: [{has: a}]\n", "name: x\nconcept: [llm, lmm]\ndetect: [{has: a}]\n", "name: x\nconcept: lmm\ndetect: [{has: a}]\n",
		"name: x\nconcept: llm\ndetect: []\n", good + "mapp: {}\n", good + "map: {a: {form: b}}\n", good + "map: {a: {}}\n", good + "map: {a: [{form: b}]}\n",
		good + "map: {a: {from: b, type: float}}\n", good + "map: {a: {from: b, unit: d}}\n", good + "map: {a: {from: b, accept: [number]}}\n", good + "map: {a: ''}\n",
		good + "map: {a: {from: b, states: {c: [1]}}}\n", good + "map: {a: {from: b, percent: 1}}\n", good + "order: x\n", good + "spans: {}\n", good + "decode: xml\n", good + "extends: [a]\n",
		good + "wrappers: [{kind: srv}]\n", good + "wrappers: [{status: [bad]}]\n", good + "wrappers: [{option: x}]\n", good + "wrappers: [{has: [[a]]}]\n",
		good + "versions: " + strings.Repeat("x", maxText+1) + "\n", good + "content: {attribute: a}\n", good + "spans: [{wenn: {}}]\n",
	} {
		_, err := Tables("f.yaml", []byte(in))
		require.Error(t, err, in)
		for _, v := range values(t, []byte(in)) {
			assert.Error(t, s.Validate(v), in)
		}
	}
}

// TestSchemaHasTheKeysOfTheReader compares the keys of each block, and the words that a key allows,
// with those that the reader names.
func TestSchemaHasTheKeysOfTheReader(t *testing.T) {
	_, source := tableSchema(t)
	defs := source["$defs"].(map[string]any)
	properties := func(block any) map[string]any { return block.(map[string]any)["properties"].(map[string]any) }
	unknown := regexp.MustCompile(`unknown key.*\(allowed: ([^)]*)\)`)
	for at, block := range map[string]any{
		"%s: 1": source, "wrappers: [{%s: 1}]": defs["condition"], "map: {a: {%s: 1}}": defs["rule"], "spans: [{%s: 1}]": defs["section"], "content: {%s: 1}": defs["content"],
	} {
		_, err := Tables("f.yaml", fmt.Appendf(nil, at, "zzzzzzzz"))
		require.Error(t, err)
		var names []string
		for name, p := range properties(block) {
			names = append(names, name)
			assert.NotEmpty(t, p.(map[string]any)["description"], name)
		}
		slices.Sort(names)
		assert.Equal(t, strings.Join(names, ", "), unknown.FindStringSubmatch(err.Error())[1], at)
	}

	items := func(def string) any { return defs[def].(map[string]any)["items"].(map[string]any)["enum"] }
	for at, allowed := range map[string]any{
		"concept: zz": items("concepts"), "wrappers: [{kind: zz}]": items("kinds"), "wrappers: [{status: zz}]": items("statuses"), "map: {a: {accept: zz}}": items("accepts"),
		"decode: zz": properties(source)["decode"], "wrappers: [{option: zz}]": properties(defs["condition"])["option"],
		"map: {a: {type: zz}}": properties(defs["rule"])["type"], "map: {a: {unit: zz}}": properties(defs["rule"])["unit"],
	} {
		if p, ok := allowed.(map[string]any); ok {
			allowed = p["enum"]
		}
		_, err := Tables("f.yaml", []byte(at))
		require.Error(t, err)
		var words []string
		for _, w := range allowed.([]any) {
			words = append(words, w.(string))
		}
		assert.Contains(t, err.Error()+"\n", `"zz" is none of `+strings.Join(words, ", ")+"\n", at)
	}
	assert.True(t, json.Valid(schema.Dialect))
}
