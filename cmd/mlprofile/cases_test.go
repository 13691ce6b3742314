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

// The same numbers as float32 and as float64 have the same scores, against a baseline and against
// the values.
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

// Inputs that others reported: what is made of them, and what is said of it.
func TestReportedInputs(t *testing.T) {
	for name, tt := range map[string]struct {
		args    []string
		says    []string
		columns map[string]string // name: type, values, missing values
	}{
		"G5-thousands.csv": {
			says: []string{
				`! price: read with commas between thousands, such as "18,456"; --decimal-comma`, "price_de: read as numbers such as 1.234,5",
				`! pct: numbers with a sign, such as "91.9%", are categories; --type pct=numeric reads them`, "! money: numbers with a sign",
			},
			columns: map[string]string{"price": "numeric 300 0", "price_de": "numeric 300 0", "pct": "categorical 300 0"},
		},
		"G8b-semicolon.csv": {
			says:    []string{"cells are separated by ';' (--delimiter)", "income: read as numbers such as 1.234,5"},
			columns: map[string]string{"age": "numeric 300 0", "income": "numeric 300 0", "country": "categorical 300 0"},
		},
		"G8d-utf16.csv": {says: []string{"UTF-16LE, read as such"}, columns: map[string]string{"age": "numeric 300 0", "country": "categorical 300 0"}},
		"H5-utf8.csv":   {columns: map[string]string{"city": "categorical 300 0"}},
		"G11-missing.csv": {
			says:    []string{`x: missing: "NaN" (24), "null" (24), "NA" (21)`, `! c: counted as values: "None" (70), "nan" (61); --null None,nan if they mean missing`},
			columns: map[string]string{"x": "numeric 128 172"},
		},
		"G11b-na.csv":    {says: []string{`x: missing: "NA" (1); --type x=categorical`}, columns: map[string]string{"x": "numeric 350 1"}},
		"G16-inf.csv":    {says: []string{"x       feature     numeric      number     55 %", "above 2^53"}, columns: map[string]string{"x": "numeric 134 166"}},
		"G18b-nan.jsonl": {columns: map[string]string{"a": "numeric 141 159"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, _, out := built(t, append([]string{sharedCase(t, name), "--prediction", "label"}, tt.args...)...)
			for _, want := range tt.says {
				assert.Contains(t, out, want)
			}
			for column, want := range tt.columns {
				c := p.Column(column)
				require.NotNil(t, c, column)
				assert.Equal(t, want, fmt.Sprintf("%s %d %d", c.Type, c.Count, c.Missing), column)
			}
		})
	}
	t.Run("G8e-latin1.csv", func(t *testing.T) {
		latin, utf8 := sharedCase(t, "G8e-latin1.csv"), sharedCase(t, "H5-utf8.csv")
		_, _, err := mlprofile(t, "build", latin, "-o", filepath.Join(t.TempDir(), "x.json"))
		require.ErrorContains(t, err, `:2: column "city": "Z\xfcrich" is not UTF-8; in Windows-1252 it is "Zürich": --encoding windows-1252`)
		_, file, _ := built(t, utf8)
		assert.Zero(t, scoreOf(t, "--reference", file, "--current", latin, "--encoding", "windows-1252", "--column", "city").Score)
	})
}

// What is decided about columns is said in a line with the flag that changes it; what is left out
// has its reason.
func TestDecisionsAreSaid(t *testing.T) {
	var b strings.Builder
	b.WriteString("row,customer_id,uid,zip,year,region,signup,day,amount,tag\n")
	for i := range 240 {
		fmt.Fprintf(&b, "%d,%d,%d,%05d,%d,%d,%02d/%02d/2026,%d,%g,t%d\n",
			i, 1_000_000+i*7919%99991, 5_000_000+i*7919%99991, i*397%100, 2015+i%10, 1+i%5, 1+i%28, 1+i%12, 20260101+i%28, float64(i%50)/4, i%220)
	}
	data := write(t, "a.csv", b.String())
	p, _, out := built(t, data)
	for _, want := range []string{
		"  row: counts upwards or downwards: a row number? --include row keeps it",
		"  customer_id: all values differ: an id, by its name; --include customer_id keeps it",
		"! uid: all values differ: an id? --exclude uid leaves it out",
		`  zip: codes such as "00000"; --type zip=numeric if they are amounts`,
		"  year: years? they drift as time goes by; --exclude year leaves them out",
		"  region: 5 whole numbers: codes? --type region=categorical",
		"  signup: a point in time; --timestamp signup if it is the prediction's",
		"! day: dates such as 20260101: they will always drift; --timestamp or --exclude day",
		"! tag: 220 categories in 240 rows: an id? --exclude tag leaves it out",
		"left out:\n",
	} {
		assert.Contains(t, out, want)
	}
	assert.Nil(t, p.Column("customer_id"))
	assert.Equal(t, profile.Categorical, p.Column("zip").Type)

	p, _, _ = built(t, data, "--include", "customer_id,row", "--exclude", "year", "--timestamp", "day", "--type", "region=categorical")
	assert.NotNil(t, p.Column("customer_id"))
	assert.NotNil(t, p.Column("row"))
	assert.Nil(t, p.Column("year"))
	assert.Equal(t, profile.Categorical, p.Column("region").Type)
	assert.Equal(t, "2026-01-01", p.From.Format("2006-01-02"))
	assert.Equal(t, "2026-01-28", p.To.Format("2006-01-02"))

	_, _, err := mlprofile(t, "build", data, "--timestamp", "year", "-o", filepath.Join(t.TempDir(), "x.json"))
	require.ErrorContains(t, err, `timestamp: column "year": 2015 to 2024 are years, which are no points in time`)
	_, _, err = mlprofile(t, "build", data, "--encoding", "klingon", "--date-order", "ymd", "-o", filepath.Join(t.TempDir(), "x.json"))
	require.ErrorContains(t, err, "--encoding")
	require.ErrorContains(t, err, "--date-order")
}

// Numbers that are names of something, and the column that is the model's answer, are said with the
// flag that changes what is made of them.
func TestNamesThatAreNumbersAreSaid(t *testing.T) {
	var b strings.Builder
	b.WriteString("left,shuffled,user_id,area,phone,snowflake,signed_up,born,slashed,ratio,rows_seen,Survived\n")
	for i := range 1200 {
		fmt.Fprintf(&b, "%d,%d,%d,%d,%d,%d,%02d/%02d/2025,%d.%d.2025,2001/%02d/%02d 00:47,%s,%d,%d\n",
			1200-i, i*733%1200, 70+i*7919%311, 10_001+i*7919%379, 4_915_100_000+i%900*7919%997_001, 9_007_199_254_740_993+i*7919%5000*2,
			1+i%12, 1+i%28, 13+i%15, 1+i%12, 1+i%12, 1+i%28, []string{"0.5", "N/A", "1.25"}[i%3], i*7919%701, i%2)
	}
	data := write(t, "names.csv", b.String())
	p, _, out := built(t, data)
	for _, want := range []string{
		"  left: counts upwards or downwards: a row number? --include left keeps it",
		"! shuffled: all values differ: an id? --exclude shuffled leaves it out",
		"! user_id: an id, by its name: it will always drift; --exclude user_id leaves it out",
		"  area: all of 5 digits: codes, telephone numbers, ids? --type area=categorical, or --exclude",
		"  phone: all of 10 digits: codes, telephone numbers, ids? --type phone=categorical, or --exclude",
		"! snowflake: whole numbers such as 9007199254740993 are above 2^53 and lose digits: ids? --type snowflake=categorical",
		"  signed_up: a point in time", "  born: a point in time", "  slashed: a point in time",
		`ratio: missing: "N/A" (400)`,
		"  Survived: the model's answer? --prediction Survived, or --exclude it if it is the truth",
	} {
		assert.Contains(t, out, want)
	}
	assert.Equal(t, profile.Numeric, p.Column("ratio").Type)
	assert.NotContains(t, out, "  rows_seen:")
	assert.NotContains(t, out, "! rows_seen:")

	_, _, out = built(t, data, "--prediction", "Survived", "--type", "phone=categorical")
	assert.NotContains(t, out, "model's answer")
	assert.NotContains(t, out, "of 10 digits")
	_, _, out = built(t, data, "--exclude", "Survived")
	assert.NotContains(t, out, "model's answer")

	// A last column of two values is named, whatever its name; one of more is not.
	_, _, out = built(t, write(t, "last.csv", "x,y2,good\n"+strings.Repeat("1,7,yes\n2,8,no\n3,9,no\n", 100)))
	assert.Contains(t, out, "good: the model's answer? --prediction good")
	_, _, out = built(t, write(t, "last.csv", "x,y2,good\n"+strings.Repeat("1,7,a\n2,8,b\n3,9,c\n", 100)))
	assert.NotContains(t, out, "model's answer")
}
