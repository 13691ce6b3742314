// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDocuments(t *testing.T) {
	a, b, c := `{"resourceLogs":[{"a":"{\"resourceLogs\":"}]}`, `{"resourceSpans":[{}]}`, `{"resourceMetrics":[]}`
	for name, test := range map[string]struct {
		content string
		want    []string
	}{
		"empty":                    {"", nil},
		"lines":                    {a + "\n" + b + "\n" + c + "\n", []string{a, b, c}},
		"a line break is missing":  {a + b + "\n" + c + "\n", []string{a, b, c}},
		"a document is cut":        {a[:20] + b + "\n" + c + "\n", []string{b, c}},
		"both, one after another":  {a[:3] + b + c + a[:20] + c + "\n", []string{b, c, c}},
		"the end is not there yet": {a + "\n" + b, []string{a}},
	} {
		var got []string
		for _, document := range Documents([]byte(test.content)) {
			got = append(got, string(document))
		}
		assert.Equal(t, test.want, got, name)
	}
}
