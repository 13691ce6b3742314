// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/convention"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// object reads one block of keys of a document. The schema has reported what has the wrong type;
// such a value reads as absent here, so that the rest of the card is still checked.
type object struct {
	doc  *yamldoc.Document
	path []string
	m    map[string]any
}

func (o object) has(key string) bool { _, ok := o.m[key]; return ok }

func (o object) at(keys ...string) []string { return append(slices.Clone(o.path), keys...) }

// fail reports a violation at the value of a key below the block.
func (o object) fail(keys []string, format string, args ...any) {
	path := o.at(keys...)
	_, node := o.doc.At(path)
	o.doc.Fail(node, path, format, args...)
}

func (o object) text(key string) string {
	s, _ := o.m[key].(string)
	return s
}

func (o object) number(key string) *float64 {
	switch v := o.m[key].(type) {
	case float64:
		return &v
	case int64:
		f := float64(v)
		return &f
	}
	return nil
}

func (o object) integer(key string) int {
	switch v := o.m[key].(type) {
	case int64:
		return int(v)
	case float64:
		return int(v) // 3.0 is an integer to JSON Schema
	}
	return 0
}

func (o object) flag(key string) bool {
	b, _ := o.m[key].(bool)
	return b
}

func (o object) texts(key string) []string {
	list, _ := o.m[key].([]any)
	var out []string
	for _, v := range list {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func (o object) block(key string) object {
	m, _ := o.m[key].(map[string]any)
	return object{doc: o.doc, path: o.at(key), m: m}
}

func (o object) blocks(key string) []object {
	list, _ := o.m[key].([]any)
	out := make([]object, 0, len(list))
	for i, v := range list {
		m, _ := v.(map[string]any)
		out = append(out, object{doc: o.doc, path: o.at(key, strconv.Itoa(i)), m: m})
	}
	return out
}

// duration reports a duration whose form is good but that is 0 or too long.
func (o object) duration(key string) time.Duration {
	s, ok := o.m[key].(string)
	if !ok || !durationForm.MatchString(s) {
		return 0
	}
	d, err := eventtime.ParseDuration(s)
	if err != nil {
		o.fail([]string{key}, "%q %v", yamldoc.Clip(s), err)
	}
	return d
}

// durationForm and windowForm are patterns of the schema; what does not match has been reported.
var (
	durationForm = regexp.MustCompile(`^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h|d|w))+$`)
	windowForm   = regexp.MustCompile(`^(day|week|month|([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h|d|w))+)$`)
)

func (o object) numbers(key string) map[string]float64 {
	block := o.block(key)
	if len(block.m) == 0 {
		return nil
	}
	out := make(map[string]float64, len(block.m))
	for k := range block.m {
		if f := block.number(k); f != nil {
			out[k] = *f
		}
	}
	return out
}

// attributes returns scalars by name: string, int64, float64 or bool.
func (o object) attributes(key string) map[string]any {
	block := o.block(key)
	if len(block.m) == 0 {
		return nil
	}
	out := make(map[string]any, len(block.m))
	for k, v := range block.m {
		switch v.(type) {
		case string, int64, float64, bool:
			out[k] = v
		}
	}
	return out
}

func (o object) bounds() (low, high *float64) {
	low, high = o.number("min"), o.number("max")
	if low != nil && high != nil && *low > *high {
		o.fail([]string{"min"}, "%v is above max, %v", *low, *high)
	}
	return low, high
}

// methods reads a list of statistics for columns of a type; an empty type is unknown.
func (o object) methods(key string, t profile.Type) []string {
	list := o.texts(key)
	for i, name := range list {
		at := []string{key, strconv.Itoa(i)}
		if tool, ok := convention.Find(name); ok {
			switch {
			case t == profile.Numeric && !tool.Binned(), t == profile.Categorical && !tool.Counted():
				o.fail(at, "%s is not for %s features, or compares rows themselves: mlprofile score --method %s computes it of data files", name, t, name)
			case !tool.Binned() && !tool.Counted():
				o.fail(at, "%s compares rows themselves: mlprofile score --method %s computes it of data files", name, name)
			}
		}
		if t == profile.Categorical && stats.Method(name).Ordered() {
			o.fail(at, "%s needs numeric values, the feature is categorical", name)
		}
	}
	return list
}

// once reports the items of a list whose names have been seen.
func once(blocks []object, key string) {
	seen := make(map[string]int, len(blocks))
	for i, b := range blocks {
		name := b.text(key)
		if name == "" {
			continue
		}
		if first, ok := seen[name]; ok {
			b.fail([]string{key}, "%q is there twice, first at [%d]", yamldoc.Clip(name), first)
			continue
		}
		seen[name] = i
	}
}
