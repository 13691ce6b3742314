// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

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

	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// names lists what is in force.
func names(s *Set) (names []string) {
	for _, m := range s.Models {
		names = append(names, m.Name+" "+m.Owner)
	}
	for _, j := range s.Jobs {
		names = append(names, j.Name+" "+j.Owner)
	}
	return names
}

// TestOneBadCard loads what is good beside what is not.
func TestOneBadCard(t *testing.T) {
	dir := folder(t, map[string]string{
		"a.yaml": "kind: model\nname: a\nowner: first\n---\nkind: model\nname: b\nonwer: x\n---\nkind: job\nname: j\nowner: first\n---\nkind: job\nname: k\nevery: x\n",
		"b.yaml": "kind: model\nname: c\nowner: first\n---\nkind: modle\nname: d\n",
		"c.yaml": "kind: model\nname: e\nowner: first\n---\nkind: [\n",
		"d.yaml": "kind: model\nname: f\nowner: first\nbaseline: absent.json\n",
		"e.yaml": "kind: model\nname: a\nowner: second\n",
	})
	result, changed := NewLoader(dir).Load()
	assert.True(t, changed)
	assert.Equal(t, []string{"a first", "c first", "e first", "j first"}, names(result.Set))
	assert.Equal(t, Cards{Models: 3, Jobs: 1, Unknown: 2}, result.Rejected)
	assert.Empty(t, result.Kept)
	assert.Len(t, yamldoc.Violations(result.Err), 6)
	set, err := Load(dir)
	assert.Nil(t, set, "Load is strict")
	assert.Equal(t, result.Err, err)
}

// TestBadCardKeepsItsFilesGoodOnes changes files for the worse.
func TestBadCardKeepsItsFilesGoodOnes(t *testing.T) {
	dir := folder(t, map[string]string{
		"a.yaml":   "kind: model\nname: a\nowner: first\n---\nkind: model\nname: b\nowner: first\n",
		"b.yaml":   "kind: job\nname: j\nowner: first\n",
		"c.yaml":   "kind: model\nname: c\nowner: first\n",
		"s/d.yaml": "kind: model\nname: d\nowner: first\n",
	})
	l := NewLoader(dir)
	first, _ := l.Load()
	require.NoError(t, first.Err)
	put := func(name, content string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}

	put("a.yaml", "kind: model\nname: a\nonwer: second\n---\nkind: model\nname: b\nowner: second\n")
	put("b.yaml", "kind: [\n")
	require.NoError(t, os.Remove(filepath.Join(dir, "c.yaml")))
	result, _ := l.Load()
	assert.Equal(t, []string{"a first", "b second", "d first", "j first"}, names(result.Set), "c is gone")
	assert.Same(t, first.Set.Models[0], result.Set.Model("", "a"))
	assert.Equal(t, []Kept{
		{Kind: "model", Name: "a", File: filepath.Join(dir, "a.yaml")}, {Kind: "job", Name: "j", File: filepath.Join(dir, "b.yaml")},
	}, result.Kept)
	assert.Equal(t, Cards{Models: 1, Unknown: 1}, result.Rejected)

	put("b.yaml", "kind: job\nname: j\nowner: third\n")
	result, _ = l.Load()
	assert.Equal(t, []string{"a first", "b second", "d first", "j third"}, names(result.Set), "a is kept once more")
	put("a.yaml", "kind: model\nname: b\nowner: third\n")
	result, _ = l.Load()
	require.NoError(t, result.Err)
	assert.Equal(t, []string{"b third", "d first", "j third"}, names(result.Set), "a good file has its say")

	require.NoError(t, os.RemoveAll(dir))
	result, _ = l.Load()
	assert.Equal(t, []string{"b third", "d first", "j third"}, names(result.Set), "a folder that is gone is no empty folder")
	assert.Len(t, result.Kept, 3)
}

func TestNoEffect(t *testing.T) {
	dir := everyKey(t)
	result, _ := NewLoader(dir).Load()
	require.NoError(t, result.Err)
	require.Len(t, result.NoEffect, 1)
	assert.Equal(t, withoutEffect["job"], result.NoEffect[0].Keys)
	assert.Equal(t, result.Set.Jobs[0].File, result.NoEffect[0].File)
	assert.Equal(t, result.Set.Jobs[0].Line, result.NoEffect[0].Line)

	result, _ = NewLoader(folder(t, map[string]string{"a.yaml": "kind: model\nname: a\nfeatures: {x: {ignore: true}, y: {min: 0}}\n---\nkind: job\nname: j\nproduces: {model: a}\n"})).Load()
	require.Empty(t, result.NoEffect)
}

// TestWithoutEffectIsTrue fails as soon as code reads a field of one of the keys: then the key has
// an effect and is to leave the list, and the schema.
func TestWithoutEffectIsTrue(t *testing.T) {
	fields := map[string]string{"MaxAge": "produces.max_age"}
	listed := slices.Concat(slices.Collect(maps.Values(withoutEffect))...)
	for _, key := range fields {
		require.Contains(t, listed, key)
	}
	for _, root := range []string{"connector", "processor", "exporter", "receiver", "extension", "internal", "cmd"} {
		require.NoError(t, filepath.WalkDir(filepath.Join("../..", root), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || filepath.Dir(path) == "../../internal/catalog" {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			read := map[string]bool{}
			ast.Inspect(file, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					read[s.Sel.Name] = true
				}
				return true
			})
			for field, key := range fields { // other things have an age, too
				if read[field] && read["Produces"] {
					t.Errorf("%s reads %s: the key %s has an effect now?", path, field, key)
				}
			}
			return nil
		}))
	}
}
