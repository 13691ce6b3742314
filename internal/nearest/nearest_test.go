// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package nearest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestName(t *testing.T) {
	known := []string{"fraud", "churn", "recommender"}
	for name, want := range map[string]string{
		"fruad":                  "fraud",
		"Fraud":                  "fraud",
		"recomender":             "recommender",
		"weather":                "",
		"":                       "",
		strings.Repeat("f", 100): "",
	} {
		got, ok := Name(name, known)
		assert.Equal(t, want, got, name)
		assert.Equal(t, want != "", ok, name)
	}
}
