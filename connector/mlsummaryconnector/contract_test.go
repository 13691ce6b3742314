// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/contract"
	"github.com/otelcol-ml/otelcol-ml/internal/delta/otlp"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// contracted is a card with a contract.
func contracted() *catalog.Model {
	card := fraudCard(2)
	card.Contract = &contract.Contract{OnlyKnown: true, Checks: []contract.Check{
		{Kind: contract.Type, Name: "type", Feature: "amount", Severity: contract.Critical},
		{Kind: contract.Values, Name: "values", Attribute: "shop.currency", Severity: contract.Warning},
		{Kind: contract.Condition, Name: "low-below-high", Severity: contract.Info},
		{Kind: contract.UnknownFeature, Name: "unknown_feature", Severity: contract.Info},
	}}
	card.MaxBatch = 100
	return card
}

// broken are the attributes that ml_contract puts on a span.
func broken(severity string, violations int, checks ...any) map[string]any {
	return map[string]any{
		mlconv.AttrPredictionClass: "ok", mlconv.AttrContractViolations: violations,
		mlconv.AttrContractViolated: checks, mlconv.AttrContractSeverity: severity,
	}
}

// contractPoints returns the points of contracts as "rows source" and "feature check severity source".
func contractPoints(all []pmetric.Metrics) map[string]uint64 {
	out := map[string]uint64{}
	for _, md := range all {
		in := otlp.Decode(context.Background(), md)
		for i := range in.Deltas {
			d := &in.Deltas[i]
			if !d.Key.Subject.OfContract() {
				continue
			}
			c := &d.Consumer
			name := strings.Join([]string{c.Feature, c.Check, c.Severity, c.Source}, "|")
			if c.Overflow {
				name += "|overflow"
			}
			out[name] += d.Count
		}
	}
	return out
}

// TestViolationsCount: by feature, check, severity and source; the denominator is the rows of models
// whose card has a contract.
func TestViolationsCount(t *testing.T) {
	w := watch(t, createDefaultConfig().(*Config), contracted())
	from := func(source string) func(ptrace.Span) {
		return func(s ptrace.Span) { s.Attributes().PutStr(mlconv.AttrDataSource, source) }
	}
	w.consume(t, 1, "fraud", map[string]any{mlconv.AttrPredictionClass: "ok"}, from("pos"))
	// The card's severity, not the span's; an attribute; the whole row; a feature that nobody knows.
	w.consume(t, 2, "fraud", broken("odd", 4, "amount.type", "shop.currency.values", "low-below-high", "a.b.unknown_feature"), from("pos"))
	w.consume(t, 3, "fraud", broken("odd", 1, "amount.type"), from("pos"))
	// A check that the card does not have is another tool's.
	w.consume(t, 4, "fraud", broken("critical", 1, "amount.expect_column_values_to_be_of_type"), from("pos"))
	// A batch of five rows, of which three broke one check and one the other.
	batch := broken("critical", 4, "amount.type", "shop.currency.values")
	batch[mlconv.AttrBatchSize], batch[mlconv.AttrContractViolatedRows] = 5, []any{3, 1}
	w.consume(t, 5, "fraud", batch, from("app"))
	// The resource says where it came from; the span comes first, whatever its key.
	td := one1(6, "fraud", broken("critical", 1, "amount.type"))
	td.ResourceSpans().At(0).Resource().Attributes().PutStr("service.name", "shop")
	require.NoError(t, w.ConsumeTraces(t.Context(), td))
	td = one1(7, "fraud", broken("critical", 1, "amount.type"))
	td.ResourceSpans().At(0).Resource().Attributes().PutStr("service.name", "shop")
	td.ResourceSpans().At(0).Resource().Attributes().PutStr(mlconv.AttrFeatureViewName, "payments")
	require.NoError(t, w.ConsumeTraces(t.Context(), td))
	// A model without a contract has violations of other tools, and no denominator.
	w.consume(t, 8, "other", broken("warning", 1, "x.soda"), from("pos"))
	w.consume(t, 9, "other", map[string]any{mlconv.AttrPredictionClass: "ok"}, from("pos"))
	w.flush(t.Context(), true)
	assert.Equal(t, map[string]uint64{
		"|||pos": 4, "|||app": 5, "|||shop": 1, "|||payments": 1,
		"amount|type|critical|pos": 2, "amount|type|critical|app": 3, "amount|type|critical|shop": 1, "amount|type|critical|payments": 1,
		"shop.currency|values|warning|pos": 1, "shop.currency|values|warning|app": 1,
		"|low-below-high|info|pos": 1, "a.b|unknown_feature|info|pos": 1,
		"amount|expect_column_values_to_be_of_type|critical|pos": 1, "x|soda|warning|pos": 1,
	}, contractPoints(w.next.AllMetrics()))
}

// TestViolationsOfJobs: a prediction of a batch job may break the job's contract, too, which is not the
// model's; what neither card knows is another tool's.
func TestViolationsOfJobs(t *testing.T) {
	job := &catalog.Job{Name: "score", Contract: &contract.Contract{Checks: []contract.Check{
		{Kind: contract.Required, Name: "required", Attribute: "ml.dataset.version"},
		{Kind: contract.Required, Name: "elsewhere", Attribute: "ml.dataset.version", Stage: "load"},
	}}}
	next := &link{}
	c := started(t, benchConfig(), next, catalogtest.NewExtension(catalog.NewSet([]*catalog.Model{contracted()}, []*catalog.Job{job})))
	td := one1(1, "fraud", broken("", 4, "amount.type", "ml.dataset.version.required", "ml.dataset.version.elsewhere", "soda"))
	td.ResourceSpans().At(0).Resource().Attributes().PutStr(mlconv.AttrPipelineName, "score")
	require.NoError(t, c.ConsumeTraces(t.Context(), td))
	c.flush(t.Context(), true)
	assert.Equal(t, map[string]uint64{
		"|||": 1, "amount|type|critical|": 1, "ml.dataset.version|elsewhere||": 1, "|soda||": 1,
	}, contractPoints(next.AllMetrics()))
}

// TestViolationsAreSampled: a span that stands for four counts four times, and its trace is the exemplar.
func TestViolationsAreSampled(t *testing.T) {
	w := watch(t, createDefaultConfig().(*Config), contracted())
	w.consume(t, 1, "fraud", broken("", 1, "amount.type"), func(s ptrace.Span) { s.TraceState().FromRaw("ot=th:c") })
	w.flush(t.Context(), true)
	assert.Equal(t, map[string]uint64{"|||": 4, "amount|type|critical|": 4}, contractPoints(w.next.AllMetrics()))
	found := 0
	for _, md := range w.next.AllMetrics() {
		in := otlp.Decode(t.Context(), md)
		for i := range in.Deltas {
			if d := &in.Deltas[i]; d.Consumer.Check == "type" {
				found++
				assert.EqualValues(t, 16, d.SquaredWeights)
				require.Len(t, d.Exemplars, 1)
				assert.Equal(t, [16]byte{15: 1}, d.Exemplars[0].TraceID)
			}
		}
	}
	assert.Equal(t, 1, found)
}

// TestSourcesAreBounded: what finds no room is one series, counted and said once.
func TestSourcesAreBounded(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Limits.Sources = 2
	w := watch(t, cfg, contracted())
	for i := range 5 {
		w.consume(t, i, "fraud", broken("", 1, "amount.type"), func(s ptrace.Span) {
			s.Attributes().PutStr(mlconv.AttrDataSource, fmt.Sprint("s", i))
		})
	}
	assert.Equal(t, map[string]int64{"sources": 3}, sums(t, w.tel, "otelcol_ml_summary_overflowed", "limit"))
	lines := w.logged("limits::sources is reached")
	require.Len(t, lines, 1)
	w.flush(t.Context(), true)
	assert.Equal(t, map[string]uint64{
		"|||s0": 1, "|||s1": 1, "||||overflow": 3,
		"amount|type|critical|s0": 1, "amount|type|critical|s1": 1, "amount|type|critical||overflow": 3,
	}, contractPoints(w.next.AllMetrics()))
}

// TestChecksAreBounded: a span cannot make up more checks than there is room for.
func TestChecksAreBounded(t *testing.T) {
	w := watch(t, createDefaultConfig().(*Config), contracted())
	for i := range 1100 {
		w.consume(t, i, "fraud", broken("critical", 1, fmt.Sprint("f.check-", i)))
	}
	assert.Equal(t, map[string]int64{"checks": 100}, sums(t, w.tel, "otelcol_ml_summary_overflowed", "limit"))
	w.flush(t.Context(), true)
	points := contractPoints(w.next.AllMetrics())
	assert.Len(t, points, 1002)
	assert.EqualValues(t, 1100, points["|||"])
	assert.EqualValues(t, 100, points["||||overflow"])
}

// TestOddViolations: what a span says that it cannot have does not count.
func TestOddViolations(t *testing.T) {
	w := watch(t, createDefaultConfig().(*Config), contracted())
	w.consume(t, 1, "fraud", map[string]any{mlconv.AttrPredictionClass: "ok", mlconv.AttrContractViolations: 1, mlconv.AttrContractViolated: "amount.type"})
	assert.Equal(t, map[string]int64{"type": 1}, sums(t, w.tel, "otelcol_ml_summary_unusable_values", "reason"))
	many := broken("", 7, "amount.type", "shop.currency.values")
	many[mlconv.AttrContractViolatedRows] = []any{1_000_000, -3} // of one row
	w.consume(t, 2, "fraud", many)
	w.flush(t.Context(), true)
	assert.Equal(t, map[string]uint64{"|||": 2, "amount|type|critical|": 1}, contractPoints(w.next.AllMetrics()))
}

// TestContractAllocatesNothing: neither the rows of a contract that holds, nor its violations once
// they are known.
func TestContractAllocatesNothing(t *testing.T) {
	for name, fill := range map[string]func(ptrace.Span, *rand.Rand){
		"kept": putFeatures,
		"broken": func(s ptrace.Span, rng *rand.Rand) {
			putFeatures(s, rng)
			s.Attributes().PutInt(mlconv.AttrContractViolations, 1)
			s.Attributes().PutEmptySlice(mlconv.AttrContractViolated).AppendEmpty().SetStr("amount.type")
			s.Attributes().PutStr(mlconv.AttrContractSeverity, contract.Critical)
		},
	} {
		t.Run(name, func(t *testing.T) {
			td := benchTraces(t, 100, func(s ptrace.Span, rng *rand.Rand) {
				s.Attributes().PutStr(mlconv.AttrDataSource, []string{"pos", "app"}[rng.IntN(2)])
				fill(s, rng)
			})
			c := started(t, benchConfig(), consumertest.NewNop(), newCatalog(contracted()))
			for range 20 {
				require.NoError(t, c.ConsumeTraces(t.Context(), td))
			}
			assert.LessOrEqual(t, testing.AllocsPerRun(20, func() { _ = c.ConsumeTraces(t.Context(), td) }), 3.0)
		})
	}
}

// BenchmarkContract is the span with 28 attributes of BenchmarkConsumeTraces, of a model that has a
// contract, with its source.
func BenchmarkContract(b *testing.B) {
	card := fraudCard(20)
	card.Contract = contracted().Contract
	td := benchTraces(b, benchSpans, func(s ptrace.Span, rng *rand.Rand) {
		putFeatures(s, rng)
		s.Attributes().PutStr(mlconv.AttrDataSource, "pos")
	})
	td.MarkReadOnly()
	measure(b, started(b, benchConfig(), consumertest.NewNop(), newCatalog(card)), td)
}
