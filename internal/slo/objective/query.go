// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package objective

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/otelcol-ml/otelcol-ml/internal/ruleengine"
)

// Query is PromQL in which {{.window}} stands for a window, as in Sloth.
type Query string

var window = regexp.MustCompile(`\{\{\s*\.window\s*\}\}`)

// Windowed reports whether the query has a place for a window.
func (q Query) Windowed() bool { return window.MatchString(string(q)) }

// In returns the query for a window, so that it may stand in parentheses.
func (q Query) In(d time.Duration) string {
	text := strings.TrimSpace(window.ReplaceAllLiteralString(string(q), Duration(d)))
	if strings.Contains(text, "#") {
		text += "\n" // what follows is not to be a part of a comment
	}
	return text
}

// units are windows in each of the units that windows have.
var units = []time.Duration{5 * time.Minute, time.Hour, Day, 7 * Day}

// Check says what is wrong with the query, in any window.
func (q Query) Check() error {
	for _, w := range units {
		if err := q.check(w); err != nil {
			return err
		}
	}
	return nil
}

func (q Query) check(w time.Duration) error {
	text := q.In(w)
	if text == "" {
		return errors.New("is empty")
	}
	if strings.Contains(text, "{{") {
		return errors.New("has a template that is not {{.window}}")
	}
	expr, err := ruleengine.Parser().ParseExpr(text)
	if err != nil {
		return fmt.Errorf("is no PromQL: %s", strings.ReplaceAll(err.Error(), "\n", " "))
	}
	if t := expr.Type(); t != parser.ValueTypeVector && t != parser.ValueTypeScalar {
		return fmt.Errorf("gives a %s, an instant vector is needed", parser.DocumentedType(t))
	}
	return nil
}

// Duration writes a duration as PromQL has it.
func Duration(d time.Duration) string { return model.Duration(d).String() }
