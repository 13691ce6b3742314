// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"bytes"
	"encoding/binary"
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

// Any finite numbers make a profile whose figures are finite.
func TestNewNumericOfExtremes(t *testing.T) {
	large, tiny := math.MaxFloat64, 5e-324
	for name, tt := range map[string]struct {
		values   []float64
		mean, sd float64
	}{
		"one value, the largest":  {[]float64{large, large}, large, 0},
		"one value, the smallest": {[]float64{-large, -large, -large}, -large, 0},
		"both ends":               {[]float64{-large, -large, large, large}, 0, large},
		"as reported":             {[]float64{-1.797e308, 1.797e308}, 0, 1.797e308},
		"far from zero":           {[]float64{1e200, 3e200}, 2e200, 1e200},
		"near zero":               {[]float64{1e-200, 3e-200}, 2e-200, 1e-200},
		"subnormal":               {[]float64{tiny, tiny, -tiny, -tiny}, 0, tiny},
		"zero":                    {[]float64{0, 0, 0}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := NewNumeric("x", tt.values, 0, 240)
			p := &Profile{FormatVersion: FormatVersion, Rows: c.Count, Features: []*Column{c}}
			require.NoError(t, p.Validate())
			var b bytes.Buffer
			require.NoError(t, p.Write(&b))
			assert.InEpsilon(t, 1+tt.mean, 1+c.Numeric.Mean, 1e-12)
			assert.InDelta(t, 1, (tt.sd+math.SmallestNonzeroFloat64)/(c.Numeric.StdDev+math.SmallestNonzeroFloat64), 1e-12)
			assert.Zero(t, c.Numeric.Counts[len(c.Numeric.Counts)-1], "nothing is above the largest")
		})
	}
}

// A value that came as a double and as a float32 is one value.
func TestNewNumericOfFloat32(t *testing.T) {
	doubles := []float64{0.1, 0.3, 0.3, 0.7, 0.7, 0.7}
	mixed := []float64{float64(float32(0.1)), 0.3, float64(float32(0.3)), float64(float32(0.7)), 0.7, 0.7}
	assert.Equal(t, NewNumeric("x", doubles, 0, 240), NewNumeric("x", mixed, 0, 240))
}

func TestNewCategorical(t *testing.T) {
	c := NewCategorical("c", map[string]uint64{"b": 2, "a": 2, "z": 9, "rare": 1}, 5, 3)
	assert.Equal(t, []Category{{"z", 9}, {"a", 2}}, c.Categories[:2])
	assert.Equal(t, uint64(3), c.Categories[2].Count+c.Other, "half of the rows chose")
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
		"version": {func(p *Profile) { p.FormatVersion = 3 }, []string{"format_version: 3 is not supported"}},
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

// FuzzNewNumeric: numbers of any kind make a profile that is written and read again.
func FuzzNewNumeric(f *testing.F) {
	add := func(bins uint8, values ...float64) {
		var data []byte
		for _, v := range values {
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
		}
		f.Add(bins, data)
	}
	add(240, 1, 2, 2, 3, math.NaN(), math.Inf(1))
	add(3, math.MaxFloat64, -math.MaxFloat64, 5e-324, 0)
	add(10, 0.3, float64(float32(0.3)), 0.3, 16777217, 16777216)
	f.Fuzz(func(t *testing.T, bins uint8, data []byte) {
		var values []float64
		for ; len(data) >= 8; data = data[8:] {
			values = append(values, math.Float64frombits(binary.LittleEndian.Uint64(data)))
		}
		n := uint64(len(values))
		c := NewNumeric("x", values, 0, 1+int(bins)%240)
		require.Equal(t, n, c.Count+c.Missing)
		p := &Profile{FormatVersion: FormatVersion, Rows: n, Features: []*Column{c}}
		require.NoError(t, p.Validate())
		var b bytes.Buffer
		require.NoError(t, p.Write(&b))
		got, err := Read(&b)
		require.NoError(t, err)
		require.Equal(t, p, got)
		if c.Numeric != nil {
			require.False(t, math.IsInf(c.Numeric.StdDev, 0) || math.IsInf(c.Numeric.Mean, 0))
		}
	})
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

// A baseline of an older version has numbers among its categories as C spells them; they are the
// categories that live values have.
func TestReadRespells(t *testing.T) {
	p, err := Read(strings.NewReader(`{"format_version": 1, "rows": 10, "features": [{"name": "rate", "type": "categorical", "count": 10, "missing": 0,
		"categories": [{"value": "2.5e-09", "count": 4}, {"value": "1e-07", "count": 3}, {"value": "1e-7", "count": 2}], "other": 1}],
		"prediction": {"name": "class", "type": "categorical", "count": 1, "missing": 0, "categories": [{"value": "-0", "count": 1}]}}`))
	require.NoError(t, err)
	assert.Equal(t, []Category{{"1e-7", 5}, {"2.5e-9", 4}}, p.Features[0].Categories)
	assert.Equal(t, []Category{{"0", 1}}, p.Prediction.Categories)
	require.NoError(t, p.Validate())
}
