// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package conventions

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write names.txt")

// TestNames keeps names.txt equal to what the module has: go test -run TestNames
// ./internal/conventions -update.
func TestNames(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "go.opentelemetry.io/otel").Output()
	require.NoError(t, err)
	var files []string
	for _, pattern := range []string{"*/*.go", "*/*/*.go"} {
		found, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "semconv", pattern))
		require.NoError(t, err)
		files = append(files, found...)
	}
	found := map[string]bool{}
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.go") {
			collect(t, file, found)
		}
	}
	want := strings.Join(slices.Sorted(maps.Keys(found)), "\n") + "\n"
	if *update {
		require.NoError(t, os.WriteFile("names.txt", []byte(want), 0o600))
		return
	}
	assert.Equal(t, want, names, "run go test -run TestNames ./internal/conventions -update, and look at what is new: is it content?")
}

// collect finds the keys in calls such as attribute.Key("a.b"), and attribute.String("a.b."+key, x)
// for templates.
func collect(t *testing.T, file string, found map[string]bool) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	require.NoError(t, err)
	ast.Inspect(parsed, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		f, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if of, ok := f.X.(*ast.Ident); !ok || of.Name != "attribute" {
			return true
		}
		switch key := call.Args[0].(type) {
		case *ast.BasicLit:
			if s, err := strconv.Unquote(key.Value); err == nil && key.Kind == token.STRING {
				found[s] = true
			}
		case *ast.BinaryExpr:
			if first, ok := key.X.(*ast.BasicLit); ok {
				s, err := strconv.Unquote(first.Value)
				require.NoError(t, err)
				found[s+"*"] = true
			}
		}
		return true
	})
}

func TestNamesOfContent(t *testing.T) {
	all := All()
	assert.Greater(t, len(all), 900)
	for _, name := range free {
		assert.Contains(t, all, name, "is no name of the conventions")
	}
	content := Free()
	without := slices.DeleteFunc(All(), func(name string) bool { return content[name] })
	assert.Len(t, without, len(all)-len(free))
	for _, name := range []string{"service.name", "http.request.method", "http.method", "k8s.pod.label.*", "gen_ai.request.model", "error.type"} {
		assert.Contains(t, without, name)
	}
	// Whatever is called so is looked at before it is taken for no content.
	for _, name := range without {
		for _, word := range []string{"message", "prompt", "completion", "content", "text", "query", "statement", "document", "argument", "args", "header", "metadata", "annotation", "stacktrace", "explanation"} {
			last := strings.TrimSuffix(name[strings.LastIndexByte(strings.TrimSuffix(name, ".*"), '.')+1:], ".*")
			if strings.Contains(last, word) {
				assert.Contains(t, looked, name, "is it content? Put it under free, or here")
			}
		}
	}
	assert.Contains(t, Events(), "exception")
}

// looked are names that sound like content and are none: counts, sizes and kinds.
var looked = []string{
	"process.args_count", "faas.document.name", "messaging.batch.message_count", "http.request_content_length", "http.request_content_length_uncompressed",
	"http.response_content_length", "http.response_content_length_uncompressed", "db.cosmosdb.request_content_length", "messaging.message_id",
	"messaging.message_payload_compressed_size_bytes", "messaging.message_payload_size_bytes", "messaging.rocketmq.message_group",
	"messaging.rocketmq.message_tag", "messaging.rocketmq.message_type", "gen_ai.usage.completion_tokens", "gen_ai.usage.prompt_tokens",
	"process.context_switch_type",
}
