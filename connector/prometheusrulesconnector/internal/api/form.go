// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/otelcol-ml/otelcol-ml/internal/ruleengine"
)

// Bounds of a request. An expression's depth is bounded because Prometheus walks it by recursion, and a
// stack that has run over ends the process; what may be a level, because its parser takes a time that
// grows with the square of the depth (a second for 8,000 parentheses).
const (
	maxBody       = 1 << 20
	maxExpression = 64 << 10
	maxDepth      = 500
	maxLevels     = 2000
	maxSelectors  = 100
	maxLabelName  = 1 << 10
)

// expressions are the parameters that hold PromQL.
var expressions = []string{"query", "match[]"}

// readForm reads the parameters of a request and bounds them.
func readForm(w http.ResponseWriter, r *http.Request) *refusal {
	if r.Method == http.MethodPost && !isForm(r) {
		return refuse(http.StatusUnsupportedMediaType, "bad_data",
			"the body is %.100q: parameters come as application/x-www-form-urlencoded, or in the URL", r.Header.Get("Content-Type"))
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return refuse(http.StatusRequestEntityTooLarge, "bad_data", "the body is larger than %d bytes", maxBody)
		}
		return refuse(http.StatusBadRequest, "bad_data", "error parsing form values: %v", err)
	}
	if len(r.URL.Path) > maxLabelName {
		return refuse(http.StatusBadRequest, "bad_data", "the path has %d bytes, at most %d", len(r.URL.Path), maxLabelName)
	}
	for _, key := range expressions {
		if no := checkExpressions(key, r.Form[key]); no != nil {
			return no
		}
	}
	return nil
}

// isForm reports whether the body is a form, or nothing. A body in parts would be written to files.
func isForm(r *http.Request) bool {
	text := r.Header.Get("Content-Type")
	if text == "" {
		return true
	}
	kind, _, err := mime.ParseMediaType(text)
	return err == nil && kind == "application/x-www-form-urlencoded"
}

func checkExpressions(key string, texts []string) *refusal {
	if len(texts) > maxSelectors {
		return refuse(http.StatusBadRequest, "bad_data", "invalid parameter %q: there are %d of it, at most %d", key, len(texts), maxSelectors)
	}
	for _, text := range texts {
		if len(text) > maxExpression {
			return refuse(http.StatusBadRequest, "bad_data", "invalid parameter %q: it has %d bytes, at most %d", key, len(text), maxExpression)
		}
		if tooDeep(text) {
			return refuse(http.StatusBadRequest, "bad_data",
				"invalid parameter %q: it is nested more than %d deep; a long chain of operators counts as deep, too", key, maxDepth)
		}
	}
	return nil
}

// tooDeep reports whether an expression is nested deeper than maxDepth. What is no expression is not:
// Prometheus says what is wrong with it.
func tooDeep(text string) bool {
	switch n := levels(text); {
	case n <= maxDepth:
		return false
	case n > maxLevels:
		return true
	}
	expr, err := ruleengine.Parser().ParseExpr(text)
	if err != nil {
		return false
	}
	level := []parser.Node{expr}
	for range maxDepth {
		var next []parser.Node
		for _, node := range level {
			for child := range parser.ChildrenIter(node) {
				next = append(next, child)
			}
		}
		if len(next) == 0 {
			return false
		}
		level = next
	}
	return true
}

// levels returns how deep an expression can be nested at most: how many parentheses it opens and
// operators it has. It knows no more of PromQL than where strings and comments are.
func levels(text string) int {
	n := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '"', '\'', '`':
			i += stringEnd(text[i+1:], c)
		case '#':
			if end := strings.IndexByte(text[i:], '\n'); end >= 0 {
				i += end
			} else {
				i = len(text)
			}
		case '(', '+', '-', '*', '/', '%', '^', '=', '<', '>', '[':
			n++
		case 'd', 'D', 'r', 'R', 's', 'S', '2': // the last letters of and, or, unless, atan2
			if i+1 == len(text) || !isWord(text[i+1]) {
				n++
			}
		}
	}
	return n
}

// stringEnd returns how many bytes there are up to the end of a string, its quote included.
func stringEnd(rest string, quote byte) int {
	for i := 0; i < len(rest); i++ {
		switch {
		case rest[i] == quote:
			return i + 1
		case rest[i] == '\\' && quote != '`':
			i++
		}
	}
	return len(rest)
}

func isWord(c byte) bool {
	return c == '_' || c == ':' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// parseLimit reads the parameter limit as Prometheus does; 0 and nothing are no limit.
func parseLimit(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err == nil && n < 0 {
		err = strconv.ErrRange
	}
	return n, err
}
