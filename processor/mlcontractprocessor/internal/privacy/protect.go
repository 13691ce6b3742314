// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package privacy

import (
	"bytes"
	"encoding/json"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Protect hashes and drops what the rules name, on all spans, and returns how many values it were.
func (g *Guard) Protect(td ptrace.Traces) int64 {
	n := int64(0)
	for _, rs := range td.ResourceSpans().All() {
		n += g.attributes(rs.Resource().Attributes())
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				n += g.attributes(span.Attributes())
			}
		}
	}
	return n
}

func (g *Guard) attributes(attrs pcommon.Map) (n int64) {
	attrs.RemoveIf(func(key string, v pcommon.Value) bool {
		if key == mlconv.AttrFeatures {
			n += g.features(v)
			return false
		}
		switch g.actionOf(key) {
		case Drop:
			n++
			return true
		case Hash:
			n += g.hash(v)
		}
		return false
	})
	return n
}

// actionOf is what becomes of the attribute with a key.
func (g *Guard) actionOf(key string) Action {
	feature, ok := strings.CutPrefix(key, mlconv.PrefixFeature)
	for i := range g.rules {
		r := &g.rules[i]
		if ok && anyMatches(r.Features, feature) || anyMatches(r.Attributes, key) {
			return r.Action
		}
	}
	return ""
}

func anyMatches(patterns []string, name string) bool {
	for _, p := range patterns {
		if matches(name)(p) {
			return true
		}
	}
	return false
}

// features protects those in ml.features: a map, JSON in a string, or a list of either.
func (g *Guard) features(v pcommon.Value) (n int64) {
	switch v.Type() {
	case pcommon.ValueTypeMap:
		v.Map().RemoveIf(func(name string, v pcommon.Value) bool {
			switch g.actionOf(mlconv.PrefixFeature + name) {
			case Drop:
				n++
				return true
			case Hash:
				n += g.hash(v)
			}
			return false
		})
	case pcommon.ValueTypeSlice:
		for _, row := range v.Slice().All() {
			n += g.features(row)
		}
	case pcommon.ValueTypeStr:
		n = g.document(v)
	}
	return n
}

// document protects the features of JSON in a string. One that is none is dropped whole: nobody knows
// what it has.
func (g *Guard) document(v pcommon.Value) (n int64) {
	if v.Str() == "" {
		return 0
	}
	d := json.NewDecoder(strings.NewReader(v.Str()))
	d.UseNumber()
	var features map[string]any
	if d.Decode(&features) != nil || d.More() {
		v.SetStr("")
		return 1
	}
	for name, x := range features {
		switch g.actionOf(mlconv.PrefixFeature + name) {
		case Drop:
			delete(features, name)
			n++
		case Hash:
			if x != nil && x != "" {
				features[name] = g.digest(text(x))
				n++
			}
		}
	}
	if n == 0 {
		return 0
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if e.Encode(features) != nil {
		v.SetStr("")
		return n
	}
	v.SetStr(strings.TrimSuffix(out.String(), "\n"))
	return n
}

// text is a value of JSON as it was written.
func text(x any) string {
	switch x := x.(type) {
	case string:
		return x
	case json.Number:
		return x.String()
	}
	data, err := json.Marshal(x)
	if err != nil {
		return ""
	}
	return string(data)
}

// hash puts a digest in the place of a value, and of each of a list: what is missing stays missing.
func (g *Guard) hash(v pcommon.Value) (n int64) {
	switch {
	case v.Type() == pcommon.ValueTypeSlice:
		for _, x := range v.Slice().All() {
			n += g.hash(x)
		}
		return n
	case v.Type() == pcommon.ValueTypeEmpty, v.Type() == pcommon.ValueTypeStr && v.Str() == "":
		return 0
	}
	v.SetStr(g.digest(v.AsString()))
	return 1
}
