// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
)

// BinaryEnv is the environment variable that names a collector to test in place of the one in this
// repository.
const BinaryEnv = "OTELCOL_ML_BIN"

// buildOnce holds the outcome of the one build of a test process.
var buildOnce = sync.OnceValues(build)

// BuildCollector returns the path of the collector, which it builds the way make build does, unless
// BinaryEnv names one. A binary that is up to date is not linked again; test packages that run side
// by side take turns.
func BuildCollector(t testing.TB) string {
	t.Helper()
	binary, err := buildOnce()
	if err != nil {
		t.Fatalf("build the collector: %v", err)
	}
	return binary
}

func build() (string, error) {
	if binary := os.Getenv(BinaryEnv); binary != "" {
		return filepath.Abs(binary)
	}
	root, err := processtest.FindRepoRoot()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(root, "bin", "otelcol-ml")
	if err := os.MkdirAll(filepath.Dir(binary), 0o755); err != nil {
		return "", err
	}
	lock, err := os.Create(binary + ".lock")
	if err != nil {
		return "", err
	}
	defer func() { _ = lock.Close() }() // gives the lock back
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-tags", "grpcnotrace", "-ldflags", "-s -w", "-o", binary, "./distro")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return binary, noteSources(root)
}

// noteSources looks at every source file, so that go test, which notes what a test looks at, does
// not answer from its cache when the collector has changed.
func noteSources(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != root && strings.HasPrefix(entry.Name(), ".") {
			return filepath.SkipDir
		}
		if ext := filepath.Ext(path); ext == ".go" || ext == ".mod" || ext == ".json" {
			_, err = os.Stat(path)
		}
		return err
	})
}
