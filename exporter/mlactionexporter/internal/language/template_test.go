// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package language

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func sample() map[string]any {
	return map[string]any{
		"alert":   map[string]any{"name": "SLO <Breach>", "labels": map[string]any{"team": "fraud", "none": ""}, "text": "a\nb"},
		"model":   map[string]any{"name": "fraud/v 1"},
		"with":    map[string]any{"n": int64(1000000), "list": []any{"a", "b"}, "empty": []any{}, "nothing": nil, "f": 0.25},
		"steps":   map[string]any{"read": map[string]any{"version": "7", "ran": true}},
		"secrets": map[string]any{"token": "s3cret/x y", "path": "T0/B0/abc"},
	}
}

func TestTemplates(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		"plain":                         "plain",
		"{{ .alert.name }}":             "SLO <Breach>",
		"{{ .with.n }} {{ .with.f }}":   "1000000 0.25",
		"[{{ .with.nothing }}]":         "[]",
		"{{ .with.list }}":              `["a","b"]`,
		"{{ .alert.labels }}":           `{"none":"","team":"fraud"}`,
		`{{ index .alert.labels "x" }}`: "",
		`{{ index .alert.labels "x" | default "y" }}`:                "y",
		`{{ .with.empty | default "y" }}`:                            "y",
		`{{ 0 | default "y" }}`:                                      "0",
		`{{ .alert.labels.none | default "y" }}`:                     "y",
		`{{ with .steps.read }}v{{ .version }}{{ end }}`:             "v7",
		`{{ range $i, $x := .with.list }}{{ $i }}{{ $x }},{{ end }}`: "0a,1b,",
		`{{ range .with.empty }}x{{ else }}none{{ end }}`:            "none",
		`{{ if eq .with.n 1000000 }}yes{{ end }}`:                    "yes",
		`{{ $x := .with.n }}{{ $x }}`:                                "1000000",
		`{{ json .with }}`:                                           `{"empty":[],"f":0.25,"list":["a","b"],"n":1000000,"nothing":null}`,
		`{{ .alert.name | truncate 5 }}`:                             "SLO …",
		`{{ .alert.name | truncate 50 }}`:                            "SLO <Breach>",
		`{{ "äöü" | truncate 2 }}`:                                   "ä…",
		`{{ "äöü" | truncate 3 }}`:                                   "äöü",
		`{{ "x" | truncate 0 }}`:                                     "",
		`{{ "aB" | lower }}{{ "aB" | upper }}`:                       "abAB",
		`{{ .with.list | join ", " }}`:                               "a, b",
		`{{ .with.n | join ", " }}`:                                  "1000000",
		`{{ .alert.text | indent 2 }}`:                               "  a\n  b",
		`{{ .alert.text | quote }}`:                                  `"a\nb"`,
		`{{ print "user:" .secrets.token | base64 }}`:                "dXNlcjpzM2NyZXQveCB5",
		`{{ "abc" | sha }}`:                                          "ba7816bf8f01cfea",
		`{{ printf "%s-%d" .model.name .with.n }}`:                   "fraud/v 1-1000000",
		"{{- /* said */ -}} x {{- .with.n -}} ":                      "x1000000",
	} {
		t.Run(text, func(t *testing.T) {
			tmpl, err := ParseTemplate(text)
			require.NoError(t, err)
			got, err := tmpl.Execute(sample())
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

func TestBadTemplates(t *testing.T) {
	for text, want := range map[string]string{
		"{{ .a ":                                "unclosed action",
		"{{ env }}":                             `function "env" not defined`,
		"{{ .a | _text }}":                      `function "_text" not defined`,
		"{{ .a | segments }}":                   `function "segments" not defined`,
		`{{ define "x" }}y{{ end }}`:            "templates cannot define others",
		`{{ block "x" . }}y{{ end }}`:           "templates cannot define others",
		`{{ if .a }}{{ template "" }}{{ end }}`: "there are no other templates to call",
	} {
		t.Run(text, func(t *testing.T) {
			_, err := ParseTemplate(text)
			require.ErrorContains(t, err, want)
		})
	}
}

func TestTemplatesThatFail(t *testing.T) {
	for text, want := range map[string]string{
		"{{ .alert.nope }}":                  `{{ .alert.nope }}: map has no entry for key "nope"`,
		"a{{ .alert.labels.x | default 1 }}": `{{ .alert.labels.x }}: map has no entry for key "x"`,
		"{{ .alert.name.x }}":                "can't evaluate field x in type interface {}",
	} {
		t.Run(text, func(t *testing.T) {
			tmpl, err := ParseTemplate(text)
			require.NoError(t, err)
			_, err = tmpl.Execute(sample())
			require.ErrorContains(t, err, want)
		})
	}
	tmpl, err := ParseTemplate("{{ range .l }}{{ $.x }}{{ end }}")
	require.NoError(t, err)
	_, err = tmpl.Execute(map[string]any{"l": make([]any, 2000), "x": strings.Repeat("x", 1000)})
	require.EqualError(t, err, "the template puts out more than 1048576 bytes")
}

func TestTemplateNames(t *testing.T) {
	for text, want := range map[string][][]string{
		"{{ .a.b }}{{ $.c.d }}": {{"a", "b"}, {"c", "d"}},
		"{{ with .a.b }}{{ .c }}{{ $.d }}{{ else }}{{ .e }}{{ end }}": {{"a", "b"}, {"d"}, {"e"}},
		"{{ range .a }}{{ .b }}{{ end }}":                             {{"a"}},
		"{{ if .a }}{{ .b }}{{ else if .c }}{{ .d }}{{ end }}":        {{"a"}, {"b"}, {"c"}, {"d"}},
		`{{ index .a "b" "c" }}`:                                      {{"a"}, {"a", "b", "c"}},
		`{{ json (index .a.b "c") | upper }}`:                         {{"a", "b"}, {"a", "b", "c"}},
		`{{ index .a 0 }}`:                                            {{"a"}, {"a"}},
		`{{ $x := .a }}{{ $x.b }}`:                                    {{"a"}},
		`{{ (.a.b).c }}`:                                              {{"a", "b"}},
	} {
		t.Run(text, func(t *testing.T) {
			tmpl, err := ParseTemplate(text)
			require.NoError(t, err)
			assert.Equal(t, want, tmpl.Names())
		})
	}
}
