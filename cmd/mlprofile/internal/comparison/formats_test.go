// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package comparison

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/junit"
	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// nasty is a name that breaks out of what does not escape it.
const nasty = `<script>alert("x")</script> & 'ü'`

// sampleComparison compares two files: amount drifts, few has too few values, the nasty categories
// do not drift; segments are watched.
func sampleComparison(t *testing.T) *Comparison {
	t.Helper()
	dir := t.TempDir()
	file := func(name string, times float64, rows int) string {
		var b strings.Builder
		fmt.Fprintf(&b, "amount,%q,few,region\n", strings.ReplaceAll(nasty, `"`, ""))
		for i := range rows {
			few := ""
			if i < 30 {
				few = strconv.Itoa(i % 11)
			}
			fmt.Fprintf(&b, "%.3f,%s,%s,r%d\n", times*math.Exp(float64(i*7919%1000)/200), []string{"a<b", "c&d"}[i%2], few, i/2%2)
		}
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
		return path
	}
	o := Options{Segments: []Segment{{Dimension: "region", Column: "region"}}, MaxSegments: 10}
	a, b := file("a.csv", 1, 2000), file("b.csv", 1.5, 1000)
	p, _, err := baseline.Build(t.Context(), []string{a}, o.Options)
	require.NoError(t, err)
	schema, err := table.Infer(t.Context(), []string{b}, o.Table)
	require.NoError(t, err)
	w, err := Count(t.Context(), b, schema, p, o)
	require.NoError(t, err)
	c, err := New(Side{Path: "a.csv", Rows: p.Rows}, w, Rule{Options: drift.DefaultOptions()})
	require.NoError(t, err)
	c.Current.Path = "b.csv"
	return c
}

func TestJSON(t *testing.T) {
	c := sampleComparison(t)
	var b strings.Builder
	require.NoError(t, c.WriteJSON(&b))
	var got map[string]any
	require.NoError(t, json.Unmarshal([]byte(b.String()), &got))
	assert.EqualValues(t, FormatVersion, got["format_version"])
	assert.Equal(t, "drift", got["verdict"])
	assert.Equal(t, map[string]any{"path": "a.csv", "rows": 2000.0}, got["reference"])
	assert.Equal(t, map[string]any{"path": "b.csv", "rows": 1000.0}, got["current"])
	assert.Equal(t, map[string]any{"significance": 0.05, "min_samples": 200.0}, got["settings"])
	subjects := got["subjects"].([]any)
	first := subjects[0].(map[string]any)
	assert.Equal(t, "amount", first["column"])
	assert.Equal(t, "feature", first["subject"])
	assert.Equal(t, "numeric", first["type"])
	assert.Equal(t, "drift", first["verdict"])
	assert.EqualValues(t, 1000, first["samples"])
	assert.EqualValues(t, 1000, first["effective_samples"])
	assert.EqualValues(t, 2000, first["reference_samples"])
	score := first["scores"].([]any)[0].(map[string]any)
	assert.GreaterOrEqual(t, score["effect"], score["threshold"])
	for _, key := range []string{"method", "score", "effect", "threshold", "p_value"} {
		assert.Contains(t, score, key)
	}
	assert.Contains(t, first["growth"], "now")
	assert.Contains(t, first["text"], "amount drifts (PSI ")
	counted := map[string]float64{}
	for _, s := range subjects {
		counted[s.(map[string]any)["verdict"].(string)]++
	}
	assert.Equal(t, map[string]any{
		"subjects": float64(len(subjects)), "drift": counted["drift"], "ok": counted["ok"], "insufficient": counted["insufficient"],
	}, got["summary"])
}

// The report is what CI systems read: counts add up, a case a subject, skipped with the reason.
func TestJUnit(t *testing.T) {
	c := sampleComparison(t)
	read := func(fail bool) (junit.Suites, string) {
		var b strings.Builder
		require.NoError(t, c.WriteJUnit(&b, fail, time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)))
		var out junit.Suites
		d := xml.NewDecoder(strings.NewReader(b.String()))
		require.NoError(t, d.Decode(&out))
		_, err := d.Token()
		for err == nil {
			_, err = d.Token()
		}
		require.ErrorIs(t, err, io.EOF)
		return out, b.String()
	}
	suites, text := read(false)
	assert.True(t, strings.HasPrefix(text, xml.Header))
	require.Len(t, suites.Suites, 1)
	suite := suites.Suites[0]
	assert.Equal(t, "2026-11-29T10:00:00", suite.Timestamp)
	assert.Equal(t, "b.csv against a.csv", suite.Name)
	var failures, skipped int
	names := map[string]junit.Case{}
	for _, one := range suite.Cases {
		assert.False(t, one.Failure != nil && one.Skipped != nil)
		if one.Failure != nil {
			failures++
			assert.Equal(t, "drift", one.Failure.Type)
			assert.Contains(t, one.Failure.Text, "threshold")
		}
		if one.Skipped != nil {
			skipped++
		}
		key := one.Class + " " + one.Name
		assert.NotContains(t, names, key, "names are unique")
		names[key] = one
	}
	assert.Len(t, suite.Cases, len(c.Subjects))
	assert.Equal(t, []int{len(c.Subjects), failures, skipped, 0}, []int{suite.Tests, suite.Failures, suite.Skipped, suite.Errors})
	assert.Equal(t, []int{suite.Tests, failures, 0}, []int{suites.Tests, suites.Failures, suites.Errors})
	assert.Equal(t, c.Summary.Drift, failures)
	assert.Contains(t, names["mlprofile.compare.feature amount"].Failure.Message, "amount drifts (PSI ")
	assert.Equal(t, "few_reference: the reference has 30 values, and 200 are needed", names["mlprofile.compare.feature few"].Skipped.Message)
	assert.Contains(t, names, "mlprofile.compare.missing few, missing")
	assert.Contains(t, names, "mlprofile.compare.missing.region=r0 few, missing")
	assert.Contains(t, names, "mlprofile.compare.feature "+strings.ReplaceAll(nasty, `"`, ""))
	assert.Contains(t, suite.Out, c.Headline())

	suites, _ = read(true)
	assert.Equal(t, failures+skipped, suites.Failures)
	assert.Zero(t, suites.Suites[0].Skipped)
}

// Elements without an end tag, as HTML allows.
var void = map[string]bool{"meta": true, "input": true}

// element is what TestHTML looks at.
type element struct {
	name  string
	attrs map[string]string
	text  string
}

// parsed reads a page whose tags must nest; style and script are taken as they are.
func parsed(t *testing.T, page string) (elements []element, raw map[string]string) {
	t.Helper()
	raw = map[string]string{}
	for _, name := range []string{"style", "script"} {
		open, end := "<"+name+">", "</"+name+">"
		require.Equal(t, 1, strings.Count(page, open), name)
		before, rest, _ := strings.Cut(page, open)
		inside, after, ok := strings.Cut(rest, end)
		require.True(t, ok)
		raw[name], page = inside, before+after
	}
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.Entity = false, xml.HTMLEntity
	var open []int
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		switch x := token.(type) {
		case xml.StartElement:
			attrs := map[string]string{}
			for _, a := range x.Attr {
				attrs[a.Name.Local] = a.Value
			}
			elements = append(elements, element{x.Name.Local, attrs, ""})
			if !void[x.Name.Local] {
				open = append(open, len(elements)-1)
			}
		case xml.EndElement:
			require.NotEmpty(t, open)
			last := open[len(open)-1]
			require.Equal(t, elements[last].name, x.Name.Local, "tags nest")
			open = open[:len(open)-1]
		case xml.CharData:
			for _, i := range open {
				elements[i].text += string(x)
			}
		}
	}
	require.Empty(t, open)
	return elements, raw
}

// The page needs nothing else: no network, no script for what it says. Names from data are text.
// Plots have names, tables have headers, labels and links lead somewhere.
func TestHTML(t *testing.T) {
	c := sampleComparison(t)
	var b strings.Builder
	require.NoError(t, c.WriteHTML(&b))
	page := b.String()
	elements, raw := parsed(t, page)

	assert.NotRegexp(t, `(?i)(src|srcset|action|poster|data)=|url\(|@import|https?:|//[a-z]`, page)
	policy, ids := "", map[string]bool{}
	count := map[string]int{}
	for _, e := range elements {
		count[e.name]++
		if e.attrs["http-equiv"] == "Content-Security-Policy" {
			policy = e.attrs["content"]
		}
		if id := e.attrs["id"]; id != "" {
			assert.False(t, ids[id], "id %s is there twice", id)
			ids[id] = true
		}
		assert.NotContains(t, e.attrs, "style", "the policy forbids it")
		for name := range e.attrs {
			assert.False(t, strings.HasPrefix(name, "on"), "a handler on %s", e.name)
		}
	}
	assert.Contains(t, policy, "default-src 'none'")
	for _, name := range []string{"style", "script"} {
		sum := sha256.Sum256([]byte(raw[name]))
		assert.Contains(t, policy, name+"-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
	assert.Equal(t, 1, count["h1"])
	assert.Equal(t, "en", elements[0].attrs["lang"])

	rows, cards, plots, headers := 0, 0, 0, 0
	for _, e := range elements {
		for to := range strings.FieldsSeq(e.attrs["aria-labelledby"] + " " + e.attrs["for"] + " " + strings.TrimPrefix(e.attrs["href"], "#")) {
			assert.True(t, ids[to], "%s leads to %s", e.name, to)
		}
		switch {
		case e.name == "tr" && e.attrs["class"] != "":
			rows++
		case e.name == "article":
			cards++
		case e.name == "svg" && e.attrs["aria-hidden"] != "true":
			plots++
			assert.Equal(t, "img", e.attrs["role"])
			assert.NotEmpty(t, e.attrs["aria-label"])
		case e.name == "th":
			headers++
			assert.NotEmpty(t, e.attrs["scope"])
		}
	}
	assert.Equal(t, len(c.Subjects), rows)
	assert.Equal(t, 4, cards, "amount, few, region and the nasty one")
	assert.Equal(t, 2, plots, "amount and few")
	assert.Greater(t, headers, rows)
	assert.Contains(t, page, "&lt;script&gt;alert(x)&lt;/script&gt; &amp; &#39;ü&#39;")
	assert.Contains(t, page, "a&lt;b")
	for i := range c.Subjects {
		assert.Contains(t, elements[0].text, c.Subjects[i].Text)
	}
	assert.Contains(t, elements[0].text, c.Headline())
}

// Colors of texts have a contrast of at least 4.5 to what is behind them, those of plots 3, in light
// and dark and on paper (WCAG 2.1, 1.4.3 and 1.4.11).
func TestContrast(t *testing.T) {
	luminance := func(color string) float64 {
		sum := 0.0
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			v, err := strconv.ParseUint(color[1+2*i:3+2*i], 16, 8)
			require.NoError(t, err)
			if c := float64(v) / 255; c <= 0.03928 {
				sum += weight * c / 12.92
			} else {
				sum += weight * math.Pow((c+0.055)/1.055, 2.4)
			}
		}
		return sum
	}
	contrast := func(a, b string) float64 {
		x, y := luminance(a), luminance(b)
		return (max(x, y) + 0.05) / (min(x, y) + 0.05)
	}
	schemes := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(pageStyle, -1)
	require.Len(t, schemes, 3, "light, dark and print")
	for _, scheme := range schemes {
		colors := map[string]string{}
		for _, m := range regexp.MustCompile(`--(\w+): (#[0-9a-f]{6})`).FindAllStringSubmatch(scheme[1], -1) {
			colors[m[1]] = m[2]
		}
		for _, behind := range []string{"paper", "panel"} {
			for _, text := range []string{"ink", "soft", "drift", "ok", "none", "link"} {
				assert.GreaterOrEqual(t, contrast(colors[text], colors[behind]), 4.5, "%s on %s %s", text, behind, colors[behind])
			}
			for _, shape := range []string{"before", "now"} {
				assert.GreaterOrEqual(t, contrast(colors[shape], colors[behind]), 3.0, "%s on %s %s", shape, behind, colors[behind])
			}
		}
		assert.GreaterOrEqual(t, contrast(colors["now"], colors["before"]), 3.0, "the line on the area")
	}
}
