// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

var writeGolden = flag.String("write-golden", "", "write the storage of this version into a file of testdata with this name")

// GoldenStores reads what earlier versions stored, a file testdata/store-*.json for each, in a
// subtest of its own. With -write-golden=store-NAME.json, what write returns is stored there first.
func GoldenStores(t *testing.T, write func() map[string][]byte, read func(t *testing.T, stored map[string][]byte)) {
	t.Helper()
	if *writeGolden != "" {
		text, err := json.MarshalIndent(write(), "", " ")
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(filepath.Join("testdata", *writeGolden), append(text, '\n'), 0o600))
	}

	files, err := filepath.Glob(filepath.Join("testdata", "store-*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			var stored map[string][]byte
			require.NoError(t, json.Unmarshal(text, &stored))
			require.NotEmpty(t, stored)
			read(t, stored)
		})
	}
}
