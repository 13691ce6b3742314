// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSum(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("# TYPE a counter\na{x=\"1\"} 2\na{x=\"2\"} 1.5e3 1700000000000\na{x=\"3} \"} 7\nab{x=\"1\"} 100\nb 3\n"))
	}))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	for labels, want := range map[string]int64{`x="1"`: 2, `x="2"`: 1500, `x=`: 1509, `x="4"`: 0} {
		n, err := sum(t.Context(), address, "a", labels)
		require.NoError(t, err)
		assert.Equal(t, want, n, labels)
	}
	server.Close()
	_, err := sum(t.Context(), address, "a")
	require.Error(t, err)
}
