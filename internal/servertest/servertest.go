// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package servertest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
)

// patience is how long a server may take to start on a busy machine.
const patience = 90 * time.Second

// requestTimeout is how long one answer may take.
const requestTimeout = 30 * time.Second

// Tool returns the path of a program in .tools/bin.
func Tool(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(processtest.RepoRoot(t), ".tools", "bin", name)
	_, err := os.Stat(path)
	require.NoError(t, err, `run "make tools"`)
	return path
}

// moduleDir returns the folder of a module that a go.mod under tools/ requires.
func moduleDir(t testing.TB, tools, module string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", module)
	cmd.Dir = filepath.Join(processtest.RepoRoot(t), "tools", tools)
	out, err := cmd.Output()
	require.NoError(t, err, string(out))
	var downloaded struct{ Dir string }
	require.NoError(t, json.Unmarshal(out, &downloaded))
	require.NotEmpty(t, downloaded.Dir, module)
	return downloaded.Dir
}

// start starts a server that is killed at the end of the test: what it keeps is thrown away.
func start(t testing.TB, dir, program string, args ...string) *processtest.Process {
	t.Helper()
	p := processtest.Start(t, dir, nil, program, args...)
	t.Cleanup(p.Kill)
	return p
}

// run runs a program to its end and returns what it printed on its standard output.
func run(t testing.TB, dir, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), "%s %v\n%s%s", program, args, &stdout, &stderr)
	return strings.TrimSpace(stdout.String())
}

// client calls the API of a server.
type client struct {
	url           string
	authorization string
	http          *http.Client
}

// send sends a body as it is, and returns the answer; status 0 and the error's text if there is none.
func (c *client) send(ctx context.Context, method, path, contentType string, body []byte) (status int, answer []byte) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return 0, []byte(err.Error())
	}
	request.Header.Set("Authorization", c.authorization)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return 0, []byte(err.Error())
	}
	defer func() { _ = response.Body.Close() }()
	answer, err = io.ReadAll(response.Body)
	if err != nil {
		return 0, []byte(err.Error())
	}
	return response.StatusCode, answer
}

// call sends JSON, if body is not nil, and decodes the answer into out, if that is not nil. The
// status must be one of 200 to 299.
func (c *client) call(t testing.TB, method, path string, body, out any) {
	t.Helper()
	var content []byte
	contentType := ""
	if body != nil {
		var err error
		content, err = json.Marshal(body)
		require.NoError(t, err)
		contentType = "application/json"
	}
	status, answer := c.send(t.Context(), method, path, contentType, content)
	require.Equal(t, 2, status/100, "%s %s: %d %s", method, path, status, answer)
	if out != nil {
		require.NoError(t, json.Unmarshal(answer, out), "%s %s: %s", method, path, answer)
	}
}
