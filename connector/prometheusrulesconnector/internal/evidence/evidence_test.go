// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/ruleengine"
)

func expr(t *testing.T, s string) parser.Expr {
	t.Helper()
	e, err := ruleengine.Parser().ParseExpr(s)
	require.NoError(t, err)
	return e
}

func spelt(selectors [][]*labels.Matcher) (all []string) {
	for _, ms := range selectors {
		all = append(all, spell(ms))
	}
	return all
}

// TestSelectors follows records of one name by their labels, and puts the more special selector first.
func TestSelectors(t *testing.T) {
	recorded := Records{
		"slo:sli": {
			{expr(t, `slo:bad{slo="a"} / sum(all_total{m="a"})`), labels.FromStrings("slo", "a")},
			{expr(t, `other_total`), labels.FromStrings("slo", "b")},
		},
		"slo:bad":  {{expr(t, `sum(rate(all_total{m="a", kind=~"x|y", k!="z"}[5m]))`), labels.FromStrings("slo", "a")}},
		"circular": {{expr(t, "circular + 1"), labels.EmptyLabels()}},
	}
	assert.Equal(t, []string{`m="a",kind=~"x|y",k!="z",__name__="all_total",`, `m="a",__name__="all_total",`}, spelt(Selectors(expr(t, `slo:sli{slo="a"} > 0.1`), recorded)))
	assert.Equal(t, []string{`__name__="other_total",`}, spelt(Selectors(expr(t, `slo:sli{slo="b"} > 0.1`), recorded)))
	assert.Len(t, Selectors(expr(t, `slo:sli > 0.1`), recorded), 3)
	assert.Empty(t, Selectors(expr(t, "circular"), recorded))
	assert.Empty(t, Selectors(expr(t, "vector(1)"), recorded))
}

type exemplars []exemplar.QueryResult

func (e exemplars) ExemplarQuerier(context.Context) (storage.ExemplarQuerier, error) { return e, nil }

func (e exemplars) Select(start, end int64, sets ...[]*labels.Matcher) (found []exemplar.QueryResult, err error) {
	for _, r := range e {
		if slices.ContainsFunc(sets[0], func(m *labels.Matcher) bool { return !m.Matches(r.SeriesLabels.Get(m.Name)) }) {
			continue
		}
		in := exemplar.QueryResult{SeriesLabels: r.SeriesLabels}
		for _, x := range r.Exemplars {
			if x.Ts >= start && x.Ts <= end {
				in.Exemplars = append(in.Exemplars, x)
			}
		}
		found = append(found, in)
	}
	return found, nil
}

func at(ms int64, trace string) exemplar.Exemplar {
	return exemplar.Exemplar{Ts: ms, Labels: labels.FromStrings("trace_id", trace, "span_id", "0000000000000001")}
}

// TestFind: the latest first, each trace once, of the alert's own series; what is no trace is left out.
func TestFind(t *testing.T) {
	const (
		a, b, c = "0000000000000000000000000000000a", "0000000000000000000000000000000b", "0000000000000000000000000000000c"
		d, e    = "0000000000000000000000000000000d", "0000000000000000000000000000000e"
	)
	from := exemplars{
		{
			SeriesLabels: labels.FromStrings("__name__", "x", "country", "BR", "kind", "bad"),
			Exemplars:    []exemplar.Exemplar{at(1, a), at(3, b), at(5, a), at(6, "none"), at(7, "00000000000000000000000000000000"), at(100, c)},
		},
		{SeriesLabels: labels.FromStrings("__name__", "x", "country", "DE", "kind", "bad"), Exemplars: []exemplar.Exemplar{at(4, c)}},
		{SeriesLabels: labels.FromStrings("__name__", "x", "kind", "bad"), Exemplars: []exemplar.Exemplar{at(40, e)}},
		{SeriesLabels: labels.FromStrings("__name__", "x", "country", "BR"), Exemplars: []exemplar.Exemplar{at(9, d), at(8, c)}},
	}
	selectors := Selectors(expr(t, `x{kind="bad"} / x`), nil)
	of := labels.FromStrings("alertname", "A", "country", "BR", "severity", "page")
	found, err := Find(context.Background(), from, selectors[:1], of, time.UnixMilli(2), time.UnixMilli(50), 3)
	require.NoError(t, err)
	require.Len(t, found, 3)
	assert.Equal(t, a, found[0].TraceID.String())
	assert.Equal(t, "0000000000000001", found[0].SpanID.String())
	assert.Equal(t, b, found[1].TraceID.String())
	assert.Equal(t, e, found[2].TraceID.String(), "a total, which has others, comes after the alert's own")

	found, err = Find(context.Background(), from, selectors, of, time.UnixMilli(2), time.UnixMilli(50), 4)
	require.NoError(t, err)
	require.Len(t, found, 4, "the less special selector fills up")
	assert.Equal(t, d, found[3].TraceID.String())
}
