// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func example() *Profile {
	return &Profile{
		FormatVersion: FormatVersion, Name: "fraud", Rows: 6,
		CreatedAt: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
		From:      time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC),
		Features: []*Column{
			NewNumeric("amount", []float64{4, 1, math.NaN(), 3, 2, math.Inf(1)}, 0, 4),
			NewCategorical(`odd "name" [1,  2]`, map[string]uint64{"[3,   4]": 2, `back\slash`: 1, "": 1, "x": 2}, 0, 3),
			NewNumeric("empty", nil, 6, 4),
		},
		Prediction: NewCategorical("y", map[string]uint64{"0": 5, "1": 1}, 0, 10),
		Confidence: NewNumeric("score", []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6}, 0, 3),
	}
}

func TestNewNumeric(t *testing.T) {
	c := example().Features[0]
	assert.Equal(t, uint64(4), c.Count)
	assert.Equal(t, uint64(2), c.Missing, "NaN and infinities are missing")
	assert.InDelta(t, 1.0/3, c.MissingRatio(), 1e-15)
	assert.Equal(t, 2.5, c.Numeric.Mean)
	assert.InDelta(t, math.Sqrt(1.25), c.Numeric.StdDev, 1e-15)
	assert.Equal(t, []float64{1, 2, 3, 4}, c.Numeric.Bounds)
	assert.Equal(t, []uint64{1, 1, 1, 1, 0}, c.Numeric.Counts)
	assert.Nil(t, example().Features[2].Numeric)
	assert.Zero(t, (&Column{}).MissingRatio())
}

func TestNewCategorical(t *testing.T) {
	c := NewCategorical("c", map[string]uint64{"b": 2, "a": 2, "z": 9, "rare": 1}, 5, 3)
	assert.Equal(t, []Category{{"z", 9}, {"a", 2}, {"b", 2}}, c.Categories)
	assert.Equal(t, uint64(1), c.Other)
	assert.Equal(t, uint64(14), c.Count)
	assert.Equal(t, uint64(5), c.Missing)
}

func TestWriteAndRead(t *testing.T) {
	p := example()
	require.NoError(t, p.Validate())
	var b bytes.Buffer
	require.NoError(t, p.Write(&b))
	text := b.String()
	assert.Contains(t, text, `"bounds": [1, 2, 3, 4]`)
	assert.Contains(t, text, `"value": "[3,   4]"`)
	got, err := Read(strings.NewReader(text))
	require.NoError(t, err)
	assert.Equal(t, p, got)
	var again bytes.Buffer
	require.NoError(t, got.Write(&again))
	assert.Equal(t, text, again.String())

	path := filepath.Join(t.TempDir(), "p.json")
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
	got, err = Load(path)
	require.NoError(t, err)
	assert.Equal(t, p, got)
	assert.Equal(t, p.Features[0], got.Column("amount"))
	assert.Nil(t, got.Column("gone"))
}

func TestLoadNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"format_version": 1, "rows": 1, "colour": "red"}`), 0o600))
	_, err := Load(path)
	assert.ErrorContains(t, err, path)
	assert.ErrorContains(t, err, `unknown field "colour"`)
	_, err = Load(path + ".gone")
	assert.ErrorContains(t, err, path)
}

func TestValidateReportsEverything(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Profile)
		want   []string
	}{
		"version": {func(p *Profile) { p.FormatVersion = 2 }, []string{"format_version: 2 is not supported"}},
		"columns": {func(p *Profile) {
			p.Features[2] = nil
			p.Features[1].Name = "amount"
			p.Features[1].Count = 1
		}, []string{"features[2]: must not be null", `features[1].name: "amount" is there twice`, "features[1] (amount).count: 1 is not the sum"}},
		"numeric": {func(p *Profile) {
			n := p.Features[0].Numeric
			n.Bounds = []float64{2, 1}
			n.Min, n.StdDev = 9, -1
		}, []string{"numeric.bounds[1]", "counts: 5 of them", "min: 9 is above max", "std_dev: -1"}},
		"no numbers": {func(p *Profile) { p.Features[0].Numeric = nil }, []string{"numeric: must be set"}},
		"sum":        {func(p *Profile) { p.Features[0].Numeric.Counts[0]++ }, []string{"their sum 5 is not the column's count 4"}},
		"type":       {func(p *Profile) { p.Prediction.Type = "label" }, []string{`prediction.type: "label" is neither`}},
		"confidence": {func(p *Profile) { p.Confidence = NewCategorical("c", nil, 0, 1) }, []string{"confidence.type: must be numeric"}},
		"twice":      {func(p *Profile) { p.Prediction.Categories[1].Value = "0" }, []string{`prediction.categories: "0" is there twice`}},
	} {
		t.Run(name, func(t *testing.T) {
			p := example()
			tt.change(p)
			err := p.Validate()
			for _, want := range tt.want {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	if err := example().Write(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(`{"format_version": 1, "features": [null]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := p.Write(&out); err != nil {
			t.Fatal(err)
		}
		if !json.Valid(out.Bytes()) {
			t.Fatalf("not JSON: %s", out.Bytes())
		}
		if _, err := Read(&out); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}
