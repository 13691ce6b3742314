// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFilesAreCurrent(t *testing.T) {
	page, names, err := generate("../..")
	require.NoError(t, err)
	for file, want := range map[string][]byte{"../../../docs/attributes.md": page, "../../generated_names.go": names} {
		got, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), "%s is out of date: run make generate", file)
	}
}

// TestEveryNameHasAUse finds names on the page that no code writes or reads; they belong in
// planned.go.
func TestEveryNameHasAUse(t *testing.T) {
	listed := map[string]string{} // names by constant
	for _, name := range []string{"attributes.go", "opentelemetry.go", "metrics.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("../..", name), nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok {
				d, err := parse(spec)
				require.NoError(t, err)
				listed[d.name] = d.value
			}
			return true
		})
	}
	require.NotEmpty(t, listed)
	root := "../../.."
	for _, folder := range []string{"connector", "processor", "exporter", "receiver", "extension", "internal", "cmd"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					if of, ok := s.X.(*ast.Ident); ok && of.Name == "mlconv" {
						delete(listed, s.Sel.Name)
					}
				}
				return true
			})
			return nil
		}))
	}
	tables, err := filepath.Glob(filepath.Join(root, "processor/mlnormalizeprocessor/internal/dialect/dialects/*.yaml")) // what ml_normalize writes
	require.NoError(t, err)
	require.NotEmpty(t, tables)
	for _, table := range tables {
		text, err := os.ReadFile(table)
		require.NoError(t, err)
		maps.DeleteFunc(listed, func(_, name string) bool { return strings.Contains(string(text), "\n  "+name+": ") })
	}
	assert.Empty(t, slices.Sorted(maps.Keys(listed)), "no code uses these")
}

func TestCommentsAreChecked(t *testing.T) {
	dir := t.TempDir()
	source := `package x
// Names.
const (
	// AttrGood (string) is fine. Example: "a|b".
	AttrGood = "ml.good"
	// AttrShare (double, s, 0..1) is a share.
	AttrShare = "ml.share"
	// AttrCount (int, 0..) is a count.
	AttrCount = "ml.count"
	// AttrBad has no type.
	AttrBad = "ml.bad"
	// AttrOther (int) is about another constant.
	AttrWrong = "ml.wrong"
)
`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "attributes.go"), []byte(source), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "opentelemetry.go"), []byte("package x\n"), 0o600))
	metric := `package x
// Metrics.
const (
	// MetricRows (sum, {row}) counts rows.
	MetricRows = "ml.rows"
)
`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "metrics.go"), []byte(metric), 0o600))
	page, names, err := generate(dir)
	assert.ErrorContains(t, err, "attributes.go:11")
	assert.ErrorContains(t, err, "attributes.go:13")
	assert.Contains(t, string(page), "| `ml.good` | string |  |  | Fine. | `\"a\\|b\"` |")
	assert.Contains(t, string(page), "| `ml.share` | double | s | 0 to 1 | A share. |  |")
	assert.Contains(t, string(names), "\tMetricRows: {Name: MetricRows, Kind: Sum, Unit: \"{row}\", Meaning: \"Counts rows.\"},\n")
	assert.Contains(t, string(names), "Kind: Double, Unit: \"s\", Range: Range{0, 1}, Meaning")
	assert.Contains(t, string(names), "Kind: Int, Range: Range{0, unbounded}, Meaning")
}
