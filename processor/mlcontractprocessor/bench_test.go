// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcontractprocessor

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/processor/mlcontractprocessor/internal/metadata"
)

// BenchmarkConsume passes requests of 100 predictions with 20 features, which 40 checks find good, and
// of as many spans that are none.
func BenchmarkConsume(b *testing.B) {
	var card strings.Builder
	card.WriteString("kind: model\nname: m\ncontract:\n  checks:\n")
	attributes := map[string]any{"ml.model.name": "m", "ml.prediction.class": "ok"}
	other := map[string]any{"http.route": "/"}
	for i := range 20 {
		if i%4 == 3 {
			fmt.Fprintf(&card, "    - {feature: f%d, type: string, values: [EUR, USD]}\n", i)
			attributes[fmt.Sprintf("ml.feature.f%d", i)] = "EUR"
		} else {
			fmt.Fprintf(&card, "    - {feature: f%d, type: number, min: 0, max: 100}\n", i)
			attributes[fmt.Sprintf("ml.feature.f%d", i)] = 1.5 * float64(i)
		}
		other[fmt.Sprintf("app.attribute.%d", i)] = i
	}
	for name, raw := range map[string]map[string]any{"predictions": attributes, "other spans": other} {
		b.Run(name, func(b *testing.B) {
			p, err := newProcessor(processortest.NewNopSettings(metadata.Type), createDefaultConfig().(*Config), consumertest.NewNop())
			require.NoError(b, err)
			require.NoError(b, p.Start(b.Context(), testkit.Host{catalogtest.ID: catalogtest.NewExtension(catalogtest.Load(b, card.String()))}))
			const spans = 100
			td := ptrace.NewTraces()
			list := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
			for range spans {
				require.NoError(b, list.AppendEmpty().Attributes().FromRaw(raw))
			}
			require.NoError(b, p.ConsumeTraces(b.Context(), td))
			b.ReportAllocs()
			for b.Loop() {
				if err := p.ConsumeTraces(b.Context(), td); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/spans, "ns/span")
		})
	}
}
