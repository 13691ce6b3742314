// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package sourcetest

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/fetch"
)

// MaxBody is the largest answer that a source may read in RefusesUnreadable, in bytes.
const MaxBody = 2000

// RefusesUnreadable tests that a source gives up after the first answer that cannot be read or is
// too large. List is the key of what its first request asks for.
func RefusesUnreadable(t *testing.T, list string, fetchFrom func(t *testing.T, r *Registry) error) {
	t.Helper()
	for name, body := range map[string]string{
		"not JSON": "<html>", "a list": "[]", "cut": `{"` + list + `": [`, "wrong types": `{"` + list + `": {"name": 1}}`,
		"large": `{"` + list + `": []}` + strings.Repeat(" ", 5000),
	} {
		t.Run(name, func(t *testing.T) {
			r := NewRegistry(t, func(string, url.Values) (int, string) { return 200, body })
			var e *fetch.Error
			require.ErrorAs(t, fetchFrom(t, r), &e)
			assert.Zero(t, e.Status)
			assert.Len(t, r.Requests(), 1)
		})
	}
}
