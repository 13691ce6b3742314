// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fill writes n samples, a second apart, of each of 50 series.
func fill(t *testing.T, s *Store, from time.Time, n int) error {
	t.Helper()
	for i := range n {
		app := s.AppenderV2(context.Background())
		for series := range 50 {
			ls := labels.FromStrings(model.MetricNameLabel, "x", "series", fmt.Sprint(series))
			_, err := app.Append(0, ls, 0, from.Add(time.Duration(i)*time.Second).UnixMilli(), float64(i), nil, nil, storage.AOptions{})
			require.NoError(t, err)
		}
		if err := app.Commit(); err != nil {
			return err
		}
	}
	return nil
}

// guard is Guard when a minute has passed.
func (s *Store) guard(t *testing.T) {
	t.Helper()
	s.mapped = time.Time{}
	require.NoError(t, s.Guard())
}

// TestDamaged opens a TSDB with a block, a checkpoint and chunks of the head, each file of which is
// damaged: it opens, and takes samples.
func TestDamaged(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole")
	s, err := Open(options(whole, 64<<20))
	require.NoError(t, err)
	from := time.Now().Add(-5 * time.Hour)
	require.NoError(t, fill(t, s, from, 1000))
	require.NoError(t, s.CompactHead(tsdb.NewRangeHead(s.Head(), from.UnixMilli(), from.Add(500*time.Second).UnixMilli())))
	require.NoError(t, fill(t, s, from.Add(4*time.Hour), 1000))
	s.guard(t)
	require.NoError(t, s.Close())
	var files []string
	require.NoError(t, filepath.WalkDir(whole, func(path string, d fs.DirEntry, err error) error {
		if info, _ := d.Info(); err == nil && !d.IsDir() && info.Size() > 0 {
			name, _ := filepath.Rel(whole, path)
			files = append(files, name)
		}
		return err
	}))
	for _, part := range []string{"/index", "/meta.json", "/chunks/", "wal/", "chunks_head/"} {
		require.True(t, slices.ContainsFunc(files, func(f string) bool { return strings.Contains(f, part) }), "%s in %v", part, files)
	}
	damages := map[string]func([]byte) []byte{
		"empty":  func([]byte) []byte { return nil },
		"cut":    func(d []byte) []byte { return d[:len(d)/2] },
		"a byte": func(d []byte) []byte { return d[:1] },
		"zeroed": func(d []byte) []byte { return make([]byte, len(d)) },
		"middle": func(d []byte) []byte { clear(d[len(d)/3 : 2*len(d)/3]); return d },
		"head":   func(d []byte) []byte { clear(d[:min(len(d), 64)]); return d },
		"noise":  func(d []byte) []byte { return bytes.Repeat([]byte{0xa5, 7, 0xff}, len(d)/3+1)[:len(d)] },
	}
	aside := 0
	for _, file := range files {
		for name, damage := range damages {
			t.Run(file+" "+name, func(t *testing.T) {
				folder := filepath.Join(t.TempDir(), "tsdb")
				require.NoError(t, os.CopyFS(folder, os.DirFS(whole)))
				path := filepath.Join(folder, file)
				data, err := os.ReadFile(path)
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(path, damage(data), 0o600))
				s, err := Open(options(folder, 64<<20))
				require.NoError(t, err)
				require.NoError(t, fill(t, s, time.Now().Add(-time.Minute), 10))
				s.guard(t)
				require.NoError(t, s.Close())
				for _, moved := range s.SetAside {
					assert.DirExists(t, moved)
					assert.True(t, strings.HasPrefix(moved, folder+".corrupt-"), moved)
					aside++
				}
				s, err = Open(options(folder, 64<<20))
				require.NoError(t, err)
				assert.Empty(t, s.SetAside, "once")
				require.NoError(t, s.Close())
			})
		}
	}
	assert.NotZero(t, aside)
	t.Logf("%d files, each damaged in %d ways; %d parts were set aside", len(files), len(damages), aside)
}

// What a folder that cannot be used says is not taken for damage.
func TestNothingIsSetAsideWithoutDamage(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "tsdb")
	s, err := Open(options(folder, 64<<20))
	require.NoError(t, err)
	require.NoError(t, fill(t, s, time.Now().Add(-time.Hour), 10))
	_, err = Open(options(folder, 64<<20))
	require.Error(t, err, "it is in use")
	require.NoError(t, s.Close())
	aside, err := filepath.Glob(folder + ".corrupt-*")
	require.NoError(t, err)
	assert.Empty(t, aside)
	assert.DirExists(t, filepath.Join(folder, "wal"))
}

// TestFolderThatIsDeleted: what is written goes on in memory, in folders that are made again.
func TestFolderThatIsDeleted(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "tsdb")
	s, err := Open(options(folder, 64<<20))
	require.NoError(t, err)
	from := time.Now().Add(-time.Hour)
	require.NoError(t, fill(t, s, from, 100))
	require.NoError(t, os.RemoveAll(folder))
	require.NoError(t, fill(t, s, from.Add(10*time.Minute), 500))
	s.guard(t)
	assert.DirExists(t, filepath.Join(folder, "chunks_head"))
	require.NoError(t, fill(t, s, from.Add(30*time.Minute), 500))
	s.guard(t)
	_ = s.Close() // its lock is gone
	s, err = Open(options(folder, 64<<20))
	require.NoError(t, err)
	require.NoError(t, fill(t, s, time.Now(), 10))
	require.NoError(t, s.Close())
}
