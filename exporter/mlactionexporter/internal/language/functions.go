// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package language

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"reflect"
	"strconv"
	"strings"
	"text/template"
)

// Functions that the rewriting of templates adds; people cannot call them.
const (
	textFunction   = "_text"
	escapeFunction = "_escape"
	// segmentsFunction is the one that people may write, as {{ .secrets.NAME | segments }}.
	segmentsFunction = "segments"
)

// functions are those of templates, beside those that text/template has. The last argument is the
// one that a pipeline gives.
var functions = template.FuncMap{
	"json":     func(v any) (string, error) { data, err := EncodeJSON(v); return string(data), err },
	"truncate": func(n int, v any) string { return Truncate(Text(v), n) },
	"default":  defaultTo,
	"lower":    func(v any) string { return strings.ToLower(Text(v)) },
	"upper":    func(v any) string { return strings.ToUpper(Text(v)) },
	"join":     join,
	"indent":   indent,
	"quote":    func(v any) string { return strconv.Quote(Text(v)) },
	"base64":   func(v any) string { return base64.StdEncoding.EncodeToString([]byte(Text(v))) },
	"sha":      sha,
}

// Truncate shortens a text to at most n characters; the last of a text that was cut is "…".
func Truncate(s string, n int) string {
	if n <= 0 {
		return ""
	}
	if len(s) <= n {
		return s
	}
	cut, count := 0, 0
	for i := range s {
		if count == n-1 {
			cut = i
		}
		if count++; count > n {
			return s[:cut] + "…"
		}
	}
	return s
}

// defaultTo gives d where there is nothing: no value, an empty text, list or map. 0 and false are
// something.
func defaultTo(d, v any) any {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Invalid:
		return d
	case reflect.String, reflect.Map, reflect.Slice:
		if r.Len() == 0 {
			return d
		}
	}
	return v
}

func join(separator string, v any) string {
	list, ok := v.([]any)
	if !ok {
		return Text(v)
	}
	texts := make([]string, len(list))
	for i, item := range list {
		texts[i] = Text(item)
	}
	return strings.Join(texts, separator)
}

// indent puts n spaces, 64 at most, before each line.
func indent(n int, v any) string {
	spaces := strings.Repeat(" ", min(max(n, 0), 64))
	return spaces + strings.ReplaceAll(Text(v), "\n", "\n"+spaces)
}

// sha is the first 16 hex digits of the SHA-256 of a text: a short name for it.
func sha(v any) string {
	sum := sha256.Sum256([]byte(Text(v)))
	return hex.EncodeToString(sum[:8])
}
