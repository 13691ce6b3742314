//go:build hostile

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

const (
	// wide is a model with a card of wideFeatures features.
	wide         = "wide"
	wideFeatures = 300
	millionRows  = 1 << 20
	// mostCPU is what the process may use while it takes one span of a million rows, with all else that
	// it does meanwhile. It was 0.7 to 1.9 seconds, and 4 to 12 before rows were bounded; with a number
	// of a megabyte it was hours.
	mostCPU = 4 * time.Second
)

// writeWide writes the card of wide, with a contract.
func writeWide(t *testing.T, dir string) {
	t.Helper()
	p := &profile.Profile{FormatVersion: profile.FormatVersion, Name: "wide_reference", Rows: 1000}
	var features, checks strings.Builder
	for i := range wideFeatures {
		values := make([]float64, 1000)
		for j := range values {
			values[j] = float64(j)
		}
		p.Features = append(p.Features, profile.NewNumeric(fmt.Sprint("f", i), values, 0, 20))
		fmt.Fprintf(&features, "  f%d: {min: 0, max: 1000}\n", i)
		fmt.Fprintf(&checks, "    - {feature: f%d, not_missing: true}\n", i)
	}
	for i := range 10 {
		fmt.Fprintf(&checks, "    - {name: c%d, condition: 'attributes[\"ml.feature.f0\"] >= %d'}\n", i, -i)
	}
	checks.WriteString("    - {feature: text, pattern: '^[a-z]*9$'}\n")
	card := "kind: model\nname: wide\ntask: binary_classification\npositive_class: fraud\nbaseline: wide.json\nsegments: [country]\nfeatures:\n" + features.String() +
		"contract:\n  checks:\n" + checks.String()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "wide.yaml"), []byte(card), 0o600))
	file, err := os.Create(filepath.Join(dir, "wide.json"))
	require.NoError(t, err)
	require.NoError(t, p.Write(file))
	require.NoError(t, file.Close())
}

// cpu is what the process has used.
func (s *site) cpu() time.Duration {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.Pid()))
	if err != nil {
		s.t.Skip("this system does not say what CPU a process has used: ", err)
	}
	fields := strings.Fields(string(content[bytes.LastIndexByte(content, ')')+2:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond // of a hundredth of a second on every Linux
}

// shape is a span of many rows that is small when it is compressed, and claims much.
type shape struct {
	name string
	rows int
	set  func(span pcommon.Map)
}

func empties(v pcommon.Value, n int) {
	list := v.SetEmptySlice()
	list.EnsureCapacity(n)
	for range n {
		list.AppendEmpty()
	}
}

func integers(v pcommon.Value, n int) {
	list := v.SetEmptySlice()
	list.EnsureCapacity(n)
	for range n {
		list.AppendEmpty().SetInt(0)
	}
}

func json1(v string, n int) string { return strings.TrimSuffix(strings.Repeat(v+",", n), ",") }

var shapes = []shape{
	{"no answers", millionRows, func(span pcommon.Map) { empties(span.PutEmpty(mlconv.AttrPredictionClass), millionRows) }},
	{"one feature of JSON", millionRows, func(span pcommon.Map) {
		span.PutStr(mlconv.AttrFeatures, `{"f0":[`+json1("0", millionRows)+`]}`)
	}},
	{"rows without features", millionRows, func(span pcommon.Map) { empties(span.PutEmpty(mlconv.AttrFeatures), millionRows) }},
	{"features that change", 400_000, func(span pcommon.Map) {
		list := span.PutEmpty(mlconv.AttrFeatures).SetEmptySlice()
		for i := range 400_000 {
			if m := list.AppendEmpty().SetEmptyMap(); i%2 == 0 {
				m.PutEmpty("a")
			}
		}
	}},
	{"a segment", 600_000, func(span pcommon.Map) {
		list := span.PutEmpty(mlconv.PrefixSegment + "country").SetEmptySlice()
		for i := range 600_000 {
			list.AppendEmpty().SetInt(int64(i % 5))
		}
		span.PutStr(mlconv.AttrPredictionClass, "ok")
	}},
	{"the scores of all classes", 600_000, func(span pcommon.Map) {
		empties(span.PutEmpty(mlconv.AttrPredictionValue), 600_000)
		span.PutStr(mlconv.AttrPredictionClass, "ok")
		m := span.PutEmptyMap(mlconv.AttrPredictionScores)
		for i := range 20_000 {
			m.PutInt(strconv.Itoa(i), 0)
		}
	}},
	{"a number of a megabyte", millionRows, func(span pcommon.Map) {
		empties(span.PutEmpty(mlconv.AttrPredictionClass), millionRows)
		span.PutStr(mlconv.AttrPredictionConfidence, "0."+strings.Repeat("1", 1<<20))
		span.PutStr(mlconv.PrefixFeature+"text", strings.Repeat("a", 1<<19))
	}},
	{"conditions", millionRows, func(span pcommon.Map) {
		span.PutInt(mlconv.PrefixFeature+"f0", 1)
		empties(span.PutEmpty(mlconv.AttrPredictionClass), millionRows)
	}},
	{"classes that are numbers", 600_000, func(span pcommon.Map) { integers(span.PutEmpty(mlconv.AttrPredictionClass), 600_000) }},
}

// compressed is a request as gzip makes it.
func compressed(t *testing.T, td ptrace.Traces) []byte {
	t.Helper()
	body, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	require.NoError(t, err)
	require.Less(t, len(body), 4<<20)
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err = w.Write(body)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

// A span whose attributes claim much more than they hold costs what it holds; its rows are counted.
func TestMillionRows(t *testing.T) {
	parts := [][]shape{{shapes[0], shapes[6]}, shapes[1:4], {shapes[4], shapes[5], shapes[7], shapes[8]}}
	if testing.Short() {
		parts = parts[:1]
	}
	for i, some := range parts {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			s := newSite(t)
			writeWide(t, s.catalog)
			s.under(attack{"a million rows", func(t *testing.T, s *site) { s.playShapes(t, some) }})
			assert.Contains(t, s.log(), "Rows of predictions are not read")
			if i != 1 {
				assert.Contains(t, s.log(), "A batch is too much work for the bytes that its span holds")
			}
		})
	}
}

func (s *site) playShapes(t *testing.T, some []shape) {
	s.send(spansOf(1, func(_ int, _ pcommon.Resource, span ptrace.Span) {
		span.Attributes().PutStr(mlconv.AttrModelName, wide)
		span.Attributes().PutInt(mlconv.PrefixFeature+"f0", 1)
	})...)
	rows := 1
	for _, shape := range some {
		request := spansOf(1, func(_ int, _ pcommon.Resource, span ptrace.Span) {
			span.Attributes().PutStr(mlconv.AttrModelName, wide)
			span.Attributes().PutInt(mlconv.AttrBatchSize, int64(shape.rows))
			shape.set(span.Attributes())
		})[0]
		body := compressed(t, request)
		code, used := 0, time.Duration(0)
		for begun := time.Now(); code != http.StatusOK && time.Since(begun) < patience; <-time.After(50 * time.Millisecond) {
			before := s.cpu() // of the last try: others are refused where memory is short
			code, _ = s.post("http://"+s.otlpHTTP+"/v1/traces", "application/x-protobuf", body, "Content-Encoding", "gzip")
			used = s.cpu() - before
		}
		t.Logf("%s: %d bytes, %v of CPU, %d MB at most", shape.name, len(body), used, s.peak()>>20)
		assert.Equal(t, http.StatusOK, code, shape.name)
		assert.Less(t, used, mostCPU, shape.name)
		rows += shape.rows
	}
	processtest.WaitFor(t, patience, "all rows in the total", func() bool {
		return sum(s.page(), "ml_prediction_count_total", `ml_model_name="`+wide+`"`) == float64(rows)
	})
}
