// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The example's README has what its command prints.
func TestCompareExample(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	readme, err := os.ReadFile("examples/compare/README.md")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?ms)^```\\w*\n(.*?)^```$").FindAllStringSubmatch(string(readme), -1)
	require.Len(t, blocks, 2)
	command, ok := strings.CutPrefix(blocks[0][1], "go run ./cmd/mlprofile ")
	require.True(t, ok)
	out, _, err := mlprofile(t, strings.Fields(command)...)
	assertStatus(t, err, statusDrift)
	assert.Equal(t, blocks[1][1], out)
}

// Commands in the documents and in the example's workflow have flags that there are.
func TestCompareDocuments(t *testing.T) {
	var compare *cobra.Command
	for _, c := range newCommand().Commands() {
		if c.Name() == "compare" {
			compare = c
		}
	}
	require.NotNil(t, compare)
	found := 0
	for _, file := range []string{"docs/compare.md", "examples/compare/drift.yml", "cmd/mlprofile/README.md"} {
		text, err := os.ReadFile(filepath.Join("..", "..", file))
		require.NoError(t, err)
		for _, command := range regexp.MustCompile(`mlprofile compare \S+\.\w+ [^\n|]*(\n +--[^\n|]*)*`).FindAllString(string(text), -1) {
			flags := pflag.NewFlagSet("compare", pflag.ContinueOnError)
			var f compareFlags
			f.register(flags)
			require.NoError(t, flags.Parse(strings.Fields(command)[2:]), "%s: %s", file, command)
			assert.Len(t, flags.Args(), 2, "%s: %s", file, command)
			found++
		}
	}
	assert.Greater(t, found, 7)
	assert.NotEmpty(t, compare.Example)
}

type parquetTraffic struct {
	Amount  *float64 `parquet:"amount,optional"`
	Age     int32    `parquet:"age"`
	Country string   `parquet:"country"`
	New     bool     `parquet:"new"`
	Label   string   `parquet:"label"`
	Score   float32  `parquet:"score"`
}

// The same rows in Parquet are judged as those in CSV, whichever side is which.
func TestCompareParquet(t *testing.T) {
	file := func(rows string) string {
		var out []parquetTraffic
		lines := strings.Split(strings.TrimSpace(rows), "\n")
		for _, line := range lines[1:] {
			cells := strings.Split(line, ",") // channel,amount,age,tiny,income,country,city,new,label,score
			row := parquetTraffic{Country: cells[5], New: cells[7] == "true", Label: cells[8]}
			if v, err := strconv.ParseFloat(cells[1], 64); err == nil {
				row.Amount = &v
			}
			age, err := strconv.Atoi(cells[2])
			require.NoError(t, err)
			score, err := strconv.ParseFloat(cells[9], 32)
			require.NoError(t, err)
			row.Age, row.Score = int32(age), float32(score)
			out = append(out, row)
		}
		path := filepath.Join(t.TempDir(), "rows.parquet")
		require.NoError(t, parquet.WriteFile(path, out))
		return path
	}
	training, traffic := rowsOf(3000, 1, false), rowsOf(1500, 2, true)
	a, b := write(t, "a.csv", training), write(t, "b.csv", traffic)
	flags := append([]string{"--features", "amount,age,country,new"}, answer...)
	want := compared(t, 1, append([]string{a, b}, flags...)...)
	for _, got := range [][2]string{{a, file(traffic)}, {file(training), b}, {file(training), file(traffic)}} {
		c := compared(t, 1, append([]string{got[0], got[1]}, flags...)...)
		assert.Equal(t, want.Subjects, c.Subjects)
	}
}
