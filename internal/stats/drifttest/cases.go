// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package drifttest reads the numeric cases that the test suites of other drift tools publish:
// reference, current sample, method and the expected number. The file is not part of this
// repository; tests skip where it is absent.
package drifttest

import (
	"encoding/csv"
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Case is one published number.
type Case struct {
	ID     string         `json:"id"`
	Peer   string         `json:"peer"`
	Source string         `json:"source"`
	Method string         `json:"method"`
	Params map[string]any `json:"params"`
	Note   string         `json:"note"`
	// Expected is a number, a map of numbers (statistic, p), a list of numbers (one per chunk), or
	// a verdict.
	Expected any `json:"expected"`
	// Tolerance is absolute; 0 where the file has none.
	Tolerance float64 `json:"tolerance"`
	// Reference and Current are the sides as the file has them: see Values and Counts.
	Reference any `json:"reference"`
	Current   any `json:"current"`
}

// Dir returns the folder of shared data beside the repository, and skips the test where it is
// absent.
func Dir(t testing.TB) string {
	t.Helper()
	_, file, _, ok := runtime.Caller(0)
	if !filepath.IsAbs(file) { // built with -trimpath: look upwards for the repository's root instead
		ok = false
	}
	root := filepath.Join(filepath.Dir(file), "..", "..", "..")
	if !ok {
		dir, err := os.Getwd()
		require.NoError(t, err)
		for root = dir; root != filepath.Dir(root); root = filepath.Dir(root) {
			if _, err := os.Stat(filepath.Join(root, "builder-config.yaml")); err == nil {
				break
			}
		}
	}
	dir := filepath.Join(root, "..", "shared", "data")
	if _, err := os.Stat(filepath.Join(dir, "drift_cases.json")); err != nil {
		t.Skip("../shared/data/drift_cases.json is absent: published cases are not part of this repository")
	}
	return dir
}

// Load returns all cases.
func Load(t testing.TB) []Case {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(Dir(t), "drift_cases.json"))
	require.NoError(t, err)
	var file struct {
		Cases []Case `json:"cases"`
	}
	require.NoError(t, json.Unmarshal(data, &file))
	require.NotEmpty(t, file.Cases)
	return file.Cases
}

// Number returns the expected number with the given key ("" where there is only one).
func (c Case) Number(key string) (float64, bool) {
	expected := c.Expected
	if key != "" {
		m, ok := expected.(map[string]any)
		if !ok {
			return 0, false
		}
		expected = m[key]
	}
	v, ok := expected.(float64)
	return v, ok
}

// Values returns a side's values as numbers, without missing ones; ok is false where the side is no
// list of numbers.
func Values(t testing.TB, side any) (values []float64, ok bool) {
	t.Helper()
	switch side := side.(type) {
	case []any:
		for _, v := range side {
			switch v := v.(type) {
			case float64:
				values = append(values, v)
			case nil:
			default:
				return nil, false
			}
		}
		return values, true
	case map[string]any:
		if file, ok := side["file"].(string); ok {
			return readValues(t, filepath.Join(Dir(t), file)), true
		}
		if v, ok := side["repeat"].(float64); ok {
			for range int(side["times"].(float64)) {
				values = append(values, v)
			}
			return values, true
		}
		if r, ok := side["range"].([]any); ok {
			for v := r[0].(float64); v < r[1].(float64); v++ {
				values = append(values, v)
			}
			return values, true
		}
		if dataset, ok := side["dataset"].(string); ok {
			rows, _ := side["rows"].(string)
			return readColumn(t, filepath.Join(Dir(t), dataset), side["column"].(string), rows == "period==reference"), true
		}
	}
	return nil, false
}

// Counts returns a side's counts (or weights) by category; ok is false where the side has none.
func Counts(side any) (counts map[string]float64, ok bool) {
	counts = map[string]float64{}
	switch side := side.(type) {
	case []any:
		for _, v := range side {
			switch v := v.(type) {
			case string:
				counts[v]++
			case float64:
				counts[strconv.FormatFloat(v, 'g', -1, 64)]++
			default:
				return nil, false
			}
		}
		return counts, true
	case map[string]any:
		for _, key := range []string{"counts", "weights", "frequencies"} {
			switch v := side[key].(type) {
			case map[string]any:
				for name, n := range v {
					counts[name] = n.(float64)
				}
				return counts, true
			case []any:
				for i, n := range v {
					counts[strconv.Itoa(i)] = n.(float64)
				}
				return counts, true
			}
		}
	}
	return nil, false
}

// Align returns the counts of both sides over the union of their categories, sorted by name.
func Align(ref, cur map[string]float64) (r, c []float64) {
	union := maps.Clone(ref)
	maps.Copy(union, cur)
	for _, name := range slices.Sorted(maps.Keys(union)) {
		r, c = append(r, ref[name]), append(c, cur[name])
	}
	return r, c
}

func readValues(t testing.TB, path string) []float64 {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var values []float64
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		v, err := strconv.ParseFloat(line, 64)
		if err != nil { // a heading
			continue
		}
		if !math.IsNaN(v) {
			values = append(values, v)
		}
	}
	return values
}

func readColumn(t testing.TB, path, column string, referenceOnly bool) []float64 {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	index := func(name string) int {
		for i, heading := range rows[0] {
			if heading == name {
				return i
			}
		}
		return -1
	}
	at, period := index(column), index("period")
	require.GreaterOrEqual(t, at, 0, column)
	var values []float64
	for _, row := range rows[1:] {
		if referenceOnly && row[period] != "reference" {
			continue
		}
		v, err := strconv.ParseFloat(row[at], 64)
		if err != nil || math.IsNaN(v) {
			continue
		}
		values = append(values, v)
	}
	return values
}
