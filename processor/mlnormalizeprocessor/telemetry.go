// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlnormalizeprocessor

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-ml/otelcol-ml/internal/repair"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/derivation"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/dialect"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/seriesbound"
)

func dialectOption(name string) metric.MeasurementOption { return option("dialect", name) }

func option(key, value string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String(key, value)))
}

// The attributes of what is assumed, of what is not counted, of what has no cost and of what is removed.
var (
	assumptions = [dialect.Assumptions]metric.MeasurementOption{
		dialect.NoOperation: option("assumption", "no_operation"), dialect.UnknownOperation: option("assumption", "unknown_operation"),
		dialect.WrapperIsCall: option("assumption", "agent_is_call"), dialect.SameVersion: option("assumption", "same_version"),
	}
	reasons = [dialect.Reasons]metric.MeasurementOption{
		dialect.OperationUnknown: option("reason", "unknown_operation"), dialect.Repeats: option("reason", "repeats"),
	}
	lacks = [dialect.Lacks]metric.MeasurementOption{
		dialect.UsageUnknown: option("reason", "unknown_usage"), dialect.ModelUnpriced: option("reason", "no_prices"),
		dialect.BeforeFirstPrice: option("reason", "before_first_price"), dialect.TokensUnpriced: option("reason", "no_price_of_tokens"),
	}
	carriers = func() (out [dialect.Carriers]metric.MeasurementOption) {
		for c := range out {
			out[c] = option("carrier", dialect.Carrier(c).String())
		}
		return out
	}()
)

// derivedOptions returns the attributes of what becomes of derivations, made once.
func derivedOptions(set *derivation.Set) (out [][derivation.NumOutcomes]metric.MeasurementOption) {
	if set == nil {
		return nil
	}
	for _, name := range set.Names() {
		var of [derivation.NumOutcomes]metric.MeasurementOption
		for o := range of {
			of[o] = metric.WithAttributeSet(attribute.NewSet(
				attribute.String("attribute", name), attribute.String("outcome", derivation.Outcome(o).String()))) //nolint:gosec // few
		}
		out = append(out, of)
	}
	return out
}

// recordDerived counts what became of derivations in a request.
func (p *tracesProcessor) recordDerived(ctx context.Context, counts derivation.Counts) {
	for i := range counts {
		for o, n := range counts[i] {
			if n > 0 {
				p.telemetry.MlNormalizeDerived.Add(ctx, n, p.derived[i][o])
			}
		}
	}
}

// recordRepaired counts the strings of a request that were no valid UTF-8, and writes which was the
// first.
func (p *normalizeProcessor) recordRepaired(ctx context.Context, r repair.Report) {
	if r.Strings == 0 {
		return
	}
	p.telemetry.MlNormalizeInvalidUtf8.Add(ctx, r.Strings)
	if p.cfg.DropContent != dialect.DropNothing {
		r.Value = "" // it may be a prompt
	}
	p.log.Repaired(r)
}

// recordCut counts the points of series without a place, writes which was the first, and reports
// whether there were any.
func (p *metricsProcessor) recordCut(ctx context.Context, r seriesbound.Report) bool {
	p.telemetry.MlNormalizeSeries.Record(ctx, int64(p.series.Series()))
	if r.Points == 0 {
		return false
	}
	p.telemetry.MlNormalizePointsDropped.Add(ctx, r.Points)
	p.log.Cut(r)
	return true
}

// record counts what was done to a request, and writes what an operator should see.
func (p *normalizeProcessor) record(ctx context.Context, s *dialect.Stats) {
	for i, n := range s.Spans {
		if n > 0 {
			p.telemetry.MlNormalizeSpans.Add(ctx, n, p.dialects[i])
		}
		if s.Unreadable[i] > 0 {
			p.telemetry.MlNormalizeUnreadable.Add(ctx, s.Unreadable[i], p.dialects[i])
		}
	}
	for i, n := range s.Assumed {
		if n > 0 {
			p.telemetry.MlNormalizeAssumed.Add(ctx, n, assumptions[i])
		}
	}
	for i, n := range s.Uncounted {
		if n > 0 {
			p.telemetry.MlNormalizeUncounted.Add(ctx, n, reasons[i])
		}
	}
	for i, n := range s.Unpriced {
		if n > 0 {
			p.telemetry.MlNormalizeUnpriced.Add(ctx, n, lacks[i])
		}
	}
	for i := range s.Notes {
		p.log.Write(&s.Notes[i])
	}
	if s.Foreign > 0 {
		p.telemetry.MlNormalizeSpans.Add(ctx, s.Foreign, p.none)
	}
	for i, n := range s.Dropped {
		if n > 0 {
			p.telemetry.MlNormalizeContentDropped.Add(ctx, n, carriers[i])
		}
	}
}
