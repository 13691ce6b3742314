// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package examples

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

// told is the last line of a story (examples/internal/story).
const told = "That is the story."

var (
	localPort   = regexp.MustCompile(`localhost:\d{4,5}`)
	readmeBlock = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")
	timeOfDay   = regexp.MustCompile(`\d\d:\d\d:\d\d`)
)

// tale is a story of examples/ that is told in a folder of its own, on ports of its own: each localhost:port of its config, and of its
// README, is another one here, and all else is as it stands there.
type tale struct {
	t     *testing.T
	name  string
	dir   string            // the working directory: the repository, but for state/
	ports map[string]string // localhost:port → what is there in its place
	story *processtest.Process
}

// newTale prepares the story examples/name. Run it with walk.
func newTale(t *testing.T, name string) *tale {
	t.Helper()
	x := &tale{t: t, name: name, dir: t.TempDir(), ports: map[string]string{}}
	root := processtest.RepoRoot(t)
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	for _, entry := range entries {
		if entry.Name() != "state" {
			require.NoError(t, os.Symlink(filepath.Join(root, entry.Name()), filepath.Join(x.dir, entry.Name())))
		}
	}
	return x
}

// moved is text with each local port replaced by the one that stands for it here.
func (x *tale) moved(text string) string {
	return localPort.ReplaceAllStringFunc(text, func(address string) string {
		if x.ports[address] == "" {
			x.ports[address] = processtest.FreeAddr(x.t)
		}
		return x.ports[address]
	})
}

// start starts the story's program, which starts the collector. Flags are such as "-gpu=localhost:9400".
func (x *tale) start(flags ...string) {
	t := x.t
	t.Helper()
	config, err := os.ReadFile(filepath.Join(x.dir, "examples", x.name, "collector.yaml"))
	require.NoError(t, err)
	configs := t.TempDir()
	_, ownPort, _ := strings.Cut(x.moved("localhost:8888"), ":")
	own := fmt.Sprintf("service: {telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %s}}}}]}}}\n", ownPort)
	files := []string{filepath.Join(configs, "collector.yaml"), filepath.Join(configs, "own.yaml")}
	require.NoError(t, os.WriteFile(files[0], []byte(x.moved(string(config))), 0o600))
	require.NoError(t, os.WriteFile(files[1], []byte(own), 0o600))
	program := filepath.Join(configs, "story")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./examples/"+x.name)
	build.Dir = processtest.RepoRoot(t)
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	args := []string{
		"-collector", harness.BuildCollector(t), "-config", files[0], "-config", files[1],
		"-otlp", x.moved("localhost:4317"), "-alertmanager", x.moved("localhost:9093"),
	}
	for _, flag := range flags {
		args = append(args, x.moved(flag))
	}
	x.story = processtest.Start(t, x.dir, nil, program, args...)
}

// walk does what the README says, and expects that it prints what stands there: the block with "go run ./examples/name" starts the
// story with the flags given, other blocks are typed when it is told. "…" stands for anything, a line of it alone for any lines, and a
// time of day for any other. "…" is needed where figures depend on how fast the machine is.
func (x *tale) walk(within time.Duration, flags ...string) {
	t := x.t
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(x.dir, "examples", x.name, "README.md"))
	require.NoError(t, err)
	blocks := readmeBlock.FindAllStringSubmatch(string(readme), -1)
	typed := 0
	for i, b := range blocks {
		if b[1] != "sh" {
			continue
		}
		want := ""
		if i+1 < len(blocks) && blocks[i+1][1] == "text" {
			want = blocks[i+1][2]
		}
		command := strings.TrimSpace(b[2])
		if strings.Contains(command, "go run ./examples/"+x.name) {
			x.start(flags...)
			x.story.WaitForLog(within, told)
			printed, _, _ := strings.Cut(x.story.Log(), told)
			printed = printed[:strings.LastIndexByte(printed, '\n')+1] // the time of day before the last line
			assert.Regexp(t, pattern(want), printed, "what the story prints")
			typed++
			continue
		}
		require.NotEmpty(t, want, "nothing is printed by %s", command)
		typed++
		var out []byte
		matches := pattern(want)
		deadline := time.Now().Add(time.Minute)
		for !matches.Match(out) && time.Now().Before(deadline) {
			cmd := exec.CommandContext(t.Context(), "sh", "-c", x.moved(command))
			cmd.Dir = x.dir
			out, _ = cmd.CombinedOutput()
			<-time.After(200 * time.Millisecond)
		}
		assert.Regexp(t, matches, string(out), command)
	}
	assert.Greater(t, typed, 1, "blocks of the README that were followed")
}

// pattern is the regular expression of what a README says is printed.
func pattern(want string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`\A`)
	for line := range strings.Lines(strings.TrimRight(want, "\n") + "\n") {
		if strings.TrimSpace(line) == "…" {
			b.WriteString(`(?:[^\n]*\n)*?`)
			continue
		}
		line = regexp.QuoteMeta(line)
		line = timeOfDay.ReplaceAllString(line, `\d\d:\d\d:\d\d`)
		b.WriteString(strings.ReplaceAll(line, "…", `[^\n]*`))
	}
	b.WriteString(`\z`)
	return regexp.MustCompile(b.String())
}
