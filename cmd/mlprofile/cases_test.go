// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// sharedCase is a file of inputs that others reported, which are no part of this repository.
func sharedCase(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "data", "cases", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("../shared/data/cases/%s is absent: reported inputs are not part of this repository", name)
	}
	return path
}

// built makes a baseline and returns it with what was printed.
func built(t *testing.T, args ...string) (p *profile.Profile, file, out string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "baseline.json")
	out, _, err := mlprofile(t, append([]string{"build", "-o", file}, args...)...)
	require.NoError(t, err)
	p, err = profile.Load(file)
	require.NoError(t, err)
	return p, file, out
}

// The same numbers as float32 and as float64 have the same scores, against a baseline and against the values.
func TestFloat32AndFloat64ScoreTheSame(t *testing.T) {
	train, live32, live64 := sharedCase(t, "H6-train.csv"), sharedCase(t, "H6-live32.csv"), sharedCase(t, "H6-live64.csv")
	_, file, _ := built(t, train)
	for _, reference := range []string{file, train} {
		for _, m := range stats.Methods() {
			score := func(current string) (scores []score) {
				out, _, err := mlprofile(t, "score", "--json", "--all", "--reference", reference, "--current", current, "--method", string(m))
				require.NoError(t, err)
				require.NoError(t, json.Unmarshal([]byte(out), &scores))
				for _, s := range scores {
					assert.Equal(t, "ok", s.Verdict, "%s of %s against %s", m, s.Column, reference)
				}
				return scores
			}
			a, b := score(live32), score(live64)
			require.Len(t, a, 3)
			for i := range a {
				assert.InDelta(t, b[i].Score, a[i].Score, 1e-6+1e-6*math.Abs(b[i].Score), "%s of %s", m, a[i].Column)
			}
		}
	}
}

func TestTheLargestNumbers(t *testing.T) {
	var b strings.Builder
	b.WriteString("x,y,tiny\n")
	for i := range 40 {
		fmt.Fprintf(&b, "%se308,%d,%de-320\n", []string{"1.797", "-1.797", "0.3"}[i%3], i*i%7, i)
	}
	data := write(t, "large.csv", b.String())
	p, file, _ := built(t, data, "--type", "tiny=numeric")
	require.Len(t, p.Features, 3)
	for _, c := range p.Features {
		require.NotNil(t, c.Numeric, c.Name)
		assert.False(t, math.IsInf(c.Numeric.StdDev, 0) || math.IsInf(c.Numeric.Mean, 0), c.Name)
	}
	_, _, err := mlprofile(t, "show", file)
	require.NoError(t, err)
	_, _, err = mlprofile(t, "card", file)
	require.NoError(t, err)
	for _, m := range stats.Methods() {
		for _, reference := range []string{file, data} {
			out, _, err := mlprofile(t, "score", "--json", "--all", "--reference", reference, "--current", data, "--method", string(m), "--min-samples", "1")
			require.NoError(t, err, m)
			var scores []score
			require.NoError(t, json.Unmarshal([]byte(out), &scores), out)
			require.NotEmpty(t, scores)
			for _, s := range scores {
				assert.Zero(t, s.Score, "%s of %s", m, s.Column)
			}
		}
	}
}
