// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package tale runs the stories of examples/ in tests: each in a folder of its own, on ports of its own.
package tale

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

// Told is the last line of a story (examples/internal/story).
const Told = "That is the story."

var localPort = regexp.MustCompile(`localhost:\d{4,5}`)

// Tale is a story of examples/: each localhost:port of its config, and of its README, is another one here, and all else is as it stands
// there.
type Tale struct {
	// Dir is the working directory: the repository, but for state/.
	Dir string
	// Name is that of its folder.
	Name  string
	t     testing.TB
	ports map[string]string // localhost:port → what is there in its place
}

// New prepares the story examples/name.
func New(t testing.TB, name string) *Tale {
	t.Helper()
	x := &Tale{t: t, Name: name, Dir: t.TempDir(), ports: map[string]string{}}
	root := processtest.RepoRoot(t)
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	for _, entry := range entries {
		if entry.Name() != "state" {
			require.NoError(t, os.Symlink(filepath.Join(root, entry.Name()), filepath.Join(x.Dir, entry.Name())))
		}
	}
	return x
}

// Moved is text with each local port replaced by the one that stands for it here.
func (x *Tale) Moved(text string) string {
	return localPort.ReplaceAllStringFunc(text, func(address string) string {
		if x.ports[address] == "" {
			x.ports[address] = processtest.FreeAddr(x.t)
		}
		return x.ports[address]
	})
}

// Configs are the files of the config examples/name/collector.yaml with its ports moved, of the collector's own metrics at
// localhost:8888, and of more configs.
func (x *Tale) Configs(more ...string) []string {
	t := x.t
	t.Helper()
	config, err := os.ReadFile(filepath.Join(x.Dir, "examples", x.Name, "collector.yaml"))
	require.NoError(t, err)
	_, port, _ := strings.Cut(x.Moved("localhost:8888"), ":")
	own := fmt.Sprintf("service: {telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %s}}}}]}}}\n", port)
	folder := t.TempDir()
	var files []string
	for i, content := range append([]string{string(config), own}, more...) {
		file := filepath.Join(folder, fmt.Sprintf("collector-%d.yaml", i))
		require.NoError(t, os.WriteFile(file, []byte(x.Moved(content)), 0o600))
		files = append(files, file)
	}
	return files
}

// Build builds the program in a folder below examples/.
func (x *Tale) Build(folder string) string {
	t := x.t
	t.Helper()
	program := filepath.Join(t.TempDir(), filepath.Base(folder))
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./examples/"+folder)
	build.Dir = processtest.RepoRoot(t)
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	return program
}

// Start starts the story's program, which starts the collector on the configs. Flags are such as "-gpu=localhost:9400".
func (x *Tale) Start(configs []string, flags ...string) *processtest.Process {
	x.t.Helper()
	args := []string{
		"-collector", harness.BuildCollector(x.t), "-otlp", x.Moved("localhost:4317"), "-alertmanager", x.Moved("localhost:9093"),
	}
	for _, config := range configs {
		args = append(args, "-config", config)
	}
	for _, flag := range flags {
		args = append(args, x.Moved(flag))
	}
	return processtest.Start(x.t, x.Dir, nil, x.Build(x.Name), args...)
}
