// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

var update = flag.Bool("update", false, "write what comes out as what is to come out, into testdata")

// Each client makes the calls that it is to make, of two models at least, one streamed or of another
// kind, one that is refused, within an agent and a tool where it has such. What the metrics pages
// then show is what the model server has answered, and nothing else; and where content is dropped,
// not a word of what was said comes out anywhere.
func TestRealClients(t *testing.T) {
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := drive(t, c)
			assert.Equal(t, c.calls, kinds(r.calls), "what the client has called")
			for _, w := range ways {
				assertSummary(t, expected(c, r), r.pages[w].summary(), w)
			}
			assertPage(t, c, r)
			assertNothingIsCopied(t, r)
			assertNothingLeaks(t, r)
		})
	}
}

// kinds counts calls by how they were made.
func kinds(calls []call) map[kind]int {
	count := map[kind]int{}
	for _, c := range calls {
		count[c.kind]++
	}
	return count
}

// assertSummary compares the numbers of one page with those that the model server has counted.
func assertSummary(t *testing.T, want, got summary, w way) {
	t.Helper()
	assert.Equal(t, want.predictions, got.predictions, "predictions, drop_content: %s", w)
	assert.Equal(t, want.tokens, got.tokens, "tokens, drop_content: %s", w)
	assert.Equal(t, want.failures, got.failures, "failures, drop_content: %s", w)
	assert.InDeltaMapValues(t, want.cost, got.cost, 1e-9, "cost, drop_content: %s", w)
}

// expected is what the metrics page must show, by what the model server has answered and what the
// client tells of it.
func expected(c client, r run) summary {
	want := newSummary()
	for _, call := range r.calls {
		said := c.reports(call)
		if !said.made {
			continue
		}
		s := series{model: call.asked}
		if said.model != "" {
			s.model = said.model
		}
		if said.version {
			s.version = cmp.Or(call.answered, call.asked)
		}
		want.predictions[s]++
		if call.refused {
			if said.errorType != "" {
				want.failures[failure{s.model, said.errorType}]++
			}
			continue
		}
		if !said.tokens {
			continue
		}
		if said.uncached {
			call.input -= call.cached + call.written
		}
		if !said.cached {
			call.cached = 0
		}
		if !said.written {
			call.written = 0
		}
		if said.estimated {
			call.input, call.output = r.estimate(call)
			call.cached, call.written = 0, 0
		}
		for kind, n := range map[string]int{"input": call.input, "output": call.output} {
			if call.kind == embeddings && kind == "output" {
				continue // has none
			}
			key := tokenSeries{s, cmp.Or(c.service, c.name), kind}
			have := want.tokens[key]
			want.tokens[key] = tokens{have.requests + 1, have.sum + float64(n)}
		}
		if said.free {
			want.cost[s] = 0
		}
		if p := models[call.asked].prices; p != (prices{}) {
			want.cost[s] += (float64(call.input-call.cached-call.written)*p.input + float64(call.cached)*p.cached + float64(call.written)*p.written +
				float64(call.output)*p.output) / 1e6
		}
	}
	return want
}

// estimate returns the token counts of a call as the client has put them on its span.
func (r run) estimate(c call) (input, output int) {
	r.t.Helper()
	for _, span := range r.received {
		if id, ok := span.Attributes().Get("gen_ai.response.id"); ok && id.Str() == c.id {
			in, hasInput := span.Attributes().Get("gen_ai.usage.input_tokens")
			out, hasOutput := span.Attributes().Get("gen_ai.usage.output_tokens")
			require.True(r.t, hasInput && hasOutput, "%s has no token counts", span.Name())
			return int(in.Int()), int(out.Int())
		}
	}
	require.Fail(r.t, "no span of a call", "%+v", c)
	return 0, 0
}

// allSeries is how the names of all series of a metrics page begin: as anything does.
var allSeries = []string{""}

// assertPage compares every series of the metrics page, and what the collector says of its own work,
// with those of the file in testdata.
func assertPage(t *testing.T, c client, r run) {
	t.Helper()
	varying := c.varying
	var text strings.Builder
	section := func(title string, lines []string) {
		fmt.Fprintf(&text, "# %s\n%s\n\n", title, strings.Join(lines, "\n"))
	}
	var answered []string
	for _, a := range r.calls {
		line := fmt.Sprintf("%s: %s, as %s: %d input (%d cached, %d written) and %d output tokens", a.kind, a.asked, a.answered, a.input, a.cached, a.written, a.output)
		if a.refused {
			line = fmt.Sprintf("%s: %s, refused", a.kind, a.asked)
		}
		answered = append(answered, line)
	}
	section("What the model server has answered.", answered)
	page := r.pages[kept].lines(allSeries, varying)
	section("The metrics page.", page)
	own := r.own.lines([]string{"otelcol_ml_normalize_", "otelcol_ml_summary_"}, varying)
	own = slices.DeleteFunc(own, func(line string) bool { return strings.Contains(line, `carrier="resource"`) }) // one a request, as many as come
	section("The collector's own counts of ours, for all pages, with two spans of the test's.", own)
	section("Spans by gen_ai.operation.name.", operations(r.spans[kept]))
	got := strings.TrimSuffix(text.String(), "\n")

	for _, w := range ways {
		assert.Equal(t, page, r.pages[w].lines(allSeries, varying), "the page is another with drop_content: %s", w)
	}
	file := filepath.Join("testdata", c.name+".txt")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "go test -tags clients -update makes it")
	assert.Equal(t, strings.Split(string(want), "\n"), strings.Split(got, "\n"), "%s", file)
}

// operations counts spans by what they do.
func operations(spans map[string]ptrace.Span) []string {
	count := map[string]int{}
	for _, span := range spans {
		operation := "none"
		if v, ok := span.Attributes().Get("gen_ai.operation.name"); ok {
			operation = v.Str()
		}
		count[operation]++
	}
	var lines []string
	for _, operation := range sortedKeys(count) {
		lines = append(lines, fmt.Sprintf("%s %d", operation, count[operation]))
	}
	return lines
}

// assertNothingIsCopied compares each span with what was received: there is more on it, and no text
// of a prompt or an answer in what is new.
func assertNothingIsCopied(t *testing.T, r run) {
	t.Helper()
	added := 0
	before := mentions(r.received)
	for id, texts := range mentions(r.spans[kept]) {
		assert.Equal(t, before[id], texts, "where span %s has text of prompts and answers", id)
		added += r.spans[kept][id].Attributes().Len() - r.received[id].Attributes().Len()
	}
	assert.Len(t, r.spans[kept], len(r.received))
	assert.Positive(t, added, "attributes that were added")
}

// assertNothingLeaks looks for a word of what was said in all that comes out where content is
// dropped, and for each of them in what went in.
func assertNothingLeaks(t *testing.T, r run) {
	t.Helper()
	for _, w := range dropping {
		var left []string
		for _, texts := range mentions(r.spans[w]) {
			for _, text := range texts {
				left = append(left, text.where)
			}
		}
		slices.Sort(left)
		assert.Empty(t, slices.Compact(left), "where text is left on spans, drop_content: %s", w)
		assert.Len(t, r.spans[w], len(r.received))
	}
	for _, canary := range canaries {
		assert.Contains(t, r.in, canary, "the client has sent no content to drop")
		for _, place := range sortedKeys(r.out) {
			assert.NotContains(t, r.out[place], canary, "%s", place) // prints what there is
		}
	}
}
