// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package openslo

import (
	"strings"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/otelcol-ml/otelcol-ml/internal/ruleengine"
	"github.com/otelcol-ml/otelcol-ml/internal/slo/block"
	"github.com/otelcol-ml/otelcol-ml/internal/slo/objective"
)

// indicator reads the indicator of an objective. threshold is true where it is a value that is
// compared.
func (r *Reader) indicator(spec block.Block) (i objective.Indicator, threshold bool) {
	if spec.Has("indicator") == spec.Has("indicatorRef") {
		spec.Fail("", "needs either indicator or indicatorRef")
		return i, false
	}
	sli := spec.Child("indicator")
	if spec.Has("indicatorRef") {
		target, ok := r.refer(spec, "indicatorRef", "SLI")
		if !ok {
			return i, false
		}
		sli = target
	} else {
		sli.Only("apiVersion", "kind", "metadata", "spec")
		named(sli)
	}
	return r.sli(sli)
}

func (r *Reader) sli(b block.Block) (i objective.Indicator, threshold bool) {
	in := b.Child("spec")
	in.Only("description", "thresholdMetric", "ratioMetric")
	if in.Has("thresholdMetric") == in.Has("ratioMetric") {
		in.Fail("", "needs either thresholdMetric or ratioMetric")
		return i, false
	}
	if in.Has("thresholdMetric") {
		return objective.Indicator{Value: r.query(in, "thresholdMetric", instant)}, true
	}
	return r.ratio(in.Child("ratioMetric")), false
}

func (r *Reader) ratio(b block.Block) (i objective.Indicator) {
	b.Only("counter", "good", "bad", "total", "raw", "rawType")
	if b.Has("raw") {
		b.Need("rawType")
		for _, key := range []string{"good", "bad", "total"} {
			if b.Has(key) {
				b.Fail(key, "cannot stand beside raw")
			}
		}
		i.Raw = r.query(b, "raw", average)
		if b.OneOf("rawType", "success", "failure") == "success" {
			i.Raw = "1 - (" + i.Raw + ")"
		}
		return i
	}
	b.Need("total")
	if b.Has("good") == b.Has("bad") {
		b.Fail("", "needs either good or bad")
	}
	over := sum
	if b.Flag("counter") {
		over = increase
	}
	i.Total = r.query(b, "total", over)
	if b.Has("good") {
		i.Good = r.query(b, "good", over)
	} else {
		i.Bad = r.query(b, "bad", over)
	}
	return i
}

// query reads a metric and makes a query for a window of it.
func (r *Reader) query(b block.Block, key string, over func(parser.Expr, string) string) objective.Query {
	if !b.Has(key) {
		return ""
	}
	metric := b.Child(key)
	metric.Only("metricSource")
	metric.Need("metricSource")
	source := metric.Child("metricSource")
	source.Only("metricSourceRef", "type", "spec")
	source.Need("spec")
	kind := source.Text("type")
	if source.Has("metricSourceRef") {
		if target, ok := r.refer(source, "metricSourceRef", "DataSource"); ok {
			of := target.Child("spec")
			if kind == "" {
				kind = of.Text("type")
			}
		}
	}
	if !strings.EqualFold(kind, "prometheus") {
		source.Fail("", "the source is of type %q: rules can only be made of queries of the type Prometheus", kind)
		return ""
	}
	spec := source.Child("spec")
	spec.Only("query", "queryType")
	spec.Need("query")
	if spec.Has("queryType") {
		spec.OneOf("queryType", "promql")
	}
	q := objective.Query(spec.Text("query"))
	if strings.Contains(string(q), "#") {
		q += "\n" // what follows is not to be a part of a comment
	}
	if !spec.Has("query") {
		return ""
	}
	if err := q.Check(); err != nil {
		spec.Fail("query", "%v", err)
		return ""
	}
	if q.Windowed() {
		return q
	}
	expr, err := ruleengine.Parser().ParseExpr(string(q))
	if err != nil { // Check has parsed it
		spec.Fail("query", "%v", err)
		return ""
	}
	return objective.Query(over(expr, string(q)))
}

// instant leaves a query as it is.
func instant(_ parser.Expr, q string) string { return q }

// average is the average of a ratio in a window.
func average(_ parser.Expr, q string) string { return "avg_over_time((" + q + ")[{{.window}}:1m])" }

// sum adds up what a gauge says each minute.
func sum(_ parser.Expr, q string) string { return "sum_over_time((" + q + ")[{{.window}}:1m])" }

// increase takes the increase of each counter in the window, before anything adds them up. Where the
// query takes rates already, their sum over the window is proportional to it.
func increase(expr parser.Expr, q string) string {
	if ranged(expr) {
		return sum(expr, q)
	}
	var spots []*parser.VectorSelector
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if s, ok := node.(*parser.VectorSelector); ok {
			spots = append(spots, s)
		}
		return nil
	})
	var out strings.Builder
	last := 0
	for _, s := range spots { // in the order of the text
		from, to := int(s.PosRange.Start), int(s.PosRange.End)
		if from < last {
			continue
		}
		out.WriteString(q[last:from])
		bare := *s
		bare.OriginalOffset, bare.OriginalOffsetExpr, bare.Timestamp, bare.StartOrEnd = 0, nil, nil, 0
		out.WriteString("increase(" + bare.String() + "[{{.window}}]" + strings.TrimPrefix(s.String(), bare.String()) + ")")
		last = to
	}
	out.WriteString(q[last:])
	return out.String()
}

// ranged reports whether a query looks at ranges of time.
func ranged(expr parser.Expr) bool {
	found := false
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		switch node.(type) {
		case *parser.MatrixSelector, *parser.SubqueryExpr:
			found = true
		}
		return nil
	})
	return found
}
