// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/contentkey"
)

var update = flag.Bool("update", false, "write the generated part of docs/dialects.md")

const page = "../../../../docs/dialects.md"

// TestDocs keeps the page equal to the tables: go test -run TestDocs
// ./processor/mlnormalizeprocessor/internal/dialect -update.
func TestDocs(t *testing.T) {
	const begin, end = "<!-- generated from processor/mlnormalizeprocessor/internal/dialect/dialects -->\n", "<!-- end of what is generated -->\n"
	data, err := os.ReadFile(page)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(data), begin)
	require.True(t, ok)
	_, after, ok := strings.Cut(rest, end)
	require.True(t, ok)
	want := before + begin + "\n" + render() + end + after
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(want), 0o600))
		data = []byte(want)
	}
	assert.Equal(t, want, string(data), "run go test -run TestDocs ./processor/mlnormalizeprocessor/internal/dialect -update")
}

var ymlBlock = regexp.MustCompile("(?s)```yml\n(.*?)```")

// TestDocsShowTablesThatWork compiles the tables on the page, and checks that it names every key of
// the format.
func TestDocsShowTablesThatWork(t *testing.T) {
	data, err := os.ReadFile(page)
	require.NoError(t, err)
	blocks := ymlBlock.FindAllStringSubmatch(string(data), -1)
	require.NotEmpty(t, blocks)
	for _, b := range blocks {
		tables, err := Tables("docs/dialects.md", []byte(b[1]))
		require.NoError(t, err, b[1])
		_, err = New(Options{Extra: tables})
		require.NoError(t, err)
	}
	_, err = Tables("x", []byte("name: x\nconcept: llm\nunknown: 1\ndetect: [{unknown: 1}]\nmap: {a: {unknown: 1}}\ncontent: {unknown: 1}\nspans: [{unknown: 1}]\n"))
	require.Error(t, err)
	allowed := regexp.MustCompile(`allowed: ([^)]*)`).FindAllStringSubmatch(err.Error(), -1)
	require.Len(t, allowed, 5)
	for _, list := range allowed {
		for key := range strings.SplitSeq(list[1], ", ") {
			assert.Contains(t, string(data), "`"+key+"`", "the page does not explain %s", key)
		}
	}
}

// render writes a table of all dialects and a section for each.
func render() string {
	tables := slices.Clone(embedded())
	slices.SortStableFunc(tables, func(a, b *Table) int {
		if a.Concepts[0] != b.Concepts[0] {
			return slices.Index(concepts, a.Concepts[0]) - slices.Index(concepts, b.Concepts[0])
		}
		return a.Order - b.Order
	})
	var b strings.Builder
	b.WriteString("| system | versions | known from | speaks of | dialect |\n|---|---|---|---|---|\n")
	for _, t := range tables {
		var speaks []string
		for _, c := range t.Concepts {
			speaks = append(speaks, string(c))
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | [`%s`](#%s) |\n", t.Title, t.Versions, t.Evidence, strings.Join(speaks, ", "), t.Name, t.Name)
	}
	for _, t := range tables {
		fmt.Fprintf(&b, "\n### %s\n\n%s. Detected by:\n\n", t.Name, t.Title)
		for i := range t.Detect {
			fmt.Fprintf(&b, "- %s\n", t.Detect[i].words())
		}
		if t.DecodeJSON {
			b.WriteString("\nEvery attribute is JSON in a text and is decoded, for tables of other concepts too.\n")
		}
		b.WriteString("\n| becomes | read from the first of | where |\n|---|---|---|\n")
		for _, s := range t.Sections {
			where := s.when.words()
			for i, r := range s.rules {
				if i > 0 && s.rules[i-1].target == r.target {
					continue
				}
				var from []string
				for _, alternative := range s.rules[i:] {
					if alternative.target != r.target {
						break
					}
					from = append(from, alternative.words())
				}
				fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.target, strings.Join(from, ", "), where)
			}
		}
		for i := range t.Wrappers {
			fmt.Fprintf(&b, "\nNo inference, but a span around one: %s.\n", t.Wrappers[i].words())
		}
		for i := range t.Beside {
			fmt.Fprintf(&b, "\nCached tokens are beside the input, not among it: %s.\n", t.Beside[i].words())
		}
		if t.Extends != "" {
			fmt.Fprintf(&b, "\nWhat this gives nothing for is read as in [`%s`](#%s).\n", t.Extends, t.Extends)
		}
		if content := append(written(t.Content.attributes), t.Content.events...); len(content) > 0 {
			fmt.Fprintf(&b, "\nDropped by `drop_content`: %s.\n", strings.Join(quoted(content), ", "))
		}
		b.WriteString("\nNot read:\n\n")
		for _, n := range t.NotRead {
			fmt.Fprintf(&b, "- %s\n", n)
		}
	}
	b.WriteString("\n## Content beside the tables\n\nWhat `drop_content` removes of systems without a table, and of those that are read by another one's. It removes it from all spans and log records; " +
		"what follows *of its own* only from those whose scope, name, event or body begins so.\n\n| system | known from | attributes and events | of its own |\n|---|---|---|---|\n")
	for _, s := range systems() {
		own := ""
		if len(s.beginnings) > 0 {
			own = fmt.Sprintf("%s: %s", code(s.beginnings), strings.Join(quoted(append(written(s.scoped.attributes), s.scoped.events...)), ", "))
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", s.name, s.evidence, strings.Join(quoted(append(written(s.attributes), s.events...)), ", "), own)
	}
	fmt.Fprintf(&b, "\nEverywhere, texts, lists and maps are content under keys whose last word, after a dot, a colon or a slash, is one of %s.\n", strings.Join(quoted(contentkey.SureWords), ", "))
	fmt.Fprintf(&b, "\nOn spans and log records of generative models also under %s.\n\n", strings.Join(quoted(contentkey.LooseWords), ", "))
	return b.String()
}

func quoted(list []string) (out []string) {
	for _, s := range list {
		out = append(out, "`"+strings.ReplaceAll(s, "|", `\|`)+"`")
	}
	return out
}

func code(list []string) string { return strings.Join(quoted(list), " or ") }

func written(list []source) []string {
	var out []string
	for _, s := range list {
		out = append(out, s.written)
	}
	return out
}

// words says a condition in words.
func (c *condition) words() string {
	var out []string
	add := func(format string, list []string) {
		if len(list) > 0 {
			out = append(out, fmt.Sprintf(format, code(list)))
		}
	}
	add("scope %s", c.scope)
	add("scope beginning with %s", c.scopePrefix)
	add("span named %s", c.name)
	add("span name beginning with %s", c.namePrefix)
	add("kind %s", c.kind)
	add("status %s", c.status)
	for _, s := range written(c.has) {
		add("has %s", []string{s})
	}
	add("has %s", written(c.any))
	add("a key beginning with %s", c.keyPrefix)
	add("a key of the resource beginning with %s", c.resourceKeyPrefix)
	for _, q := range c.equals {
		out = append(out, fmt.Sprintf("`%s` is %s", q.of.written, code(q.values)))
	}
	for _, q := range c.prefixed {
		out = append(out, fmt.Sprintf("`%s` begins with %s", q.of.written, code(q.values)))
	}
	for _, s := range written(c.lacks) {
		add("lacks %s", []string{s})
	}
	add("has the event %s", c.hasEvent)
	add("lacks the event %s", c.lacksEvent)
	for _, sum := range c.sums {
		out = append(out, fmt.Sprintf("`%s` is the sum of %s", sum[0].written, strings.Join(quoted(written(sum[1:])), " and ")))
	}
	if c.root != nil {
		out = append(out, map[bool]string{true: "has no parent", false: "has a parent"}[*c.root])
	}
	if c.inference != nil {
		out = append(out, map[bool]string{true: "an inference", false: "no inference"}[*c.inference])
	}
	add("what is read for %s is there", c.reads)
	if c.option != "" {
		out = append(out, "only with the option `features::bare`")
	}
	return strings.Join(out, ", ")
}

// words says where a rule reads.
func (r *rule) words() string {
	if r.constant != nil {
		text, _ := r.constant.string()
		return "always `" + text + "`"
	}
	var from []string
	for _, s := range r.from {
		from = append(from, "`"+s.written+"`")
	}
	text := strings.Join(from, map[bool]string{true: " and ", false: ", "}[r.all])
	switch r.want {
	case wantLength:
		text += " (characters)"
	case wantCount:
		text += " (how many)"
	case wantSum:
		text += " (added up)"
	}
	return text
}

// TestContentKeys keeps the list of package contentkey equal to what the tables and content.yaml list: go test
// -run TestContentKeys ./processor/mlnormalizeprocessor/internal/dialect -update.
func TestContentKeys(t *testing.T) {
	const file = "../../../../internal/contentkey/listed.txt"
	keys := map[string]bool{}
	add := func(sources []source) {
		for _, s := range sources {
			parts := strings.Split(strings.TrimPrefix(s.written, "attribute:"), ".")
			for i, p := range parts {
				if p == "N" {
					parts[i] = "*"
				}
			}
			keys[strings.Join(parts, ".")] = true
		}
	}
	for _, table := range embedded() {
		add(table.Content.attributes)
	}
	for _, s := range systems() {
		add(s.attributes)
		add(s.scoped.attributes)
	}
	want := slices.Sorted(maps.Keys(keys))
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(strings.Join(want, "\n")+"\n"), 0o600))
		return
	}
	assert.Equal(t, want, contentkey.Listed(), "run go test -run TestContentKeys ./processor/mlnormalizeprocessor/internal/dialect -update")
}
