// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var writeGolden = flag.String("write-golden", "", "write a snapshot of this version into a folder of testdata with this name")

// goldenMinutes is how long the engine ran before its snapshot was written.
const goldenMinutes = 237

// writeSnapshot writes a snapshot for TestGoldenSnapshots, once for each format.
func writeSnapshot(t *testing.T) {
	t.Helper()
	e, _, run := busy(t)
	run(e, 0, goldenMinutes)
	s := e.Snapshot()
	dir := filepath.Join("testdata", *writeGolden)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"model": s.Changed[s.Keys[0]], "dedupe": s.Dedupe} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestGoldenSnapshots reads the snapshots of earlier formats and goes on from them: the windows
// that close afterwards are those of an engine that never stopped.
func TestGoldenSnapshots(t *testing.T) {
	if *writeGolden != "" {
		writeSnapshot(t)
	}
	dirs, err := filepath.Glob(filepath.Join("testdata", "snapshot-*"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no snapshots: %v", err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			read := func(name string) []byte {
				data, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					t.Fatal(err)
				}
				return data
			}
			whole, set, run := busy(t)
			run(whole, 0, goldenMinutes)
			e := engine(t, set, nil)
			if err := e.Restore(at(epoch+goldenMinutes*60), read("model")); err != nil {
				t.Fatal(err)
			}
			if err := e.RestoreDedupe(at(epoch+goldenMinutes*60), read("dedupe")); err != nil {
				t.Fatal(err)
			}
			want := run(whole, goldenMinutes, 400-goldenMinutes)
			got := run(e, goldenMinutes-7, 400-goldenMinutes+7) // seven minutes again
			if filepath.Base(dir) == "snapshot-3" {
				// Rows of evidence came later: windows that were open have them from the restart on.
				row := regexp.MustCompile(` exemplar \S+`)
				got, want = row.ReplaceAllString(withoutSums(got), ""), row.ReplaceAllString(withoutSums(want), "")
			}
			if got != want || want == "" {
				t.Errorf("windows after the restart\n%s\nwant\n%s", got, want)
			}
			if g, w := counts(e), counts(whole); g != w {
				t.Errorf("totals\n%s\nwant\n%s", g, w)
			}
		})
	}
}

// counts renders the totals without their groups, which a later version may cut in another way.
func counts(e *Engine) string {
	s := ""
	e.Totals(func(t *Total) {
		s += fmt.Sprintf("%s %v count=%d sum=%.9g %v rest=%d\n", t.Key, t.Consumer, t.Count, t.Sum, t.Categories, t.Rest)
	})
	return s
}
