// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/verify"
)

// inferredCard makes a card of a data file or a baseline.
func inferredCard(t *testing.T, file string, args ...string) string {
	t.Helper()
	card := filepath.Join(t.TempDir(), "card.yaml")
	_, _, err := mlprofile(t, append([]string{"contract", "infer", file, "-o", card}, args...)...)
	require.NoError(t, err)
	return card
}

// synthetic are rows of columns with light and heavy tails, rare values and missing ones.
func synthetic(r *rand.Rand, n int) string {
	var b strings.Builder
	b.WriteString("uniform,normal,exponential,lognormal,pareto,count,closed,open,gaps\n")
	for range n {
		gap := fmt.Sprint(r.IntN(50))
		if r.Float64() < 0.1 {
			gap = ""
		}
		fmt.Fprintf(&b, "%g,%g,%g,%g,%g,%d,%s,%s,%s\n", r.Float64(), r.NormFloat64(), r.ExpFloat64(), math.Exp(r.NormFloat64()),
			math.Pow(1-r.Float64(), -1), int(r.ExpFloat64()*20), string(rune('a'+r.IntN(4))), fmt.Sprintf("v%d", int(r.ExpFloat64()*5)), gap)
	}
	return b.String()
}

// TestSamplesKeepWhatWasInferred infers a contract of one sample and checks it, and others of the same
// distribution, as large and a quarter as large. Of 200 others, with 35 checks each, at most 4 may break
// one: heavy tails and values that are rare are what does.
func TestSamplesKeepWhatWasInferred(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	broken := map[string]int{}
	for range 20 {
		data := write(t, "data.csv", synthetic(r, 1000))
		card := inferredCard(t, data)
		assert.Empty(t, violated(checked(t, data, card, 0)))
		small := inferredCard(t, data, "--rows", "250")
		for range 5 {
			for name := range violated(checked(t, write(t, "other.csv", synthetic(r, 1000)), card, anyStatus)) {
				broken[name]++
			}
			for name := range violated(checked(t, write(t, "small.csv", synthetic(r, 250)), small, anyStatus)) {
				broken[name]++
			}
		}
	}
	total := 0
	for _, n := range broken {
		total += n
	}
	t.Logf("of 200 samples these broke a check: %v", broken)
	assert.LessOrEqual(t, total, 4, "%v", broken)
}

// TestTaxiHalvesKeepWhatWasInferred infers a contract of a random half of the taxi data and checks the
// other half.
func TestTaxiHalvesKeepWhatWasInferred(t *testing.T) {
	content, err := os.ReadFile(sharedData(t, "taxi/data.csv"))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	r := rand.New(rand.NewPCG(3, 4))
	broken := map[string]int{}
	for range 8 {
		head, rows := lines[0], append([]string(nil), lines[1:]...)
		r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		half := len(rows) / 2
		one := write(t, "one.csv", head+"\n"+strings.Join(rows[:half], "\n")+"\n")
		card := inferredCard(t, one, "--timestamp", "trip_start_timestamp")
		assert.Empty(t, violated(checked(t, one, card, 0)))
		for name := range violated(checked(t, write(t, "two.csv", head+"\n"+strings.Join(rows[half:], "\n")+"\n"), card, anyStatus)) {
			broken[name]++
		}
	}
	t.Logf("of 8 halves these broke a check: %v", broken)
	assert.Empty(t, broken)
}

// TestInferredContractsFindFaults checks that the slack is not all there is.
func TestInferredContractsFindFaults(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	card := inferredCard(t, write(t, "data.csv", synthetic(r, 1000)))
	for fault, c := range map[string]struct {
		change func(cells []string)
		check  string
	}{
		"a unit":             {func(cells []string) { cells[1] = cells[1] + "e3" }, "normal.range"},
		"a sign":             {func(cells []string) { cells[0] = "-0.1" }, "uniform.range"},
		"another type":       {func(cells []string) { cells[5] = "1.5" }, "count.type"},
		"a new category":     {func(cells []string) { cells[6] = "z" }, "closed.values"},
		"new rare values":    {func(cells []string) { cells[7] = "w" }, "open.values"},
		"more missing cells": {func(cells []string) { cells[8] = "" }, "gaps.missing"},
		"missing cells":      {func(cells []string) { cells[3] = "" }, "lognormal.missing"},
	} {
		rows := strings.Split(strings.TrimSpace(synthetic(r, 1000)), "\n")
		for i := 1; i < len(rows); i += 5 {
			cells := strings.Split(rows[i], ",")
			c.change(cells)
			rows[i] = strings.Join(cells, ",")
		}
		got := violated(checked(t, write(t, "bad.csv", strings.Join(rows, "\n")+"\n"), card, anyStatus))
		assert.Contains(t, got, c.check, fault)
	}
}

// TestPenguinOutlier finds the one value that TFX has put into the skewed data.
func TestPenguinOutlier(t *testing.T) {
	card := inferredCard(t, sharedData(t, "penguin/labelled.csv"))
	assert.Empty(t, violated(checked(t, sharedData(t, "penguin/labelled.csv"), card, 0)))
	report := checked(t, sharedData(t, "penguin/skewed.csv"), card, statusDrift)
	require.Equal(t, map[string]int{"culmen_length_mm.range": 1}, violated(report))
	for _, c := range report.Results {
		if c.Verdict == verify.Violated {
			assert.Equal(t, []verify.Sample{{Line: "3", Observed: "-1"}}, c.First)
		}
	}
}

func TestInferOfABaseline(t *testing.T) {
	var b strings.Builder
	b.WriteString("word,flag,number\n")
	for i := range 3000 {
		fmt.Fprintf(&b, "w%d,%t,%d\n", i%150, i%2 == 0, i%100-50)
	}
	data := write(t, "data.csv", b.String())
	dir := t.TempDir()
	baseline := filepath.Join(dir, "base.json")
	_, _, err := mlprofile(t, "build", data, "-o", baseline)
	require.NoError(t, err)
	card := filepath.Join(dir, "card.yaml")
	_, _, err = mlprofile(t, "contract", "infer", baseline, "-o", card, "--model", "m", "--only-known-features")
	require.NoError(t, err)
	content, err := os.ReadFile(card)
	require.NoError(t, err)
	text := string(content)
	for _, want := range []string{
		"baseline: base.json\n", "only_known_features: true", "{feature: word, type: string}", "{feature: word, max_unseen: 0}",
		`values: ["false", "true"]`, "{feature: number, type: number}", "{feature: number, min: -99, max: 99}",
	} {
		assert.Contains(t, text, want)
	}
	assert.Empty(t, violated(checked(t, data, card, 0)))
	report := checked(t, write(t, "new.csv", b.String()+"other,true,1\n"), card, statusDrift)
	assert.Equal(t, map[string]int{"word.unseen": 0}, violated(report))
}
