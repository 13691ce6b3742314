// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/replay"
	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// spanFile writes requests as the file exporter does.
func spanFile(t *testing.T, requests ...ptrace.Traces) string {
	t.Helper()
	var b bytes.Buffer
	for _, td := range requests {
		line, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
		require.NoError(t, err)
		b.Write(append(line, '\n'))
	}
	path := filepath.Join(t.TempDir(), "traces.json")
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
	return path
}

// predictions are n spans of a model; set fills in the i-th.
func predictions(model, version string, n int, set func(i int, attrs pcommon.Map)) ptrace.Traces {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := range n {
		s := spans.AppendEmpty()
		s.SetTraceID(pcommon.TraceID{1, byte(i), byte(i >> 8), model[0], version[0]})
		s.SetSpanID(pcommon.SpanID{1, byte(i), byte(i >> 8)})
		end := time.Date(2026, 11, 1, 0, i, 0, 0, time.UTC)
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(end.Add(-time.Millisecond)))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
		s.Attributes().PutStr("ml.model.name", model)
		s.Attributes().PutStr("ml.model.version", version)
		set(i, s.Attributes())
	}
	return td
}

// traceSink keeps what an OTLP client sends.
type traceSink struct {
	ptraceotlp.UnimplementedGRPCServer
	requests []ptrace.Traces
}

func (s *traceSink) Export(_ context.Context, r ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	td := ptrace.NewTraces()
	r.Traces().CopyTo(td)
	s.requests = append(s.requests, td)
	return ptraceotlp.NewExportResponse(), nil
}

// The spans that mlreplay makes of a file give the baseline that the file gives, but for the names
// of the answer's columns.
func TestBaselineOfSpansIsThatOfTheFile(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString("at,amount,count,country,new,label,score\n")
	for i := range 2000 {
		amount, country := fmt.Sprintf("%.2f", rng.ExpFloat64()*50), []string{"DE", "FR", "US"}[rng.IntN(3)]
		if i%17 == 0 {
			amount = "NA"
		}
		if i%23 == 0 {
			country = ""
		}
		at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Minute)
		fmt.Fprintf(&b, "%s,%s,%d,%s,%t,%s,%g\n", at.Format(time.RFC3339), amount, rng.IntN(9), country, i%5 == 0, []string{"ok", "fraud"}[rng.IntN(2)], 0.5+rng.Float64()/2)
	}
	file := write(t, "traffic.csv", b.String())
	columns := []string{"--prediction", "label", "--confidence", "score", "--timestamp", "at"}
	want, _, _ := built(t, append([]string{file}, columns...)...)

	sink := &traceSink{}
	server := grpc.NewServer()
	ptraceotlp.RegisterGRPCServer(server, sink)
	listener, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	o := replay.Options{Model: "fraud", Version: "7", Options: baseline.Options{Prediction: "label", Confidence: "score", Timestamp: "at"}}
	schema, err := table.Infer(t.Context(), []string{file}, table.Options{})
	require.NoError(t, err)
	plan, err := replay.NewPlan(schema, o)
	require.NoError(t, err)
	exporter, err := replay.NewExporter(t.Context(), replay.Target{Endpoint: listener.Addr().String(), Protocol: "grpc", Timeout: 10 * time.Second})
	require.NoError(t, err)
	for _, asMap := range []bool{false, true} {
		o.AsMap, sink.requests = asMap, nil
		result, err := replay.Run(t.Context(), []string{file}, plan, o, exporter)
		require.NoError(t, err)
		require.Equal(t, 2000, result.Delivered)

		got, fromSpans, out := built(t, spanFile(t, sink.requests...), "--name", "traffic")
		assert.NotContains(t, out, "left out")
		got.CreatedAt, want.CreatedAt = time.Time{}, time.Time{}
		require.NotNil(t, got.Prediction)
		require.NotNil(t, got.Confidence)
		assert.Equal(t, "ml.prediction.class", got.Prediction.Name)
		got.Prediction.Name, got.Confidence.Name = "label", "score"
		byName := map[string]*profile.Column{}
		for _, c := range got.Features { // the order is that of the spans
			byName[c.Name] = c
		}
		got.Features = nil
		for _, c := range want.Features {
			got.Features = append(got.Features, byName[c.Name])
		}
		assert.Equal(t, want, got, "as map: %t", asMap)

		text, _, err := mlprofile(t, "score", "--json", "--all", "--reference", fromSpans, "--current", spanFile(t, sink.requests...))
		require.NoError(t, err)
		var scores []score
		require.NoError(t, json.Unmarshal([]byte(text), &scores))
		assert.Len(t, scores, 6)
		for _, s := range scores {
			assert.Zero(t, s.Score, s.Column)
		}
	}
	require.NoError(t, exporter.Shutdown(t.Context()))
}

func TestSpansOfAllShapes(t *testing.T) {
	td := predictions("m", "1", 3, func(i int, attrs pcommon.Map) {
		attrs.PutInt("ml.batch.size", 2)
		x := attrs.PutEmptySlice("ml.feature.x")
		x.AppendEmpty().SetDouble(float64(i))
		x.AppendEmpty().SetDouble(float64(i) + 0.5)
		attrs.PutStr("ml.features", `{"c": "a", "n": [1, NaN]}`)
		v := attrs.PutEmptySlice("ml.prediction.value")
		v.AppendEmpty().SetDouble(1)
		v.AppendEmpty().SetInt(2)
	})
	path := spanFile(t, td)
	p, _, _ := built(t, path)
	assert.Equal(t, uint64(6), p.Rows)
	assert.Equal(t, uint64(6), p.Column("x").Count)
	assert.Equal(t, uint64(3), p.Column("n").Missing)
	assert.Equal(t, profile.Numeric, p.Prediction.Type)
	assert.Equal(t, 1.5, p.Prediction.Numeric.Mean)
	assert.Equal(t, time.Date(2026, 11, 1, 0, 2, 0, 0, time.UTC), p.To)

	// One document, indented, is the same; so is a request that was written twice.
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var indented bytes.Buffer
	require.NoError(t, json.Indent(&indented, data, "", "  "))
	again, _, _ := built(t, write(t, "traces.json", indented.String()), "--name", p.Name)
	twice, _, _ := built(t, spanFile(t, td, td), "--name", p.Name)
	for _, q := range []*profile.Profile{again, twice} {
		q.CreatedAt = p.CreatedAt
		assert.Equal(t, p, q)
	}
}

func TestSpansOfSeveralModels(t *testing.T) {
	set := func(i int, attrs pcommon.Map) { attrs.PutDouble("ml.feature.x", float64(i)) }
	path := spanFile(t, predictions("fraud", "7", 30, set), predictions("fraud", "8", 20, set), predictions("churn", "1", 10, set))
	_, _, err := mlprofile(t, "build", path)
	require.ErrorContains(t, err, "pick one of")
	for _, want := range []string{"--model churn --version 1: 10 rows", "--model fraud --version 7: 30 rows", "--model fraud --version 8: 20 rows"} {
		require.ErrorContains(t, err, want)
	}
	_, _, err = mlprofile(t, "build", path, "--model", "fraud")
	require.ErrorContains(t, err, "--model fraud --version 8")
	p, _, _ := built(t, path, "--model", "fraud", "--version", "8")
	assert.Equal(t, uint64(20), p.Rows)
	_, _, err = mlprofile(t, "build", path, "--model", "froud")
	require.ErrorContains(t, err, "no prediction of the model that is asked for")
	_, _, err = mlprofile(t, "build", write(t, "a.csv", "x,y\n1,2\n"), "--model", "fraud", "-o", filepath.Join(t.TempDir(), "x.json"))
	require.ErrorContains(t, err, "for files of spans")

	lost := predictions("m", "1", 4, set)
	lost.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(1).SetDroppedAttributesCount(1)
	p, _, out := built(t, spanFile(t, lost))
	assert.Equal(t, uint64(3), p.Rows)
	assert.Contains(t, out, "1 row of spans that have lost attributes are left out")

	_, _, err = mlprofile(t, "build", write(t, "cut.json", `{"resourceSpans": [{`))
	require.ErrorContains(t, err, "is cut")
	_, _, err = mlprofile(t, "build", write(t, "bad.json", `{"resourceSpans": 5}`))
	require.ErrorContains(t, err, "not spans in OTLP JSON")
}
