// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package baseline

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// data writes 240 rows, one an hour from 2026-11-01: an id, a number with missing values, a
// category, a flag, a code, a constant, the answer and its score.
func data(t *testing.T, name string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("row,user,at,amount,country,new,level,unit,empty,y_pred,score\n")
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for i := range 240 {
		amount := fmt.Sprint(float64(i) / 2)
		if i%10 == 0 {
			amount = ""
		}
		fmt.Fprintf(&b, "%d,u%d,%s,%s,%s,%t,%d,EUR,,%d,%g\n", i, i, at.Add(time.Duration(i)*time.Hour).Format(time.DateTime),
			amount, []string{"DE", "DE", "FR"}[i%3], i%2 == 0, i%4, i%2, float64(i%100)/100)
	}
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
	return path
}

func names(columns []*PlannedColumn) []string {
	var out []string
	for _, c := range columns {
		out = append(out, c.Name)
	}
	return out
}

func TestBuild(t *testing.T) {
	file := data(t, "a.csv")
	p, plan, err := Build(t.Context(), []string{file}, Options{Name: "fraud", Prediction: "y_pred", Confidence: "score", Timestamp: "at"})
	require.NoError(t, err)
	require.NoError(t, p.Validate())

	assert.Equal(t, []string{"amount", "country", "new", "level", "unit"}, names(plan.Features))
	notes := map[string]string{}
	for _, c := range plan.Columns {
		if c.Note() != "" {
			notes[c.Name] = c.Note()
		}
	}
	assert.Contains(t, notes["row"], "counts upwards")
	assert.Contains(t, notes["user"], "all values differ")
	assert.Contains(t, notes["unit"], "constant")
	assert.Contains(t, notes["empty"], "no values")
	assert.Contains(t, notes["y_pred"], "2 whole numbers are taken for classes")
	assert.Contains(t, notes["level"], "4 whole numbers: codes?")
	assert.Len(t, notes, 6)

	assert.Equal(t, uint64(240), p.Rows)
	assert.Equal(t, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), p.From)
	assert.Equal(t, time.Date(2026, 11, 10, 23, 0, 0, 0, time.UTC), p.To)
	amount := p.Column("amount")
	assert.Equal(t, uint64(216), amount.Count)
	assert.Equal(t, uint64(24), amount.Missing)
	assert.Equal(t, 119.5, amount.Numeric.Max)
	assert.Equal(t, []profile.Category{{Value: "DE", Count: 160}, {Value: "FR", Count: 80}}, p.Column("country").Categories)
	assert.Equal(t, []profile.Category{{Value: "false", Count: 120}, {Value: "true", Count: 120}}, p.Column("new").Categories)
	assert.Equal(t, profile.Numeric, p.Column("level").Type, "few whole numbers stay numeric")
	assert.Equal(t, []profile.Category{{Value: "0", Count: 120}, {Value: "1", Count: 120}}, p.Prediction.Categories)
	assert.Equal(t, profile.Numeric, p.Confidence.Type)
}

func TestOverrides(t *testing.T) {
	file := data(t, "a.csv")
	from := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)
	p, plan, err := Build(t.Context(), []string{file}, Options{
		Timestamp: "at", From: from, To: from.Add(24 * time.Hour),
		Features: []string{"row", "level", "country"}, Types: map[string]profile.Type{"level": profile.Categorical}, Bins: 4, MaxCategories: 1,
	})
	require.NoError(t, err)
	assert.Equal(t, uint64(24), p.Rows)
	assert.Equal(t, from, p.From)
	assert.Equal(t, from.Add(23*time.Hour), p.To)
	require.Len(t, p.Features, 3)
	assert.Equal(t, "row", p.Features[0].Name, "the order is the user's")
	assert.Contains(t, plan.Features[0].Note(), "looks like an id")
	assert.Equal(t, []float64{24, 29, 35, 41, 47}, p.Features[0].Numeric.Bounds)
	require.Len(t, p.Features[1].Categories, 1)
	assert.Equal(t, uint64(6), p.Features[1].Categories[0].Count)
	assert.Equal(t, uint64(18), p.Features[1].Other)
	assert.NotNil(t, p.Features[1].HeldOut, "one of four was chosen")
	assert.Nil(t, p.Prediction)
}

func TestRowsWithoutTheColumnAreMissing(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.jsonl"), filepath.Join(dir, "b.jsonl")
	require.NoError(t, os.WriteFile(a, []byte("{\"x\": 1, \"y\": 1}\n{\"x\": 2}\n"), 0o600))
	require.NoError(t, os.WriteFile(b, []byte("{\"x\": 3}\n{\"x\": null, \"z\": \"q\"}\n"), 0o600))
	p, _, err := Build(t.Context(), []string{a, b}, Options{})
	require.NoError(t, err)
	missing := map[string]uint64{}
	for _, c := range p.Features {
		assert.Equal(t, uint64(4), c.Count+c.Missing, c.Name)
		missing[c.Name] = c.Missing
	}
	assert.Equal(t, map[string]uint64{"x": 1, "y": 3, "z": 3}, missing)
}

func TestSkipAndTake(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.csv"), filepath.Join(dir, "b.csv")
	require.NoError(t, os.WriteFile(a, []byte("x\n1\n2\n3\n"), 0o600))
	require.NoError(t, os.WriteFile(b, []byte("x\n4\n5\n"), 0o600))
	p, _, err := Build(t.Context(), []string{a, b}, Options{Features: []string{"x"}, Skip: 1, Take: 3})
	require.NoError(t, err)
	assert.Equal(t, uint64(3), p.Rows)
	assert.Equal(t, 2.0, p.Column("x").Numeric.Min)
	assert.Equal(t, 4.0, p.Column("x").Numeric.Max)
}

func TestErrors(t *testing.T) {
	file := data(t, "a.csv")
	_, _, err := Build(t.Context(), []string{file}, Options{
		Prediction: "nope", Confidence: "country", Exclude: []string{"gone"}, Bins: 1000, MaxCategories: -1,
		Types: map[string]profile.Type{"amount": "float"}, From: time.Unix(1, 0),
	})
	for _, want := range []string{
		`prediction: there is no column "nope"; there are row, user,`, `confidence: column "country" is not numeric`,
		`exclude: there is no column "gone"`, "type: amount=float: neither numeric nor categorical",
		"bins: 1000 is not between 1 and 240", "max-categories: -1 is negative", "from, to: a timestamp column is needed",
	} {
		assert.ErrorContains(t, err, want)
	}
	_, _, err = Build(t.Context(), []string{file}, Options{Prediction: "score", Confidence: "score"})
	assert.ErrorContains(t, err, `confidence: column "score" is the prediction already`)
	_, _, err = Build(t.Context(), []string{file}, Options{Types: map[string]profile.Type{"country": profile.Numeric}})
	assert.ErrorContains(t, err, `a.csv:2: column "country": "DE" is not a number; if it means missing, name it in --null`)
	_, _, err = Build(t.Context(), []string{file}, Options{Timestamp: "country"})
	assert.ErrorContains(t, err, `a.csv:2: column "country": "DE" is not a point in time`)
	_, _, err = Build(t.Context(), []string{file}, Options{Timestamp: "at", From: time.Now().Add(1e6 * time.Hour)})
	assert.ErrorContains(t, err, "there is no row to profile")
	_, _, err = Build(t.Context(), []string{file}, Options{Features: []string{}})
	assert.ErrorContains(t, err, "no column is left to profile")
}

func TestRoleOfTimeColumns(t *testing.T) {
	schema, err := table.Infer(t.Context(), []string{data(t, "a.csv")}, table.Options{})
	require.NoError(t, err)
	plan, err := NewPlan(schema, Options{})
	require.NoError(t, err)
	for _, c := range plan.Columns {
		if c.Name == "at" {
			assert.Equal(t, RoleNone, c.Role)
			assert.Contains(t, c.Note(), "a point in time")
		}
	}
}
