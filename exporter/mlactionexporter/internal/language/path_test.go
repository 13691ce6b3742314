// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package language

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPaths(t *testing.T) {
	for text, want := range map[string]string{
		"/":                               "/",
		"/api/v1/items":                   "/api/v1/items",
		"/api/v1/items/":                  "/api/v1/items/",
		"/api/{{ .model.name }}/x":        "/api/fraud%2Fv%201/x",
		"/api/v{{ .with.n }}":             "/api/v1000000",
		"/{{ .secrets.path | segments }}": "/T0/B0/abc",
		"/services/{{ .secrets.path | segments }}/x": "/services/T0/B0/abc/x",
		"/{{ .secrets.token | segments }}":           "/s3cret/x%20y",
		"/{{ .secrets.path }}":                       "/T0%2FB0%2Fabc",
		"/{{ if .with.n }}a{{ else }}b{{ end }}":     "/a",
		"/{{ range .with.list }}{{ . }}{{ end }}":    "/ab",
		"/{{ $x := .model.name }}{{ $x }}":           "/fraud%2Fv%201",
		`/{{ "a?b#c%d;e\\f" }}`:                      "/a%3Fb%23c%25d%3Be%5Cf",
		`/apis/x.io/v1:do/{{ "a.b" }}`:               "/apis/x.io/v1:do/a.b",
	} {
		t.Run(text, func(t *testing.T) {
			p, err := ParsePath(text)
			require.NoError(t, err)
			got, err := p.Execute(sample())
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

func TestBadPaths(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "must begin with /",
		"{{ .a }}":                             "must begin with /",
		"https://x/y":                          "must begin with /",
		"/a?b=c":                               `"?" cannot be in a path; what follows ? is written as query`,
		"/a#b":                                 `"#" cannot be in a path`,
		"/a%2e":                                `"%" cannot be in a path`,
		"/a b":                                 `" " cannot be in a path`,
		"/a\\b":                                `"\\" cannot be in a path`,
		"//evil.example.com/x":                 `the path has the segment ""`,
		"/a/../b":                              `the path has the segment ".."`,
		"/a/./b":                               `the path has the segment "."`,
		"/a/{{ .b ":                            "unclosed action",
		"/{{ .with.x | segments }}":            "segments is for secrets alone",
		"/{{ .secrets.x | lower | segments }}": "segments is for secrets alone",
		"/{{ segments .secrets.x }}":           "segments is for secrets alone",
		`/{{ if segments "a" }}x{{ end }}`:     "segments is for secrets alone",
		`/{{ $x := segments "../a" }}{{ $x }}`: "segments is for secrets alone",
	} {
		t.Run(text, func(t *testing.T) {
			_, err := ParsePath(text)
			require.ErrorContains(t, err, want)
		})
	}
}

// TestPathsThatFail: values cannot make another path of it.
func TestPathsThatFail(t *testing.T) {
	for _, c := range []struct{ text, value, want string }{
		{"/a/{{ .v }}/b", "", "segment 2 of the path is empty"},
		{"/a/{{ .v }}", "", "segment 2 of the path is empty"},
		{"/a/{{ .v }}/b", "..", "segment 2 of the path leads elsewhere"},
		{"/a/{{ .v }}/b", ".", "leads elsewhere"},
		{"/a/.{{ .v }}/b", ".", "leads elsewhere"},
		{"/a/{{ .v }}{{ .v }}", ".", "leads elsewhere"},
		{"/a/{{ .v }}", "x/../../y", "leads elsewhere"},
		{"/a/{{ .v }}", `x\..\y`, "leads elsewhere"},
		{"/a/{{ if .v }}{{ else }}x{{ end }}/b", "x", "segment 2 of the path is empty"},
		{"/a/{{ .secrets.v | segments }}", "a//b", "a segment of the secret is empty"},
		{"/a/{{ .secrets.v | segments }}", "a/../b", "leads elsewhere"},
		{"/a/{{ .secrets.v | segments }}", "", "a segment of the secret is empty"},
	} {
		t.Run(c.text+" "+c.value, func(t *testing.T) {
			p, err := ParsePath(c.text)
			require.NoError(t, err)
			_, err = p.Execute(map[string]any{"v": c.value, "secrets": map[string]any{"v": c.value}})
			require.ErrorContains(t, err, c.want)
		})
	}
}

// FuzzPath: whatever the values are, the literal part of the path stays as it is, and each value
// is in the one segment where its template stands.
func FuzzPath(f *testing.F) {
	for _, s := range []string{"a", "..", ".", "", "/", "//evil", "a/../b", "%2e%2e", "%2f", "?x", "#y", ";z", "\\", "\x00", "\xff", "é", "a b", "http://evil", "@evil", ":80", "{{ .b }}"} {
		f.Add(s, s, s)
	}
	p, err := ParsePath("/base/v1/{{ .a }}/m-{{ .b }}.x/end/{{ .secrets.c | segments }}")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, a, b, c string) {
		got, err := p.Execute(map[string]any{"a": a, "b": b, "secrets": map[string]any{"c": c}})
		if err != nil {
			return
		}
		u, err := url.Parse("https://user@host.example.com:8443" + got)
		require.NoError(t, err, got)
		assert.Equal(t, "host.example.com:8443", u.Host)
		assert.Equal(t, "https", u.Scheme)
		assert.Empty(t, u.RawQuery)
		assert.Empty(t, u.Fragment)
		assert.Equal(t, got, u.EscapedPath())
		parts := strings.Split(got, "/")
		require.GreaterOrEqual(t, len(parts), 7)
		assert.Equal(t, []string{"", "base", "v1", parts[3], parts[4], "end"}, parts[:6])
		first, err := url.PathUnescape(parts[3])
		require.NoError(t, err)
		assert.Equal(t, a, first)
		second, err := url.PathUnescape(parts[4])
		require.NoError(t, err)
		assert.Equal(t, "m-"+b+".x", second)
		for _, part := range parts[1:] {
			decoded, err := url.PathUnescape(part)
			require.NoError(t, err)
			assert.NotContains(t, []string{"", ".", ".."}, decoded)
		}
		// Servers that clean paths find nothing to clean.
		clean := u.JoinPath()
		assert.Equal(t, got, clean.EscapedPath())
	})
}
