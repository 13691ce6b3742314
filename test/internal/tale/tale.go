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
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

// Told is the last line of a story (examples/internal/story).
const Told = "That is the story."

var (
	localPort = regexp.MustCompile(`localhost:\d{4,5}`)
	hostPort  = regexp.MustCompile(`host: localhost, port: (\d{4,5})`)
)

// flags are those of addresses that the programs of some stories have, beside those that all have.
var flags = map[string][]string{
	"gpu": {"-gpu=localhost:9400", "-api=localhost:9099"},
	"drone": {
		"-edge=localhost:4327", "-link=localhost:4337", "-edge-metrics=localhost:8887", "-metrics=localhost:8889", "-ground-metrics=localhost:8888",
	},
	"sentiment": {"-http=localhost:8080"},
}

// Tale is a story of examples/: each localhost:port of its config, and of its README, is another one here, and all else is as it stands
// there.
type Tale struct {
	// Dir is the working directory: the repository, but for state/, and with the ports moved in the YAML files of the story's folder.
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
	x.link(root, x.Dir, "state", "examples")
	x.link(filepath.Join(root, "examples"), filepath.Join(x.Dir, "examples"), name)
	from, to := filepath.Join(root, "examples", name), filepath.Join(x.Dir, "examples", name)
	configs, err := filepath.Glob(filepath.Join(from, "*.yaml"))
	require.NoError(t, err)
	var moved []string
	for _, config := range configs {
		moved = append(moved, filepath.Base(config))
	}
	x.link(from, to, moved...)
	for _, config := range moved {
		content, err := os.ReadFile(filepath.Join(from, config))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(to, config), []byte(x.Moved(string(content))), 0o600))
	}
	return x
}

// link makes the folder to, with links to all in the folder from but what is left out.
func (x *Tale) link(from, to string, without ...string) {
	x.t.Helper()
	require.NoError(x.t, os.MkdirAll(to, 0o700))
	entries, err := os.ReadDir(from)
	require.NoError(x.t, err)
	for _, entry := range entries {
		if !slices.Contains(without, entry.Name()) {
			require.NoError(x.t, os.Symlink(filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())))
		}
	}
}

// Moved is text with each local port replaced by the one that stands for it here.
func (x *Tale) Moved(text string) string {
	text = hostPort.ReplaceAllStringFunc(text, func(reader string) string {
		_, port, _ := strings.Cut(x.Moved("localhost:"+hostPort.FindStringSubmatch(reader)[1]), ":")
		return "host: 127.0.0.1, port: " + port
	})
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

// Start starts the story's program, which starts the collector on the configs. More flags are such as "-gpu=localhost:9400".
func (x *Tale) Start(configs []string, more ...string) *processtest.Process {
	x.t.Helper()
	args := []string{
		"-collector", harness.BuildCollector(x.t), "-otlp", x.Moved("localhost:4317"), "-alertmanager", x.Moved("localhost:9093"),
	}
	for _, config := range configs {
		args = append(args, "-config", config)
	}
	for _, flag := range slices.Concat(flags[x.Name], more) {
		args = append(args, x.Moved(flag))
	}
	return processtest.Start(x.t, x.Dir, nil, x.Build(x.Name), args...)
}
