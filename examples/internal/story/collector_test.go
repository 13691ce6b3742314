// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package story

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startScript starts a script in a collector's place.
func startScript(t *testing.T, script string) (context.Context, *Collector, *sync.WaitGroup, string) {
	t.Helper()
	binary, log := filepath.Join(t.TempDir(), "collector"), filepath.Join(t.TempDir(), "state", "collector.log")
	require.NoError(t, os.WriteFile(binary, []byte("#!/bin/sh\n"+script), 0o700))
	ctx, cancel := context.WithCancelCause(t.Context())
	var work sync.WaitGroup
	c, err := StartCollector(ctx, binary, log, []string{"a.yaml", "b.yaml"}, &work, cancel)
	require.NoError(t, err)
	return ctx, c, &work, log
}

// A collector that ends by itself ends the story; its log is kept.
func TestCollectorThatEnds(t *testing.T) {
	ctx, _, work, log := startScript(t, `echo "$@"; exit 3`)
	work.Wait()
	require.ErrorContains(t, context.Cause(ctx), "the collector has ended (exit status 3): see "+log)
	printed, err := os.ReadFile(log)
	require.NoError(t, err)
	assert.Equal(t, "--config=a.yaml --config=b.yaml\n", string(printed))
}

// One that is killed is another matter.
func TestKill(t *testing.T) {
	ctx, c, work, _ := startScript(t, "exec sleep 600")
	c.Kill()
	work.Wait()
	require.NoError(t, ctx.Err())
	c.Kill() // has ended already
}
