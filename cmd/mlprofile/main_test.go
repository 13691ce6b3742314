// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// mlprofile runs the command and returns what it printed.
func mlprofile(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	err = console.Run(t.Context(), newCommand(), args, &out, &errs)
	return out.String(), errs.String(), err
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

const trainingRows = `at,amount,country,note,y,score
2026-11-01 00:00:00,10,DE,plain,ok,0.9
2026-11-01 01:00:00,20,FR,"a: b, #1",fraud,0.8
2026-11-01 02:00:00,,DE,"[x]",ok,0.7
2026-11-02 00:00:00,40,,plain,ok,0.6
`

func TestBuildShowCard(t *testing.T) {
	saved := now
	now = func() time.Time { return time.Date(2026, 11, 22, 1, 2, 3, 4, time.UTC) }
	defer func() { now = saved }()

	data := write(t, "training.csv", trainingRows)
	dir := t.TempDir()
	file := filepath.Join(dir, "new", "fraud.json")
	out, _, err := mlprofile(t, "build", data, "-o", file, "--name", "fraud", "--prediction", "y", "--confidence", "score", "--timestamp", "at")
	require.NoError(t, err)
	assert.Contains(t, out, "amount   feature     numeric      integer     25 %")
	assert.Contains(t, out, "at       timestamp   -            time")
	assert.Contains(t, out, "4 rows of 4, 3 features, 2026-11-01 00:00 to 2026-11-02 00:00")

	p, err := profile.Load(file)
	require.NoError(t, err)
	assert.Equal(t, "fraud", p.Name)
	assert.Equal(t, time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC), p.CreatedAt)
	assert.Equal(t, []float64{9.999999999999998, 10, 19.999999999999996, 20, 39.99999999999999, 40}, p.Column("amount").Numeric.Bounds)

	out, _, err = mlprofile(t, "show", file)
	require.NoError(t, err)
	assert.Contains(t, out, "fraud: 4 rows, 3 features, 2026-11-01 00:00 to 2026-11-02 00:00; made 2026-11-22")
	assert.Regexp(t, `(?m)^amount +3 +25 % +10 +23.33 +40 +12.47  │█ +█ +█│$`, out)
	assert.Regexp(t, `(?m)^country +3 +25 % +DE 67 %  FR 33 %$`, out)
	assert.Regexp(t, `(?m)^y \(prediction\) +4 +0 % +ok 75 %  fraud 25 %$`, out)

	card := filepath.Join(dir, "fraud.yaml")
	_, _, err = mlprofile(t, "card", file, "-o", card, "--owner", "risk@example.com", "--environment", "production",
		"--version", "7", "--window", "day", "--segments", "country", "--segment-features", "amount", "--runbook", "https://example.com/r#1")
	require.NoError(t, err)
	set, err := catalog.Load(dir)
	require.NoError(t, err)
	m := set.Model("production", "fraud")
	require.NotNil(t, m)
	assert.Equal(t, catalog.BinaryClassification, m.Task)
	assert.Equal(t, "fraud", m.PositiveClass)
	assert.Equal(t, "risk@example.com", m.Owner)
	assert.Equal(t, p, m.Baseline)
	assert.Equal(t, "day", m.Drift.Window.Calendar)
	assert.Equal(t, []string{"country"}, m.Segments)
	assert.Equal(t, "https://example.com/r#1", m.Alerts.Runbook)
	assert.NotNil(t, set.Version("production", "fraud", "7"))

	_, _, err = mlprofile(t, "card", file, "-o", card)
	assert.ErrorIs(t, err, os.ErrExist, "a card that someone may have edited is not overwritten")
}

// Every suggestion must be accepted by the catalog once its # is taken off.
func TestSuggestionsOfACardAreRight(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "fraud.json")
	_, _, err := mlprofile(t, "build", write(t, "training.csv", trainingRows), "-o", file, "--name", "fraud: 1, #x", "--prediction", "y", "--exclude", "score")
	require.NoError(t, err)
	out, _, err := mlprofile(t, "card", file)
	require.NoError(t, err)

	load := func(name, card string) *catalog.Model {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(card), 0o600))
		set, err := catalog.Load(dir)
		require.NoError(t, err, card)
		require.Len(t, set.Models, 1)
		require.NoError(t, os.Remove(filepath.Join(dir, name)))
		return set.Models[0]
	}
	m := load("plain.yaml", out)
	assert.Equal(t, "fraud: 1, #x", m.Name)
	assert.Empty(t, m.Features)

	var b bytes.Buffer
	for i, line := range bytes.SplitAfter([]byte(out), []byte("\n")) {
		if i > 0 {
			line = bytes.TrimPrefix(line, []byte("# "))
		}
		b.Write(line)
	}
	m = load("all.yaml", b.String())
	assert.Equal(t, "production", m.Environment)
	require.Len(t, m.Features, 3)
	assert.Equal(t, []string{"plain", "[x]", "a: b, #1"}, m.Features["note"].Values)
	assert.Equal(t, 40.0, *m.Features["amount"].Max)
	assert.Equal(t, 1.0, *m.Features["amount"].MaxMissing, "four rows bound no share")
	require.Len(t, m.Versions, 1)
}

func TestBuildFlags(t *testing.T) {
	data := write(t, "a.txt", "at;x;code\n2026-11-01;1;7\n2026-11-02;NA;8\n2026-11-03;3;7\n")
	file := filepath.Join(t.TempDir(), "a.json")
	_, _, err := mlprofile(t, "build", data, "-o", file, "--delimiter", ";", "--null", "NA", "--type", "code=categorical",
		"--timestamp", "at", "--from", "2026-11-02", "--to", "2026-11-04", "--bins", "10", "--max-categories", "1")
	require.NoError(t, err)
	p, err := profile.Load(file)
	require.NoError(t, err)
	assert.Equal(t, uint64(2), p.Rows)
	assert.Equal(t, uint64(1), p.Column("x").Missing)
	assert.Equal(t, profile.Categorical, p.Column("code").Type)
	assert.Equal(t, uint64(1), p.Column("code").Other)

	out, errs, err := mlprofile(t, "build", data, "-o", "-", "--delimiter", ";", "--null", "NA")
	require.NoError(t, err)
	_, err = profile.Read(bytes.NewReader([]byte(out)))
	require.NoError(t, err, "nothing but the profile is on the standard output")
	assert.Contains(t, errs, "a point in time")
}

func TestErrors(t *testing.T) {
	data := write(t, "a.csv", trainingRows)
	for _, tt := range []struct {
		args []string
		want []string
	}{
		{[]string{"build"}, []string{"requires at least 1 arg"}},
		{[]string{"build", data, "--delimiter", "ab", "--type", "x", "--from", "soon"}, []string{"--delimiter", "--type", "--from"}},
		{[]string{"build", data, "--prediction", "nope"}, []string{`no column "nope"`}},
		{[]string{"build", data, "-o", filepath.Join(data, "x.json")}, []string{"a.csv", "not a directory"}},
		{[]string{"show", data}, []string{"a.csv", "not a baseline"}},
		{[]string{"card", data}, []string{"not a baseline"}},
		{[]string{"frobnicate"}, []string{"unknown command"}},
	} {
		_, _, err := mlprofile(t, tt.args...)
		for _, want := range tt.want {
			assert.ErrorContains(t, err, want, "%v", tt.args)
		}
	}
}

func TestHistogramKeepsTheMass(t *testing.T) {
	c := profile.NewNumeric("x", []float64{0, 0, 0, 1, 2, 3, 4, 10}, 0, 4)
	var sum float64
	for _, w := range histogram(c.Numeric, 7) {
		sum += w
	}
	assert.InDelta(t, 8, sum, 1e-9)
	constant := profile.NewNumeric("x", []float64{5, 5}, 0, 4)
	assert.Equal(t, []float64{0, 1, 0}, histogram(constant.Numeric, 3))
}

// A baseline of few rows is said to be small, and so is a column of which few rows have a value.
func TestSmallBaselinesAreSaid(t *testing.T) {
	rows := func(n, sparse int) string {
		var b strings.Builder
		b.WriteString("x,sparse,c\n")
		for i := range n {
			value := ""
			if i < sparse {
				value = strconv.Itoa(i * 7919 % 1000)
			}
			fmt.Fprintf(&b, "%g,%s,%c\n", float64(i*31%977)/4, value, 'a'+i%3)
		}
		return write(t, "small.csv", b.String())
	}
	out := func(n, sparse int) string {
		out, _, err := mlprofile(t, "build", rows(n, sparse), "-o", filepath.Join(t.TempDir(), "b.json"))
		require.NoError(t, err)
		return out
	}
	few := out(150, 150)
	assert.Contains(t, few, "! 150 rows are fewer than min_samples, 200: ml_drift will give no verdict")
	assert.Equal(t, 1, strings.Count(few, "fewer than min_samples"), "what is true of all is said once")
	some := out(400, 100)
	assert.Contains(t, some, "! 400 rows are few: all windows share the reference's error")
	assert.Contains(t, some, "! sparse: 100 rows are fewer than min_samples")
	enough := out(1200, 300)
	assert.NotContains(t, enough, "1200 rows")
	assert.Contains(t, enough, "! sparse: 300 rows are few")
	assert.Contains(t, enough, "1 warning: look at the lines with !")
	assert.NotContains(t, out(1200, 1200), "!")
}
