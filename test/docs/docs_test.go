// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

var (
	block = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")
	link  = regexp.MustCompile(`\]\(([^)#\s]+)[^)]*\)`)
)

// pages are all Markdown files that git would commit.
func pages(t *testing.T) map[string]string {
	t.Helper()
	root := processtest.RepoRoot(t)
	all := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "*/*/README.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, file := range files {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			all[file] = string(content)
		}
	}
	require.Contains(t, all, filepath.Join(root, "README.md"))
	return all
}

// blocks are the fenced blocks of a language.
func blocks(t *testing.T, language string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for file, content := range pages(t) {
		for _, m := range block.FindAllStringSubmatch(content, -1) {
			if m[1] == language {
				found[file] = append(found[file], m[2])
			}
		}
	}
	require.NotEmpty(t, found, language)
	return found
}

var variable = regexp.MustCompile(`\$\{env:([A-Za-z0-9_]+)\}`)

// secrets gives each variable that a config names a value.
func secrets(config string) []string {
	var env []string
	for _, m := range variable.FindAllStringSubmatch(config, -1) {
		env = append(env, m[1]+"=a-value-of-24-bytes-or-more")
	}
	return env
}

func TestConfigsAreValid(t *testing.T) {
	root := processtest.RepoRoot(t)
	for file, configs := range blocks(t, "yaml") {
		if dir := filepath.Dir(file); dir != root && dir != filepath.Join(root, "docs") {
			continue // those of components are tested beside them
		}
		// The catalog is looked for in the working directory, the repository's root.
		for _, config := range configs {
			config = strings.ReplaceAll(config, "./catalog", "./examples/catalog")
			_, stderr, status := harness.Run(t, secrets(config), append([]string{"validate"}, harness.ConfigArgs(t, config)...)...)
			assert.Zero(t, status, "%s:\n%s\n%s", file, config, stderr)
		}
	}
}

func TestQueriesAreValid(t *testing.T) {
	for file, queries := range blocks(t, "promql") {
		for query := range strings.Lines(strings.Join(queries, "\n")) {
			if query = strings.TrimSpace(query); query == "" || strings.HasPrefix(query, "#") {
				continue
			}
			_, err := parser.NewParser(parser.Options{}).ParseExpr(query)
			assert.NoError(t, err, "%s: %s", file, query)
		}
	}
}

func TestLinksLeadSomewhere(t *testing.T) {
	for file, content := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(content, -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			_, err := os.Stat(filepath.Join(filepath.Dir(file), m[1]))
			assert.NoError(t, err, "%s links to %s", file, m[1])
		}
	}
}
