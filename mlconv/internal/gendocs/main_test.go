// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPageIsCurrent(t *testing.T) {
	want, err := generate("../..")
	require.NoError(t, err)
	got, err := os.ReadFile("../../../docs/attributes.md")
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "docs/attributes.md is out of date: run make generate")
}

func TestCommentsAreChecked(t *testing.T) {
	dir := t.TempDir()
	source := `package x
// Names.
const (
	// AttrGood (string) is fine. Example: "a|b".
	AttrGood = "ml.good"
	// AttrBad has no type.
	AttrBad = "ml.bad"
	// AttrOther (int) is about another constant.
	AttrWrong = "ml.wrong"
)
`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "attributes.go"), []byte(source), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "metrics.go"), []byte("package x"), 0o600))
	page, err := generate(dir)
	assert.ErrorContains(t, err, "attributes.go:7")
	assert.ErrorContains(t, err, "attributes.go:9")
	assert.Contains(t, string(page), "| `ml.good` | string |  | Fine. | `\"a\\|b\"` |")
}
