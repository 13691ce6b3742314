//go:build hostile && linux

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

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

// always are those that no file of a storage can hide: others may have met pages that are free.
var always = []string{"empty", "a byte", "cut at 10 %", "zeroed", "metas zeroed", "random"}

// TestDamagedStorage starts the collector on each file of its state, damaged in each way: it starts,
// names what is damaged, and takes what comes.
func TestDamagedStorage(t *testing.T) {
	s := newSite(t)
	s.healthy.prepare()
	s.check("before the damage")
	s.Stop()
	state, kept := filepath.Join(s.Dir, "state"), t.TempDir()
	require.NoError(t, os.CopyFS(kept, os.DirFS(state)))
	var files []string
	for _, part := range []string{"storage", "tsdb"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(kept, part), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				name, _ := filepath.Rel(kept, path)
				files = append(files, name)
			}
			return err
		}))
	}
	require.GreaterOrEqual(t, len(files), 4, "%v", files)
	groups := [][]string{files} // all at once
	if !testing.Short() {
		for _, file := range files {
			groups = append(groups, []string{file})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(damages)) {
		for _, group := range groups {
			t.Run(fmt.Sprintf("%s of %d %s", name, len(group), group[0]), func(t *testing.T) {
				require.NoError(t, os.RemoveAll(state))
				require.NoError(t, os.CopyFS(state, os.DirFS(kept)))
				for _, file := range group {
					data, err := os.ReadFile(filepath.Join(state, file))
					require.NoError(t, err)
					require.NoError(t, os.WriteFile(filepath.Join(state, file), damages[name](data), 0o600))
				}
				c := *s
				c.t = t
				c.start()
				c.send(spansOf(10, nil)...)
				c.send(c.healthy.run(jobKnown, "after", 99, "").Requests()...)
				named := 0
				for _, file := range group {
					if strings.HasPrefix(file, "storage") && slices.Contains(always, name) {
						assert.Contains(t, c.Log(), `"file": "state/`+file+`"`)
						named++
					}
				}
				assert.GreaterOrEqual(t, c.own("otelcol_file_storage_set_aside"), float64(named))
				c.Stop()
				assert.NotContains(t, c.Log(), "panic")
			})
		}
	}
}

// TestDeletedStorage deletes the folders of the state while the collector runs: what was in them is
// written anew, and a kill after that loses nothing.
func TestDeletedStorage(t *testing.T) {
	s := newSite(t, withOutput(t.TempDir()), withConfig("connectors: {ml_drift: {save_interval: 200ms}}\n"))
	s.healthy.prepare()
	s.check("before the damage")
	require.NoError(t, os.RemoveAll(filepath.Join(s.Dir, "state")))
	s.healthy.round()
	const components = 3
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		require.EqualValues(c, components, s.own("otelcol_file_storage_rewritten"))
		require.Contains(c, s.Log(), "A folder of the TSDB was gone")
	}, patience, 100*time.Millisecond)
	s.check("after the damage")
	s.saved()
	s.killed()
	s.healthy.round()
	s.healthy.finish()
	s.check("after a kill")
	s.restart()
	s.check("after a restart")
	s.Stop()
}
