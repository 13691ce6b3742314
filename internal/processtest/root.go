// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package processtest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// RepoRoot returns the folder of the repository.
func RepoRoot(t testing.TB) string {
	t.Helper()
	root, err := FindRepoRoot()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// FindRepoRoot looks for the manifest from the working directory upwards.
func FindRepoRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "builder-config.yaml")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no builder-config.yaml in %s or above", start)
		}
	}
}
