// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// options are the parameters of a method: float64, bool or choice.
type options map[string]any

// choice is one of several words; the first is the default.
type choice []string

func (o options) number(name string) float64 {
	v, _ := o[name].(float64)
	return v
}

func (o options) flag(name string) bool {
	v, _ := o[name].(bool)
	return v
}

func (o options) word(name string) string {
	v, _ := o[name].(choice)
	if len(v) == 0 {
		return ""
	}
	return v[0]
}

// threshold is the parameter that all methods have which judge.
const threshold = "threshold"

// defaults are the parameters of the method, by name, as they are written.
func (m *Method) defaults() map[string]string {
	out := map[string]string{}
	for name, v := range m.parameters {
		switch v := v.(type) {
		case float64:
			out[name] = strconv.FormatFloat(v, 'g', -1, 64)
		case bool:
			out[name] = strconv.FormatBool(v)
		case choice:
			out[name] = strings.Join(v, "|")
		}
	}
	return out
}

// With returns the method with other parameters. Its errors name what is unknown or not of the
// parameter's kind.
func (m *Method) With(parameters map[string]string) (*Method, error) {
	out := *m
	out.options = maps.Clone(m.options)
	if out.options == nil {
		out.options = options{}
	}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		text := parameters[name]
		var v any
		var err error
		switch was := m.parameters[name].(type) {
		case float64:
			v, err = number(text)
		case bool:
			v, err = strconv.ParseBool(text)
		case choice:
			if !slices.Contains(was, text) {
				err = fmt.Errorf("none of %s", strings.Join(was, ", "))
			}
			v = choice{text}
		default:
			if name != threshold || m.rule.none || m.rule.words != nil {
				return nil, m.unknown(name)
			}
			v, err = number(text)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: parameter %s: %q: %w", m.name, name, text, err)
		}
		out.options[name] = v
	}
	return &out, nil
}

func number(text string) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err == nil && (math.IsNaN(v) || math.IsInf(v, 0) || v < 0) {
		err = fmt.Errorf("%v is not a number of at least 0", v)
	}
	return v, err
}

func (m *Method) unknown(name string) error {
	defaults := m.defaults()
	var known []string
	for _, one := range slices.Sorted(maps.Keys(defaults)) {
		known = append(known, fmt.Sprintf("%s (%s)", one, defaults[one]))
	}
	if !m.rule.none && m.rule.words == nil {
		known = append(known, threshold)
	}
	if len(known) == 0 {
		known = []string{"none"}
	}
	return fmt.Errorf("%s has no parameter %q; it has %s", m.name, name, strings.Join(known, ", "))
}
