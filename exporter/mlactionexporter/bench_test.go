// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlactionexporter

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// spans is a request of 500 prediction spans with 20 attributes, of 100 traces.
func spans() ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "scorer")
	rs.Resource().Attributes().PutStr(mlconv.AttrEnvironment, "production")
	ss := rs.ScopeSpans().AppendEmpty()
	for i := range 500 {
		s := ss.Spans().AppendEmpty()
		s.SetTraceID(pcommon.TraceID{byte(i / 5), 1})
		s.SetSpanID(pcommon.SpanID{byte(i), byte(i >> 8), 1})
		s.SetName("predict")
		s.SetStartTimestamp(pcommon.Timestamp(1795317907500000000 + i))
		s.SetEndTimestamp(pcommon.Timestamp(1795317907500100000 + i))
		s.Attributes().PutStr(mlconv.AttrModelName, "fraud")
		s.Attributes().PutStr(mlconv.AttrModelVersion, "7")
		for f := range 18 {
			s.Attributes().PutDouble(fmt.Sprintf("ml.feature.f%d", f), float64(i*f))
		}
	}
	return td
}

// BenchmarkConsumeTraces is what 500 spans cost: which version serves, and, with a directory, the buffer
// of evidence.
func BenchmarkConsumeTraces(b *testing.B) {
	for name, directory := range map[string]string{"versions": "", "evidence": b.TempDir()} {
		b.Run(name, func(b *testing.B) {
			cfg := createDefaultConfig().(*Config)
			cfg.Evidence.Directory = directory
			f := NewFactory()
			e, err := f.CreateTraces(b.Context(), exportertest.NewNopSettings(metadata.Type), cfg)
			require.NoError(b, err)
			require.NoError(b, e.Start(b.Context(), testkit.Host{component.MustNewID("none"): nil}))
			td := spans()
			b.ReportAllocs()
			for b.Loop() {
				require.NoError(b, e.ConsumeTraces(b.Context(), td))
			}
			b.StopTimer()
			require.NoError(b, e.Shutdown(b.Context()))
		})
	}
}
