// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/internal/jsonscan"
	"github.com/otelcol-ml/otelcol-ml/internal/wildcard"
)

// anyStep as a step of a path matches every item of an array, or every member of an object.
const anyStep = "*"

// isMember is true where a step of a path is the member of an object with a key. A * in it is any
// text, and | stands between alternatives.
func isMember(step, key string) bool {
	if step == key {
		return true
	}
	for {
		one, rest, more := strings.Cut(step, "|")
		if wildcard.Match(one, key) {
			return true
		}
		if !more {
			return false
		}
		step = rest
	}
}

// isItem is true where a step of a path is the item of an array at an index.
func isItem(step string, index int) bool {
	if step == anyStep {
		return true
	}
	n := 0
	for i := range len(step) {
		if step[i] < '0' || step[i] > '9' || n > index {
			return false
		}
		n = 10*n + int(step[i]-'0')
	}
	return n == index && step != "" && (step[0] != '0' || len(step) == 1)
}

// walkValue is walkJSON for an attribute that is a map or an array.
func walkValue(v pcommon.Value, path []string, c *collector, depth int) {
	if depth > jsonscan.MaxDepth {
		return
	}
	if len(path) == 0 {
		c.add(fromAttribute(v))
		return
	}
	switch v.Type() {
	case pcommon.ValueTypeMap:
		for k, item := range v.Map().All() {
			if isMember(path[0], k) {
				walkValue(item, path[1:], c, depth+1)
			}
		}
	case pcommon.ValueTypeSlice:
		for i, item := range v.Slice().All() {
			if isItem(path[0], i) {
				walkValue(item, path[1:], c, depth+1)
			}
		}
	}
}
