// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package adjust

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCount(t *testing.T) {
	for tracestate, want := range map[string]struct {
		n  uint32
		ok bool
	}{
		"":                           {1, true},
		"vendor=1":                   {1, true},
		"ot=rv:0123456789abcd":       {1, true},
		"ot=th:0":                    {1, true},
		"ot=th:8":                    {2, true},
		"ot=th:c":                    {4, true},
		"ot=th:ff":                   {256, true},
		"a=b, ot=rv:01;th:c ,x=ot":   {4, true},
		"a=th:8,ot=th:c":             {4, true},
		"ot=p:0":                     {1, true},
		"ot=p:3;r:5":                 {8, true},
		"ot=p:3;th:8":                {2, true}, // the newer one counts
		"ot=p:16":                    {Max, true},
		"ot=th:ffff":                 {Max, true},
		"ot=th:ffff8":                {Max, false},
		"ot=th:ffffffffffffff":       {Max, false},
		"ot=p:17":                    {Max, false},
		"ot=p:63":                    {1, false},
		"ot=p:x":                     {1, false},
		"ot=p:":                      {1, false},
		"ot=th:":                     {1, false},
		"ot=th:xyz":                  {1, false},
		"ot=th:123456789abcdef":      {1, false},
		"ot=th:-1":                   {1, false},
		",,ot=;;:;th":                {1, false},
		"ot=th:c,ot=th:8":            {4, true},
		"noot=th:c":                  {1, true},
		"ot=th2:c":                   {1, true},
		"dd=s:1;t.dm:-3,ot=th:e;q:1": {8, true},
	} {
		n, ok := Count(tracestate, pcommon.TraceID{1}, pcommon.SpanID{2})
		assert.Equal(t, want.n, n, tracestate)
		assert.Equal(t, want.ok, ok, tracestate)
	}
}

// Whole numbers have the mean of the adjusted counts, which are contrib's.
func TestCountIsRoundedByChance(t *testing.T) {
	for _, probability := range []float64{0.9, 0.75, 1.0 / 3, 0.05, 0.013} {
		threshold, err := sampling.ProbabilityToThreshold(probability)
		require.NoError(t, err)
		tracestate := "ot=th:" + threshold.TValue()
		parsed, err := sampling.NewW3CTraceState(tracestate)
		require.NoError(t, err)
		want := parsed.OTelValue().AdjustedCount()

		const spans = 200_000
		sum := 0.0
		for i := range uint64(spans) {
			var trace pcommon.TraceID
			var span pcommon.SpanID
			binary.BigEndian.PutUint64(trace[8:], i/3) // a few spans a trace, ids that are not random
			binary.BigEndian.PutUint64(span[:], i)
			n, ok := Count(tracestate, trace, span)
			require.True(t, ok)
			require.InDelta(t, want, float64(n), 1)
			sum += float64(n)
		}
		assert.InDelta(t, want, sum/spans, 4*0.5/math.Sqrt(spans), "of %v", probability)
	}
}

func FuzzCount(f *testing.F) {
	for _, seed := range []string{"ot=th:c", "a=b,ot=rv:1;th:8;p:1", "ot=p:63", ",=;:"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, tracestate string) {
		n, ok := Count(tracestate, pcommon.TraceID{}, pcommon.SpanID{})
		if n < 1 || n > Max {
			t.Fatalf("%q counts %d", tracestate, n)
		}
		w3c, err := sampling.NewW3CTraceState(tracestate)
		if err != nil || w3c.OTelValue().TValue() == "" {
			return
		}
		// What contrib reads counts the same here.
		threshold, _ := w3c.OTelValue().TValueThreshold()
		want := threshold.AdjustedCount()
		if want < Max && (!ok || math.Abs(float64(n)-want) > 1) {
			t.Fatalf("%q counts %d, not %v", tracestate, n, want)
		}
	})
}
