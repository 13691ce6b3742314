//go:build hostile

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// damages are what full disks, copies that broke off and torn volumes leave of a file.
var damages = map[string]func(data []byte) []byte{
	"empty":         func([]byte) []byte { return nil },
	"a byte":        func(d []byte) []byte { return d[:1] },
	"cut at 10 %":   func(d []byte) []byte { return d[:len(d)/10] },
	"cut at 50 %":   func(d []byte) []byte { return d[:len(d)/2] },
	"cut at 90 %":   func(d []byte) []byte { return d[:len(d)*9/10] },
	"zeroed":        func(d []byte) []byte { return make([]byte, len(d)) },
	"head zeroed":   func(d []byte) []byte { clear(d[:min(len(d), 4096)]); return d },
	"metas zeroed":  func(d []byte) []byte { clear(d[:min(len(d), 8192)]); return d },
	"middle zeroed": func(d []byte) []byte { clear(d[len(d)/3 : 2*len(d)/3]); return d },
	"tail zeroed":   func(d []byte) []byte { clear(d[len(d)/2:]); return d },
	"random middle": func(d []byte) []byte { random(d[len(d)/3 : 2*len(d)/3]); return d },
	"random":        func(d []byte) []byte { random(d); return d },
	"bytes flipped": func(d []byte) []byte {
		r := rand.New(rand.NewPCG(1, uint64(len(d))))
		for range len(d)/200 + 1 {
			if len(d) > 0 {
				d[r.IntN(len(d))] ^= byte(1 + r.IntN(255))
			}
		}
		return d
	},
}

func random(d []byte) {
	r := rand.New(rand.NewPCG(2, uint64(len(d))))
	for i := range d {
		d[i] = byte(r.Uint32())
	}
}

// TestDamagedStorage starts the collector on each file of its state, damaged in each way.
func TestDamagedStorage(t *testing.T) {
	s := newSite(t)
	s.healthy.prepare()
	s.check("before the damage")
	s.Stop()
	state, kept := filepath.Join(s.Dir, "state"), t.TempDir()
	require.NoError(t, os.CopyFS(kept, os.DirFS(state)))
	var files []string
	require.NoError(t, filepath.WalkDir(kept, func(path string, entry fs.DirEntry, err error) error {
		if name, _ := filepath.Rel(kept, path); err == nil && !entry.IsDir() && (strings.HasPrefix(name, "storage/") || strings.HasPrefix(name, "tsdb/")) {
			files = append(files, name)
		}
		return err
	}))
	t.Log(files)
	for _, file := range files {
		for name, damage := range damages {
			t.Run(file+" "+name, func(t *testing.T) {
				require.NoError(t, os.RemoveAll(state))
				require.NoError(t, os.CopyFS(state, os.DirFS(kept)))
				path := filepath.Join(state, file)
				data, err := os.ReadFile(path)
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(path, damage(data), 0o600))
				c := *s
				c.t = t
				c.start()
				c.send(spansOf(10, nil)...)
				c.Stop()
				assert.NotContains(t, c.Log(), "panic")
				said := ""
				for line := range strings.Lines(c.Log()) {
					if strings.Contains(line, "damaged") || strings.Contains(line, "set aside") || strings.Contains(line, "orrupt") {
						said += line
					}
				}
				t.Logf("%.300s", said)
			})
		}
	}
}
