// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prediction

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

func TestField(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   any
		// number and category are empty where the value has none; missing is how that counts.
		number           any
		numberMissing    bool
		category         string
		categoryMissing  bool
		categoryUnusable bool
	}{
		{name: "double", in: 1.5, number: 1.5, category: "1.5"},
		{name: "whole double", in: 1.0, number: 1.0, category: "1"},
		{name: "large double", in: 1e20, number: 1e20, category: "100000000000000000000"},
		{name: "larger double", in: 1e21, number: 1e21, category: "1e+21"},
		{name: "small double", in: 1e-7, number: 1e-7, category: "1e-7"},
		{name: "small number in a string, as it was spelt before", in: "1e-07", number: 1e-7, category: "1e-7"},
		{name: "negative zero", in: math.Copysign(0, -1), number: math.Copysign(0, -1), category: "0"},
		{name: "zero", in: 0.0, number: 0.0, category: "0"},
		{name: "int", in: int64(math.MaxInt64), number: float64(math.MaxInt64), category: "9223372036854775807"},
		{name: "true", in: true, number: 1.0, category: "true"},
		{name: "false", in: false, number: 0.0, category: "false"},
		{name: "string", in: "DE", category: "DE"},
		{name: "numeric string", in: "-2.5e3", number: -2500.0, category: "-2.5e3"},
		{name: "all digits of a number", in: "-0." + strings.Repeat("1", 1090), number: -1.0 / 9, category: "-0." + strings.Repeat("1", 1090)},
		{name: "too many digits", in: "0." + strings.Repeat("1", 1100), category: "0." + strings.Repeat("1", 1100)},
		{name: "NaN in a string", in: "NaN", numberMissing: true, category: "NaN"},
		{name: "number out of range", in: "1e999", numberMissing: true, category: "1e999"},
		{name: "NaN", in: math.NaN(), numberMissing: true, categoryMissing: true},
		{name: "infinite", in: math.Inf(-1), numberMissing: true, categoryMissing: true},
		{name: "empty string", in: "", numberMissing: true, categoryMissing: true},
		{name: "empty", in: nil, numberMissing: true, categoryMissing: true},
		{name: "bytes", in: []byte("x"), categoryUnusable: true},
		{name: "list", in: []any{1.0}, categoryUnusable: true},
		{name: "map", in: map[string]any{"a": 1.0}, categoryUnusable: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := pcommon.NewValueEmpty()
			require.NoError(t, v.FromRaw(tt.in))
			var x Field
			x.set(v)
			n, ok, missing := x.Float()
			assert.Equal(t, tt.numberMissing, missing)
			assert.Equal(t, tt.number != nil, ok)
			if ok {
				assert.Equal(t, tt.number, n)
			}
			digits, s, ok, missing := x.AppendCategory(make([]byte, 0, 32))
			assert.Equal(t, tt.categoryMissing, missing)
			assert.Equal(t, !tt.categoryMissing && !tt.categoryUnusable, ok)
			assert.Equal(t, tt.category, string(digits)+s)
		})
	}
}
