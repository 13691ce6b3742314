// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/comparison"
)

// assertStatus asserts the status that a command ends with.
func assertStatus(t *testing.T, err error, want int) {
	t.Helper()
	if want == 0 {
		require.NoError(t, err)
		return
	}
	status, ok := errors.AsType[*console.StatusError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, want, status.Status, "%v", err)
}

// anyStatus is that of a drift or of none.
const anyStatus = -1

// compared runs compare with --format json.
func compared(t *testing.T, status int, args ...string) *comparison.Comparison {
	t.Helper()
	out, errs, err := mlprofile(t, append([]string{"compare", "--format", "json"}, args...)...)
	if status != anyStatus || err != nil && out == "" {
		assertStatus(t, err, status)
	}
	assert.Empty(t, errs)
	var c comparison.Comparison
	d := json.NewDecoder(strings.NewReader(out))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&c))
	return &c
}

// subject returns that of a column; missing values are "missing <column>".
func subject(t *testing.T, c *comparison.Comparison, name, segment string) *comparison.Subject {
	t.Helper()
	column, missing := strings.CutPrefix(name, "missing ")
	for i := range c.Subjects {
		if s := &c.Subjects[i]; s.Column == column && s.Segment == segment && (s.Subject == "missing") == missing {
			return s
		}
	}
	require.Fail(t, "there is no subject", "%s %s", name, segment)
	return nil
}

// scoreBy is the score of a method.
func scoreBy(t *testing.T, s *comparison.Subject, method string) float64 {
	t.Helper()
	for _, x := range s.Scores {
		if x.Method == method {
			return x.Score
		}
	}
	require.Fail(t, "there is no score", "%s of %s", method, s.Column)
	return 0
}

var answer = []string{"--prediction", "label", "--confidence", "score"}

func TestCompareStatuses(t *testing.T) {
	a, same, drifted := write(t, "a.csv", rowsOf(3000, 1, false)), write(t, "same.csv", rowsOf(1000, 3, false)), write(t, "b.csv", rowsOf(1000, 2, true))
	few := write(t, "few.csv", rowsOf(100, 5, true))
	for name, c := range map[string]struct {
		b      string
		flags  []string
		status int
		want   string
	}{
		"no drift":               {same, nil, 0, "none of "},
		"drift":                  {drifted, nil, 1, "3 of "},
		"too few":                {few, nil, 0, "no verdict on any of "},
		"too few are a failure":  {few, []string{"--fail-on", "insufficient"}, 1, "no verdict on any of "},
		"a threshold out of way": {drifted, []string{"--threshold", "ks=1", "--threshold", "psi=9", "--threshold", "wasserstein=9", "--threshold", "jensen_shannon=1", "--threshold", "chi2=1", "--threshold", "missing=1", "--threshold", "relative_change=1e9"}, 0, "none of "},
	} {
		t.Run(name, func(t *testing.T) {
			out, _, err := mlprofile(t, append([]string{"compare", a, c.b}, append(answer, c.flags...)...)...)
			assertStatus(t, err, c.status)
			assert.Contains(t, out, "\n"+c.want)
			var status *console.StatusError
			if c.status == statusDrift && errors.As(err, &status) {
				require.NoError(t, status.Err, "the table has said it")
			}
		})
	}
}

// What cannot be compared ends with status 2, and the error names the file, the column and the flag.
func TestCompareErrors(t *testing.T) {
	a := write(t, "a.csv", "x,y,at\n1,a,2026-11-01 00:00:00\n2,b,2026-11-01 01:00:00\n")
	base := filepath.Join(t.TempDir(), "base.json")
	_, _, err := mlprofile(t, "build", a, "-o", base, "--timestamp", "at")
	require.NoError(t, err)
	other, empty, headed := write(t, "other.csv", "u,v\n1,2\n"), write(t, "empty.csv", ""), write(t, "headed.csv", "x,y,at\n")
	absent := filepath.Join(t.TempDir(), "absent.csv")
	two := write(t, "two.yaml", "kind: model\nname: a\n---\nkind: model\nname: b\n")
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"one file":            {[]string{a}, []string{"2 arg"}},
		"no file":             {[]string{a, absent}, []string{absent}},
		"no reference":        {[]string{absent, a}, []string{absent}},
		"empty":               {[]string{a, empty}, []string{empty}},
		"empty reference":     {[]string{empty, a}, []string{empty}},
		"no rows":             {[]string{a, headed}, []string{headed, "no row to compare"}},
		"no rows in range":    {[]string{a, a, "--timestamp", "at", "--from", "2027-01-01"}, []string{a, "no row to compare"}},
		"no common column":    {[]string{a, other}, []string{other, "none of the reference's columns", "x", "u, v"}},
		"no common, baseline": {[]string{base, other}, []string{other, "none of the reference's columns"}},
		"no prediction":       {[]string{a, a, "--prediction", "nope"}, []string{"prediction", `"nope"`, a}},
		"none in baseline":    {[]string{base, a, "--prediction", "y"}, []string{"--prediction", base}},
		"feature not there":   {[]string{base, a, "--features", "nope"}, []string{"--features", `"nope"`}},
		"other type":          {[]string{base, a, "--type", "x=categorical"}, []string{"--type", `"x" is numeric`}},
		"no segment":          {[]string{a, a, "--segment", "c=nope"}, []string{"--segment", `"nope"`, a}},
		"no segment feature":  {[]string{a, a, "--segment", "y", "--segment-features", "nope"}, []string{"--segment-features", `"nope"`}},
		"no cluster":          {[]string{a, a, "--cluster-by", "nope"}, []string{"--cluster-by", `"nope"`, a}},
		"few clusters":        {[]string{a, a, "--cluster-by", "y"}, []string{"--cluster-by", `"y"`, "2 different values", "takes 10"}},
		"few hours":           {[]string{a, a, "--cluster-by", "at"}, []string{"--cluster-by", "2 hours"}},
		"both":                {[]string{a, a, "--cluster-by", "y", "--design-effect", "2"}, []string{"--design-effect"}},
		"design effect":       {[]string{a, a, "--design-effect", "0.5"}, []string{"--design-effect: 0.5"}},
		"no timestamp":        {[]string{a, a, "--from", "2026-01-01"}, []string{"--timestamp"}},
		"bad time":            {[]string{a, a, "--reference-to", "noon"}, []string{"--reference-to", `"noon"`}},
		"range of a baseline": {[]string{base, a, "--reference-to", "2026-11-02"}, []string{base, "--reference-to"}},
		"rows of a baseline":  {[]string{base, base, "--segment", "y", "--timestamp", "at"}, []string{"--segment", "--timestamp", base}},
		"format":              {[]string{a, a, "--format", "xml"}, []string{`--format: "xml"`}},
		"fail on":             {[]string{a, a, "--fail-on", "ok"}, []string{`--fail-on: "ok"`}},
		"method":              {[]string{a, a, "--method", "magic"}, []string{"--method", `"magic"`}},
		"method of no order":  {[]string{a, a, "--method", "categorical=ks"}, []string{"--method", "ks"}},
		"method of rows":      {[]string{a, a, "--method", "anderson_darling"}, []string{"--method", "the rows themselves"}},
		"a tool and another":  {[]string{a, a, "--method", "evidently", "--method", "ks"}, []string{"--method", "give it alone"}},
		"threshold":           {[]string{a, a, "--threshold", "ks"}, []string{"--threshold", `"ks"`}},
		"threshold of none":   {[]string{a, a, "--threshold", "magic=1"}, []string{"--threshold", "magic"}},
		"several":             {[]string{a, a, "--min-samples", "0", "--significance", "2"}, []string{"--min-samples: 0", "--significance: 2"}},
		"two cards":           {[]string{a, a, "--card", two}, []string{"--card", two, "2 cards"}},
		"no card":             {[]string{a, a, "--card", absent}, []string{"--card", absent}},
		"unknown flag":        {[]string{a, a, "--nope"}, []string{"--nope"}},
		"no folder":           {[]string{a, a, "-o", filepath.Join(a, "x")}, []string{a}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := mlprofile(t, append([]string{"compare"}, c.args...)...)
			assertStatus(t, err, statusError)
			for _, want := range c.want {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}

// The table fits 80 columns, has neither colors nor trailing spaces, and says what it left out.
func TestCompareTable(t *testing.T) {
	long := strings.Repeat("a_very_long_name_", 6)
	rename := func(rows string) string { return strings.Replace(rows, ",income,", ","+long+",", 1) }
	a, b := write(t, "a.csv", rename(rowsOf(3000, 1, false))), write(t, "b.csv", rename(rowsOf(1500, 2, true)))
	out, _, err := mlprofile(t, append([]string{"compare", a, b, "--segment", "channel"}, answer...)...)
	assertStatus(t, err, 1)
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		if !strings.HasPrefix(line, "reference ") && !strings.HasPrefix(line, "current ") {
			assert.LessOrEqual(t, utf8.RuneCountInString(line), 80, line)
		}
		assert.Equal(t, strings.TrimRight(line, " "), line)
	}
	assert.NotContains(t, out, "\x1b")
	assert.Regexp(t, `(?m)^amount +ks +0\.\d+ +0\.1 +< 1e-9 +1,3\d\d +DRIFT$`, out)
	assert.Regexp(t, `(?m)^    "PL", which the baseline does not list, is \d.* % of the values, was 0 %$`, out)
	assert.Regexp(t, `(?m)^`+long[:70], out)
	assert.Regexp(t, `(?m)^tiny .* none\n    the reference has 82 values, and 200 are needed$`, out)
	assert.NotContains(t, out, "tiny, missing in channel=web")
	assert.Regexp(t, `\d+ more rows with --all`, out)
	all, _, err := mlprofile(t, append([]string{"compare", a, b, "--segment", "channel", "--all"}, answer...)...)
	assertStatus(t, err, 1)
	assert.Contains(t, all, "tiny, missing in channel=web")
}

// A baseline of the same rows gives the same verdicts as the rows, and the same numbers but for its
// own bins.
func TestCompareBaselines(t *testing.T) {
	dir := t.TempDir()
	a, b := write(t, "a.csv", rowsOf(4000, 1, false)), write(t, "b.csv", rowsOf(4000, 2, true))
	files := map[string]string{}
	for name, data := range map[string]string{"a": a, "b": b} {
		files[name] = filepath.Join(dir, name+".json")
		_, _, err := mlprofile(t, append([]string{"build", data, "-o", files[name], "--max-categories", "20"}, answer...)...)
		require.NoError(t, err)
	}
	rows := compared(t, 1, files["a"], b)
	bins := compared(t, 1, files["a"], files["b"])
	require.Len(t, bins.Subjects, len(rows.Subjects))
	assert.True(t, bins.Current.Baseline)
	assert.Contains(t, strings.Join(bins.Notes, "\n"), "in bins of its own")
	for _, want := range rows.Subjects {
		name := want.Column
		if want.Subject == "missing" {
			name = "missing " + name
		}
		got := subject(t, bins, name, "")
		assert.Equal(t, want.Verdict, got.Verdict, name)
		if want.Column == "city" {
			assert.InDelta(t, 2000, float64(got.Samples), 200, "the half of b's rows that had no say in which categories are listed")
			continue
		}
		assert.Equal(t, want.Samples, got.Samples, name)
		for i := range got.Scores {
			tolerance := 0.012
			if got.Scores[i].Method == "relative_change" {
				tolerance = 0.3
			}
			assert.InDelta(t, scoreBy(t, &want, got.Scores[i].Method), got.Scores[i].Score, tolerance*max(1, got.Scores[i].Score), "%s %s", name, got.Scores[i].Method)
		}
	}
	same := compared(t, 0, files["a"], files["a"])
	for _, s := range same.Subjects {
		for _, x := range s.Scores {
			assert.InDelta(t, 0, x.Effect, 1e-12, "%s %s", s.Column, x.Method)
		}
	}
}

// Rows of which 20 are one user's give drifts by chance, and none where the user's column says so.
func TestCompareClusters(t *testing.T) {
	rows := func(users, each int, seed uint64) string {
		r := rand.New(rand.NewPCG(seed, 2))
		var b strings.Builder
		b.WriteString("user,x,z,c,lost\n")
		for u := range users {
			x, c, lost := r.NormFloat64(), r.IntN(6), ""
			if r.Float64() < 0.5 {
				lost = "1"
			}
			for range each {
				fmt.Fprintf(&b, "u%d,%.4f,%.4f,c%d,%s\n", u, x, r.NormFloat64(), c, lost)
			}
		}
		return b.String()
	}
	a := write(t, "a.csv", rows(6000, 1, 1))
	drifts := 0
	for seed := range uint64(3) {
		b := write(t, "b.csv", rows(250, 20, 10+seed))
		independent := compared(t, anyStatus, a, b, "--exclude", "user", "--type", "lost=categorical", "--threshold", "ks=0.05")
		drifts += independent.Summary.Drift
		clustered := compared(t, 0, a, b, "--cluster-by", "user", "--type", "lost=categorical", "--threshold", "ks=0.05")
		for _, name := range []string{"x", "c", "missing lost"} {
			s := subject(t, clustered, name, "")
			assert.InDelta(t, 250, s.EffectiveSamples, 40, name)
			assert.EqualValues(t, 5000, s.Samples, name)
		}
		assert.InDelta(t, 5000, subject(t, clustered, "z", "").EffectiveSamples, 1100, "each row has its own")
		assert.Contains(t, strings.Join(clustered.Notes, "\n"), "250 clusters of rows by user: values are worth up to 2")
		given := compared(t, 0, a, b, "--exclude", "user", "--design-effect", "20", "--type", "lost=categorical", "--threshold", "ks=0.05")
		assert.InDelta(t, 250, subject(t, given, "z", "").EffectiveSamples, 1e-9)
	}
	assert.Positive(t, drifts, "as independent rows some of them drift")
}

// A file is written whole, and the line on the terminal says how it ended.
func TestCompareOutput(t *testing.T) {
	a, b := write(t, "a.csv", rowsOf(3000, 1, false)), write(t, "b.csv", rowsOf(1000, 2, true))
	for _, format := range []string{"table", "json", "html", "junit"} {
		path := filepath.Join(t.TempDir(), "new", "report")
		out, _, err := mlprofile(t, append([]string{"compare", a, b, "--format", format, "-o", path}, answer...)...)
		assertStatus(t, err, 1)
		assert.Regexp(t, `report: 3 of \d+ subjects drift`, out)
		written, err := os.ReadFile(path)
		require.NoError(t, err)
		printed, _, err := mlprofile(t, append([]string{"compare", a, b, "--format", format}, answer...)...)
		assertStatus(t, err, 1)
		if format != "junit" { // which has the time
			assert.Equal(t, printed, string(written))
		}
		left, err := os.ReadDir(filepath.Dir(path))
		require.NoError(t, err)
		assert.Len(t, left, 1)
	}
}

// Columns that one side alone has, other types, and what the card says are said.
func TestCompareNotes(t *testing.T) {
	var a, b strings.Builder
	a.WriteString("x,gone,mixed,code\n")
	b.WriteString("x,fresh,mixed,code\n")
	for i := range 1200 {
		fmt.Fprintf(&a, "%d,%d,%d,k%d\n", i%50, i%40, i%30, i%7)
		mixed := fmt.Sprint(i % 30)
		if i == 7 {
			mixed = "oops"
		}
		fmt.Fprintf(&b, "%d,%d,%s,%d\n", i%50, i%40, mixed, i%7)
	}
	card := write(t, "card.yaml", "kind: model\nname: m\nsegments: [region]\nfeatures:\n  x: {ignore: true}\n")
	c := compared(t, 1, write(t, "a.csv", a.String()), write(t, "b.csv", b.String()), "--card", card)
	notes := strings.Join(c.Notes, "\n")
	assert.Regexp(t, `not in .*b\.csv, and so missing in all of its rows: gone`, notes)
	assert.Contains(t, notes, "not in the reference, and so not compared: fresh")
	assert.Contains(t, notes, `mixed: 1 value, such as "oops", is not a number and counted as missing, as ml_summary does`)
	assert.Contains(t, notes, "code: numbers here, categories in the reference")
	assert.Contains(t, notes, "there is no column region, a segment of the card")
	assert.Contains(t, notes, "left out, as the card says ignore: x")
	assert.Equal(t, "drift", subject(t, c, "missing gone", "").Verdict)
	assert.Equal(t, card, c.Settings.Card)
	for _, s := range c.Subjects {
		assert.NotEqual(t, "x", s.Column)
	}
}

// JSON lines, in which a row may lack a column, Parquet-like types and derived features are counted
// as build counts them: a file beside itself scores nothing.
func TestCompareWithItself(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var b bytes.Buffer
	for i := range 900 {
		row := map[string]any{"amount": r.ExpFloat64(), "vip": r.IntN(2) == 0, "text": strings.Repeat("word ", r.IntN(9)), "vector": []float64{r.NormFloat64(), r.NormFloat64(), 1}}
		if i%3 == 0 {
			row["rare"] = r.IntN(100)
		}
		if i%10 == 0 {
			delete(row, "vector")
		}
		line, err := json.Marshal(row)
		require.NoError(t, err)
		b.Write(append(line, '\n'))
	}
	file := write(t, "rows.jsonl", b.String())
	c := compared(t, 0, file, file, "--derive", "doc.text#words=text", "--derive", "doc.vector#projections=vector", "--derive", "doc.vector#centroid=vector")
	notes := strings.Join(c.Notes, "\n")
	assert.Contains(t, notes, "both are one file")
	assert.Contains(t, notes, "doc.vector: centroids of vectors have no verdict")
	assert.Equal(t, "ok", c.Verdict)
	for _, name := range []string{"amount", "vip", "rare", "doc.text#words", "doc.vector#p0", "missing doc.vector#p0", "missing rare"} {
		s := subject(t, c, name, "")
		require.NotEmpty(t, s.Scores, name)
		for _, x := range s.Scores {
			assert.InDelta(t, 0, x.Effect, 1e-12, "%s %s", name, x.Method)
		}
	}
	assert.EqualValues(t, 810, subject(t, c, "doc.vector#p0", "").Samples)
}

// A drift says what kind of change it is, and the segment that it is found in.
func TestCompareCauses(t *testing.T) {
	rows := func(seed uint64, times float64) string {
		r := rand.New(rand.NewPCG(seed, 5))
		var b strings.Builder
		b.WriteString("market,price,weight\n")
		for range 4000 {
			market, price := []string{"DE", "FR", "BR", "US", "IT"}[r.IntN(5)], 20+5*r.NormFloat64()
			if market == "BR" {
				price *= times
			}
			fmt.Fprintf(&b, "%s,%.3f,%.4f\n", market, price, 3*times*math.Exp(r.NormFloat64()))
		}
		return b.String()
	}
	a, b := write(t, "a.csv", rows(1, 1)), write(t, "b.csv", rows(2, 2))
	c := compared(t, 1, a, b, "--segment", "country=market", "--segment-features", "price")
	price, weight := subject(t, c, "price", ""), subject(t, c, "weight", "")
	require.NotEmpty(t, price.FoundIn)
	assert.Equal(t, "country=BR", price.FoundIn[0].Segment)
	assert.InDelta(t, 0.2, price.FoundIn[0].Rows, 0.02)
	assert.Greater(t, price.FoundIn[0].Share, 0.9)
	assert.Contains(t, price.Text, "of it is found in country=BR (2")
	require.NotNil(t, weight.Change)
	assert.Equal(t, "scale", weight.Change.Kind)
	assert.Contains(t, weight.Text, "scale ×")
	assert.Equal(t, "drift", subject(t, c, "price", "country=BR").Verdict)
	assert.Equal(t, "ok", subject(t, c, "price", "country=DE").Verdict)
	out, _, err := mlprofile(t, "compare", a, b, "--segment", "country=market", "--segment-features", "price")
	assertStatus(t, err, 1)
	assert.Regexp(t, `(?m)^price +\S+ .* DRIFT\n( {4}.*\n)*? {4}.*is found in`, out)
}

// What drifts is in the order of ml_drift's ranked list: a drift of a feature that the card says
// matters more comes first, though another one is further over its threshold.
func TestCompareRanksByImportance(t *testing.T) {
	a, b := write(t, "a.csv", rowsOf(3000, 1, false)), write(t, "b.csv", rowsOf(1000, 2, true))
	order := func(c *comparison.Comparison) (names []string) {
		for i := range c.Subjects {
			s := &c.Subjects[i]
			if s.Verdict != "drift" {
				assert.Zero(t, s.Rank, s.Column)
				continue
			}
			names = append(names, s.Column)
			assert.Equal(t, len(names), s.Rank, s.Column)
		}
		return names
	}
	plain := order(compared(t, statusDrift, append([]string{a, b}, answer...)...))
	require.Greater(t, len(plain), 1)
	features := []string{plain[0] + ": {importance: 0.01}"}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(plain[1:]))) {
		if name != plain[0] {
			features = append(features, name+": {importance: 1}")
		}
	}
	card := write(t, "card.yaml", "kind: model\nname: m\nfeatures: {"+strings.Join(features, ", ")+"}\n")
	ranked := order(compared(t, statusDrift, append([]string{a, b, "--card", card}, answer...)...))
	assert.ElementsMatch(t, plain, ranked)
	assert.NotEqual(t, plain[0], ranked[0], "the first one hardly matters")
}
