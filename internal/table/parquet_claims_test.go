// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestParquetClaims: no room is made for a footer that a file claims and does not have.
func TestParquetClaims(t *testing.T) {
	for content, want := range map[string]string{
		"PAR1" + strings.Repeat("x", 100) + "\xff\xff\xff\x7fPAR1": "its footer claims 2147483647 bytes, the file has 112",
		"PAR1" + "\x01\x00\x00\x00PAR1":                            "its footer claims 1 bytes, the file has 12",
		"PAR1":                                                     "it is too short",
	} {
		path := filepath.Join(t.TempDir(), "a.parquet")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Open(path, Options{})
		runtime.ReadMemStats(&after)
		require.ErrorContains(t, err, want)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
	}
}
