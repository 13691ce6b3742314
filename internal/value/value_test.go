// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package value_test

import (
	"encoding/json"
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

func TestValue(t *testing.T) {
	for _, tt := range []struct {
		name     string
		v        value.Value
		kind     value.Kind
		number   any
		category string
	}{
		{"missing", value.Value{}, value.Missing, nil, ""},
		{"NaN", value.NewFloat(math.NaN()), value.Missing, nil, ""},
		{"infinite", value.NewFloat(math.Inf(-1)), value.Missing, nil, ""},
		{"integer", value.NewInt(math.MinInt64), value.Int, float64(math.MinInt64), "-9223372036854775808"},
		{"number", value.NewFloat(2.5), value.Float, 2.5, "2.5"},
		{"whole number", value.NewFloat(2), value.Float, 2.0, "2"},
		{"true", value.NewBool(true), value.Bool, nil, "true"},
		{"false", value.NewBool(false), value.Bool, nil, "false"},
		{"text", value.NewText("DE"), value.Text, nil, "DE"},
		{"empty text", value.NewText(""), value.Text, nil, ""},
		{"a number's text", value.NewText("1e-07"), value.Text, nil, "1e-7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.kind, tt.v.Kind())
			n, ok := tt.v.Number()
			assert.Equal(t, tt.number != nil, ok)
			if ok {
				assert.Equal(t, tt.number, n)
			}
			assert.Equal(t, tt.category, tt.v.Category())
			digits, s := tt.v.AppendCategory([]byte("x")[:1])
			if digits != nil {
				s = string(digits[1:])
			}
			assert.Equal(t, tt.category, s)
		})
	}
	assert.Equal(t, int64(-3), value.NewInt(-3).Int())
	assert.Zero(t, value.NewFloat(3).Int())
	assert.True(t, value.NewBool(true).Bool())
	assert.False(t, value.NewInt(1).Bool())
	assert.Equal(t, "1e-07", value.NewText("1e-07").Text(), "as it came")
}

// asJSON is the oracle: what encoding/json writes, but for the sign of zero.
func asJSON(t *testing.T, v float64) string {
	b, err := json.Marshal(v)
	require.NoError(t, err)
	if v == 0 {
		return "0"
	}
	return string(b)
}

// before is how ml_summary spelt a number in its first versions.
func before(v float64) string {
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

func checkSpelling(t *testing.T, v float64) {
	want := asJSON(t, v)
	got := value.FormatFloat(v)
	require.Equal(t, want, got)
	back, err := strconv.ParseFloat(got, 64)
	require.NoError(t, err)
	require.InDelta(t, v, back, 0, "%s does not read back", got)
	require.Equal(t, want, value.NewFloat(v).Category())
	require.Equal(t, want, value.Category(want), "the spelling as a string")
	require.Equal(t, want, value.Category(before(v)), "the older spelling")
}

func TestFormatFloat(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", math.Copysign(0, -1): "0", 1: "1", -1.5: "-1.5", 0.1: "0.1", 1e-6: "0.000001",
		math.Nextafter(1e-6, 0): "9.999999999999997e-7", 1e-7: "1e-7", -1e-7: "-1e-7", 1.25e-9: "1.25e-9", 1e-10: "1e-10", 1e-100: "1e-100",
		1e20: "100000000000000000000", 1e21: "1e+21", 1e22: "1e+22", 1e100: "1e+100", math.MaxFloat64: "1.7976931348623157e+308",
		math.SmallestNonzeroFloat64: "5e-324", 1 << 53: "9007199254740992", float64(float32(0.3)): "0.30000001192092896",
	} {
		assert.Equal(t, want, value.FormatFloat(v))
		checkSpelling(t, v)
	}
}

// What only looks like the digits of a number is as it came.
func TestCategory(t *testing.T) {
	for in, want := range map[string]string{
		"1e-07": "1e-7", "-2.5e-09": "-2.5e-9", "-0": "0",
		"": "", "e-07": "e-07", "x1e-07": "x1e-07", "1.0e-07": "1.0e-07", "10e-07": "10e-07", "+1e-07": "+1e-07", "0e-07": "0e-07",
		"01e-07": "01e-07", "1E-07": "1E-07", "1e-7": "1e-7", "1e-06": "1e-06", "1e+05": "1e+05", "0": "0", "00": "00", "-0.0": "-0.0", "route-07": "route-07",
	} {
		assert.Equal(t, want, value.Category(in), in)
	}
}

func FuzzFormatFloat(f *testing.F) {
	for _, v := range []float64{0, 1, 1e-7, 1e-6, 1e21, 5e-324, math.MaxFloat64, 0.1} {
		f.Add(math.Float64bits(v))
	}
	f.Fuzz(func(t *testing.T, bits uint64) {
		if v := math.Float64frombits(bits); v-v == 0 {
			checkSpelling(t, v)
		}
	})
}

func FuzzCategory(f *testing.F) {
	for _, s := range []string{"1e-07", "-0", "e-07", "DE"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := value.Category(s)
		require.Equal(t, once, value.Category(once))
		if once != s {
			v, err := strconv.ParseFloat(s, 64)
			require.NoError(t, err)
			require.Equal(t, value.FormatFloat(v), once, "only the digits of a number change")
		}
	})
}

func TestNoGarbage(t *testing.T) {
	buf := make([]byte, 0, 32)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		for _, v := range []value.Value{value.NewFloat(1.5e-7), value.NewInt(7), value.NewBool(true), value.NewText("some text")} {
			v.AppendCategory(buf)
		}
	}))
}
