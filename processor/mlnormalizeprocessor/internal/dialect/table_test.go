// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEmbedded(t *testing.T) {
	tables, err := loadEmbedded()
	require.NoError(t, err)
	names := map[string]bool{}
	for _, table := range tables {
		assert.NotEmpty(t, table.Title, table.Name)
		assert.NotEmpty(t, table.Versions, table.Name)
		assert.NotEmpty(t, table.Evidence, table.Name)
		assert.NotEmpty(t, table.NotRead, table.Name)
		assert.True(t, strings.HasSuffix(table.file, "/"+table.Name+".yaml"), table.file)
		assert.Positive(t, table.Order, table.Name)
		names[table.Name] = true
		if table.Extends != "" {
			assert.Contains(t, []string{"gen_ai", "handwritten"}, table.Extends)
		}
	}
	for _, name := range []string{
		"gen_ai", "openinference", "openllmetry", "mlflow", "vercel_ai", "langsmith", "langfuse", "openlit", "triton", "vllm", "sglang",
		"open_inference_protocol", "bentoml", "ray_serve", "airflow", "argo", "prefect", "dagster", "jenkins", "cicd", "handwritten", "handwritten_jobs",
		"google_adk", "genkit", "gemini_cli", "aws_bedrock", "claude_code", "mastra", "sentry", "strands", "laminar", "litellm", "pydantic_ai",
		"n8n", "kestra", "temporal", "celery", "buildkite", "circleci", "flyte", "github", "ci",
	} {
		assert.True(t, names[name], name)
	}
}

// TestViolations checks that what is wrong with a table is said with its file, line and key, all at
// once.
func TestViolations(t *testing.T) {
	const good = "name: x\nconcept: llm\ndetect: [{has: a}]\n"
	for _, c := range []struct {
		name, yaml string
		want       []string
	}{
		{"no mapping", "[1]", []string{"f.yaml:1:1: must be a block of keys"}},
		{"no YAML", "a: [", []string{"f.yaml:2:1: is no YAML: "}},
		{"empty block", "{}", []string{"f.yaml:1:1: name: is missing", "f.yaml:1:1: concept: is missing", "f.yaml:1:1: detect: is missing"}},
		{"empty lists", "name: x\nconcept: []\ndetect: []\nmap: {a: {from: []}}\n", []string{"concept: is missing", "detect: is missing", "map.a: needs from, from_all or value"}},
		{"unknown key", good + "mapp: {}\n", []string{"f.yaml:4:1: mapp: unknown key; did you mean map? (allowed: cached_beside, concept, content,"}},
		{"a key that is there twice", good + "map: {a: b, a: c}\n", []string{"f.yaml:4:13: map.a: is there twice, first on line 4"}},
		{"concept", "name: x\nconcept: [llm, lmm]\ndetect: [{has: a}]\n", []string{`f.yaml:2:10: concept: "lmm" is none of llm, serving, job`}},
		{"unknown key of a rule", good + "map:\n  ml.model.name: {form: a}\n", []string{
			`f.yaml:5:19: map["ml.model.name"].form: unknown key; did you mean from? (allowed: accept, add,`, `f.yaml:5:18: map["ml.model.name"]: needs from, from_all or value`,
		}},
		{"value beside from", good + "map: {a: {from: b, value: c}}\n", []string{"map.a: has a value beside from"}},
		{"regular expression", good + "map: {a: {from: b, extract: '('}, c: {from: d, extract: 'x'}, e: {from: f, extract: '(x)(y)'}}\n", []string{
			"map.a.extract: is no regular expression: ", "map.c.extract: must have a group in round brackets, has none",
			"map.e.extract: has 2 groups in round brackets, which needs join to put them together",
		}},
		{"type, unit, accept", good + "map: {a: {from: b, type: float, unit: d, accept: [number]}}\n", []string{
			`map.a.type: "float" is none of string, int,`, `map.a.unit: "d" is none of ns,`, `map.a.accept: "number" is none of text,`,
		}},
		{"sources", good + "map: {a: ['event:x', 'span:kind', '#x', 'y#a..b']}\n", []string{
			`map.a[0]: "event:x" must be event:NAME:KEY`, `map.a[1]: "span:kind" is none of`, `map.a[2]: "#x" names no attribute`, `map.a[3]: "y#a..b" has an empty step`,
		}},
		{"families", good + "map: {a.*: b, c: d.*, e.*: {from: 'f.*#x'}, g: {from: h, exclude: [i]}, k.*: {from: 'l.*', exclude: ['*a*']}}\n", []string{
			`map["k.*"].exclude: "*a*" has more than one *`,
			`map["a.*"]: "a.*" and "b" must both be families`, `map.c: "c" and "d.*" must both`, `map["e.*"]`, "map.g: exclude is for families",
		}},
		{"states", good + "map: {a: {from: b, states: {c: [1]}}}\n", []string{"map.a.states.c: must be a text, a number, true or false"}},
		{"conditions", "name: x\nconcept: llm\ndetect:\n  - {has: a.*, kind: srv}\n  - {inference: true}\n  - {reads: [b]}\n  - {status: bad, option: x}\n", []string{
			`f.yaml:4:22: detect[0].kind: "srv" is none of internal,`, `f.yaml:4:5: detect[0]: has speaks of single keys, "a.*" is many`,
			"detect[1]: inference is not known yet", `detect[2].reads: the table maps nothing to "b"`,
			`f.yaml:7:14: detect[3].status: "bad" is none of unset, ok, error`, `f.yaml:7:27: detect[3].option: "x" is none of bare_features`,
		}},
		{"types of values", good + "order: x\nspans: {}\ndecode: xml\nextends: [a]\n", []string{
			"f.yaml:4:8: order: must be a whole number", "f.yaml:5:8: spans: must be a list", `f.yaml:6:9: decode: "xml" is none of json`, "f.yaml:7:10: extends: must be a text",
		}},
		{"merge keys", good + "map: {<<: {a: b}}\n", []string{"f.yaml:4:7: map: keys must be texts"}},
		{"too long", good + "versions: " + strings.Repeat("x", maxText+1), []string{"f.yaml:4:11: versions: has 2049 bytes, at most 2048"}},
		{"alias bomb", "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d]\n", []string{"too large: at most 20000 values"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Tables("f.yaml", []byte(c.yaml))
			require.Error(t, err)
			for _, want := range c.want {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}

func TestFromConfig(t *testing.T) {
	_, err := FromConfig(map[string]any{"name": "acme", "concept": "serving", "detect": []any{map[string]any{"key_prefix": "acme."}}, "map": map[string]any{"ml.model.name": 3.5, "x": map[string]any{"from": "y", "unitt": "ms"}}}, "dialects[0]")
	require.EqualError(t, err, `'dialects[0].map.x.unitt': unknown key; did you mean unit? (allowed: accept, add, aliases, categories, count, else, exclude, extract, from, from_all, join, length, percent, split, states, strip_prefix, strip_suffix, sum, type, unit, unless_same_as, url_decode, value)`)

	acme, err := FromConfig(map[string]any{
		"name": "acme", "concept": []any{"serving"}, "detect": []any{map[string]any{"key_prefix": "acme."}},
		"map": map[string]any{
			"ml.model.name": "acme.model", "ml.model.version": map[string]any{"from": "acme.tag", "strip_prefix": "v", "strip_suffix": "-rc"},
			"ml.feature_view.age": map[string]any{"from": "acme.age_ms", "unit": "ms"}, "ml.segment.region": map[string]any{"from": "acme.zones", "join": "+"},
			"ml.prediction.ranking": map[string]any{"from": "acme.ids", "split": ",", "type": "strings"}, "ml.batch.size": map[string]any{"from": "acme.rows", "count": true},
			"ml.prediction.output.*": "acme.out.*", "ml.prediction.scores": "acme.scores", "ml.prediction.class": map[string]any{"from": "acme.code", "states": map[string]any{"0": "no"}, "else": "yes"},
		},
	}, "dialects[0]")
	require.NoError(t, err)
	e := engine(t, Options{Extra: []*Table{acme}})
	added, stats := read(t, e, given{attributes: m{
		"acme.model": "x", "acme.tag": "v7-rc", "acme.age_ms": 1500, "acme.zones": []any{"eu", "west"}, "acme.ids": "a, b,c", "acme.rows": []any{1, 2, 3},
		"acme.out.eta": 12.5, "acme.scores": m{"yes": 0.7, "no": 0.3}, "acme.code": 4, "prediction": "ignored, as the concept is spoken for",
	}}, nil)
	assert.Equal(t, []string{"acme"}, spoken(e, stats))
	assert.Equal(t, m{
		"ml.model.name": "x", "ml.model.version": "7", "ml.feature_view.age": 1.5, "ml.segment.region": "eu+west", "ml.prediction.ranking": []any{"a", "b", "c"},
		"ml.batch.size": int64(3), "ml.prediction.output.eta": 12.5, "ml.prediction.scores": m{"yes": 0.7, "no": 0.3}, "ml.prediction.class": "yes",
	}, added)
}

func TestReplaceAndDisable(t *testing.T) {
	tables, err := Tables("mine.yaml", []byte("name: vllm\nconcept: [llm, serving]\ndetect: [{resource_key_prefix: vllm.}]\nmap:\n  ml.model.name: resource:service.name\n  gen_ai.operation.name: {value: text_completion}\n"))
	require.NoError(t, err)
	e := engine(t, Options{Extra: tables, Disabled: []string{"gen_ai", "handwritten"}})
	added, stats := read(t, e, given{resource: m{"service.name": "llama", "vllm.process_id": "1"}, attributes: m{"gen_ai.usage.prompt_tokens": 3}}, nil)
	assert.Equal(t, m{"ml.model.name": "llama", "gen_ai.operation.name": "text_completion"}, added)
	assert.Equal(t, []string{"vllm"}, spoken(e, stats))
	_, stats = read(t, e, given{attributes: m{"gen_ai.request.model": "m", "confidence": 0.5}}, nil)
	assert.Equal(t, int64(1), stats.Foreign)
	// Tables that extend a disabled one still have its rules.
	added, _ = read(t, e, given{attributes: m{"traceloop.span.kind": "x", "gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}}, nil)
	assert.Equal(t, m{"ml.model.name": "m"}, added)

	_, err = New(Options{Disabled: []string{"gen_a"}})
	require.ErrorContains(t, err, `'disabled_dialects[0]': there is no dialect "gen_a" (there are airflow, argo,`)
	_, err = New(Options{Extra: append(tables, tables...)})
	require.EqualError(t, err, `'dialects': "vllm" is there twice`)
	for text, want := range map[string]string{
		"name: a\nconcept: llm\ndetect: [{has: a}]\nextends: nobody\n":                                                        `"a" extends "nobody", which is no dialect`,
		"name: a\nconcept: llm\ndetect: [{has: a}]\nextends: b\n---\nname: b\nconcept: llm\ndetect: [{has: b}]\nextends: a\n": `extends itself`,
	} {
		tables, err := Tables("f.yaml", []byte(text))
		require.NoError(t, err)
		_, err = New(Options{Extra: tables})
		require.ErrorContains(t, err, want)
	}
	var many []*Table
	for i := range maxTables {
		many = append(many, &Table{Name: "t" + string(rune('a'+i%26)) + string(rune('a'+i/26)), Concepts: []Concept{LLM}})
	}
	_, err = New(Options{Extra: many})
	require.ErrorContains(t, err, "are more than the limit of 64")
}

func TestSourceMatches(t *testing.T) {
	for _, c := range []struct {
		source, key string
		want        bool
	}{
		{"a.N.b", "a.0.b", true},
		{"a.N.b", "a.12.b", true},
		{"a.N.b", "a..b", false},
		{"a.N.b", "a.x.b", false},
		{"a.N.b", "a.1.b.c", false},
		{"a.N.b", "a.1", false},
		{"a.N", "a.3", true},
		{"a.N", "a.3.b", false},
		{"a.N.b.N.c", "a.1.b.2.c", true},
		{"a.N.b.N.c", "a.1.b.c", false},
		{"a.N.*", "a.1.b.c", true},
		{"a.N.*", "a.1.", false},
		{"a.N.*", "a.name", false},
		{"a.N.b.*", "a.1.b.c", true},
		{"a.N.b.*", "a.1.b.", false},
		{"a.N.b.*", "a.1.c.d", false},
		{"a.N.N", "a.1.22", true},
		{"a.N.N", "a.1.", false},
		{"a.Name.N", "a.Name.1", true},
	} {
		s := (&decoder{}).source(nil, "", c.source)
		assert.Equal(t, c.want, s.matches(c.key), "%s %s", c.source, c.key)
	}
}
