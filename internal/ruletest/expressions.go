// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package ruletest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"

	"github.com/otelcol-ml/otelcol-ml/internal/ruleengine"
)

// sample is what an expression gives for one series. Histograms are compared as they are written in
// tests.
type sample struct {
	labels    labels.Labels
	value     float64
	histogram string
}

// checkExpressions compares what expressions give with what is expected.
func (r *runner) checkExpressions(ctx context.Context) {
	for _, c := range r.test.Expressions {
		got, err := r.query(ctx, c)
		if err != nil {
			r.failures = append(r.failures, r.errorf(c.line, "%s at %s: %w", c.Expr, c.EvalTime, err))
			continue
		}
		expected, err := readSamples(c.Expected)
		if err != nil {
			r.failures = append(r.failures, r.errorf(c.line, "%s at %s: %w", c.Expr, c.EvalTime, err))
			continue
		}
		slices.SortStableFunc(expected, compareSamples)
		slices.SortStableFunc(got, compareSamples)
		if !slices.EqualFunc(expected, got, r.sameSample) {
			r.failures = append(r.failures, r.errorf(c.line, "%s at %s:\n%s", c.Expr, c.EvalTime, r.describeSamples(expected, got)))
		}
	}
}

func (r *runner) query(ctx context.Context, c expressionCase) ([]sample, error) {
	q, err := r.engine.NewInstantQuery(ctx, r.memory, nil, c.Expr, r.test.start().Add(time.Duration(c.EvalTime)))
	if err != nil {
		return nil, err
	}
	defer q.Close()
	res := q.Exec(ctx)
	if res.Err != nil {
		return nil, res.Err
	}
	switch v := res.Value.(type) {
	case promql.Vector:
		samples := make([]sample, 0, len(v))
		for _, s := range v {
			samples = append(samples, sample{labels: s.Metric, value: s.F, histogram: writeHistogram(s.H)})
		}
		return samples, nil
	case promql.Scalar:
		return []sample{{value: v.V}}, nil
	default:
		return nil, fmt.Errorf("the result is a %s, neither a vector nor a scalar", res.Value.Type())
	}
}

func readSamples(list []expectedSample) ([]sample, error) {
	samples := make([]sample, 0, len(list))
	for _, e := range list {
		l, err := ruleengine.Parser().ParseMetric(e.Labels)
		if err != nil {
			return nil, fmt.Errorf("'labels': %q: %w", e.Labels, err)
		}
		h, err := readHistogram(e.Histogram)
		if err != nil {
			return nil, fmt.Errorf("'histogram' of %q: %w", e.Labels, err)
		}
		samples = append(samples, sample{labels: l, value: e.Value, histogram: writeHistogram(h)})
	}
	return samples, nil
}

// readHistogram reads a histogram as tests write it; nil for none.
func readHistogram(text string) (*histogram.FloatHistogram, error) {
	if text == "" {
		return nil, nil
	}
	_, values, err := ruleengine.Parser().ParseSeriesDesc("{} " + text)
	switch {
	case err != nil:
		return nil, err
	case len(values) != 1:
		return nil, fmt.Errorf("one histogram is needed, there are %d", len(values))
	case values[0].Histogram == nil:
		return nil, errors.New("is no histogram")
	}
	return values[0].Histogram, nil
}

func writeHistogram(h *histogram.FloatHistogram) string {
	if h == nil {
		return ""
	}
	return h.TestExpression()
}

func compareSamples(a, b sample) int { return labels.Compare(a.labels, b.labels) }

// sameSample compares values bit by bit; fuzzy_compare takes the next number for the same.
func (r *runner) sameSample(a, b sample) bool {
	same := a.value == b.value || r.file.FuzzyCompare &&
		(math.Nextafter(a.value, math.Inf(-1)) == b.value || math.Nextafter(a.value, math.Inf(1)) == b.value)
	return same && labels.Equal(a.labels, b.labels) && a.histogram == b.histogram
}

// describeSamples has what is missing (-) and what is not expected (+).
func (r *runner) describeSamples(expected, got []sample) string {
	var lines []string
	rest := slices.Clone(got)
	for _, e := range expected {
		if i := slices.IndexFunc(rest, func(s sample) bool { return r.sameSample(e, s) }); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
			continue
		}
		lines = append(lines, "- "+e.String())
	}
	for _, s := range rest {
		lines = append(lines, "+ "+s.String())
	}
	return "    " + strings.Join(lines, "\n    ")
}

// String is the sample as tests write it.
func (s sample) String() string {
	if s.histogram != "" {
		return s.labels.String() + " " + s.histogram
	}
	return s.labels.String() + " " + strconv.FormatFloat(s.value, 'g', -1, 64)
}
