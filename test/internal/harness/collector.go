// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
)

// readyLine is what the collector prints when all components have started.
const readyLine = "Everything is ready. Begin running and processing data."

// startTimeout is how long a collector may take to become ready.
const startTimeout = 60 * time.Second

// Options say how to start a collector. Two starts with the same Options are a restart.
type Options struct {
	// Configs are merged in order. One with a line break is the YAML itself; others are files
	// (relative to the repository's root) or URIs such as env:NAME and http://…
	Configs []string
	// Env are variables ("KEY=value") beside those of the test.
	Env []string
	// Dir is the working directory; empty for a new temporary one.
	Dir string
	// Args are further arguments, such as --feature-gates.
	Args []string
}

// Collector is a running collector.
type Collector struct {
	*processtest.Process
	// Dir is the working directory.
	Dir string
	// Metrics is the address ("127.0.0.1:port") on which the collector's own telemetry is scraped.
	Metrics string
}

// StartCollector builds and starts the collector and returns when it is ready to take data. Its own
// telemetry is moved from port 8888 to a free one, so that several can run.
func StartCollector(t testing.TB, options Options) *Collector {
	t.Helper()
	c := launch(t, options)
	c.WaitForLog(startTimeout, readyLine)
	return c
}

// StartRefused starts a collector that must refuse to start, and returns what it printed.
func StartRefused(t testing.TB, options Options) string {
	t.Helper()
	c := launch(t, options)
	processtest.WaitFor(t, startTimeout, "the collector to give up", func() bool {
		if strings.Contains(c.Log(), readyLine) {
			t.Fatal("the collector has started")
		}
		return c.Ended()
	})
	c.WaitRefused()
	return c.Log()
}

func launch(t testing.TB, options Options) *Collector {
	t.Helper()
	binary := BuildCollector(t)
	dir := options.Dir
	if dir == "" {
		dir = t.TempDir()
	}
	port := processtest.FreePort(t)
	metrics := fmt.Sprintf("127.0.0.1:%d", port) // the default config scrapes itself there
	own := fmt.Sprintf("yaml:service::telemetry::metrics::readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %d}}}}]", port)
	args := append(ConfigArgs(t, append(slices.Clip(options.Configs), own)...), options.Args...)
	return &Collector{
		Process: processtest.Start(t, dir, append(slices.Clip(options.Env), "OTELCOL_ML_TELEMETRY="+metrics), binary, args...),
		Dir:     dir,
		Metrics: metrics,
	}
}

// ConfigArgs returns the --config arguments for configs as in Options.
func ConfigArgs(t testing.TB, configs ...string) []string {
	t.Helper()
	args := make([]string, 0, len(configs))
	for i, config := range configs {
		switch {
		case strings.Contains(config, "\n"):
			file := filepath.Join(t.TempDir(), fmt.Sprintf("config-%d.yaml", i))
			if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
				t.Fatal(err)
			}
			config = file
		case !filepath.IsAbs(config) && !strings.Contains(config, ":"):
			config = filepath.Join(processtest.RepoRoot(t), config)
		}
		args = append(args, "--config="+config)
	}
	return args
}

// Run runs the collector's binary to its end, in the repository's root, and returns what it printed
// and its exit status.
func Run(t testing.TB, env []string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, BuildCollector(t), args...)
	cmd.Dir = processtest.RepoRoot(t)
	cmd.Env = append(os.Environ(), env...)
	var out, errOut strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("run %v: %v", args, err)
	}
	return out.String(), errOut.String(), cmd.ProcessState.ExitCode()
}
