// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package assessment

import (
	"encoding/json"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/table"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// items reads a list of items from a JSON array of strings or numbers.
func items(c table.Cell) (out []string, ok bool) {
	var list []any
	d := json.NewDecoder(strings.NewReader(c.Text))
	d.UseNumber()
	if d.Decode(&list) != nil {
		return nil, false
	}
	for _, v := range list {
		name, ok := item(v)
		if !ok {
			return nil, false
		}
		out = append(out, name)
	}
	return out, true
}

func item(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return value.Category(v), true
	case json.Number:
		return v.String(), true
	}
	return "", false
}

// relevances reads which items were relevant: one item, a JSON array of them, or a JSON object with
// the relevance of each.
func relevances(c table.Cell) (map[string]float64, bool) {
	text := strings.TrimSpace(c.Text)
	switch {
	case strings.HasPrefix(text, "{"):
		var out map[string]float64
		err := json.Unmarshal([]byte(text), &out)
		return out, err == nil && len(out) > 0
	case strings.HasPrefix(text, "["):
		list, ok := items(c)
		out := make(map[string]float64, len(list))
		for _, name := range list {
			out[name] = 1
		}
		return out, ok && len(out) > 0
	}
	name := c.Category()
	return map[string]float64{name: 1}, name != ""
}
