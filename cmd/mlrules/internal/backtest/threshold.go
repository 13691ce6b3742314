// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// threshold is the number that a rule compares with.
type threshold struct {
	expr       parser.Expr
	comparison *parser.BinaryExpr
	// right says on which side of the comparison the number is.
	right bool
	value float64
	// whole says that the comparison is all of the expression, so that another threshold takes some of
	// what is compared, and gives nothing else.
	whole bool
}

// findThreshold returns the threshold of a rule: the number that its expression compares with at its
// top, or on the left side of "and" and "unless" there. The error says why there is none.
func findThreshold(expr parser.Expr) (threshold, error) {
	node, whole := expr, true
	for {
		switch n := node.(type) {
		case *parser.ParenExpr:
			node = n.Expr
			continue
		case *parser.StepInvariantExpr:
			node = n.Expr
			continue
		case *parser.BinaryExpr:
			switch {
			case n.Op == parser.LAND || n.Op == parser.LUNLESS:
				node, whole = n.LHS, false
				continue
			case n.Op == parser.LOR:
				return threshold{}, errors.New(`its top is "or": each side has a threshold of its own`)
			case n.Op == parser.EQLC || n.Op == parser.NEQ:
				return threshold{}, fmt.Errorf("it asks for one value (%s), not for more or less than one", n.Op)
			case !n.Op.IsComparisonOperator():
				return threshold{}, fmt.Errorf("its top is %s, which compares nothing", n.Op)
			case n.ReturnBool:
				return threshold{}, errors.New("its comparison has bool, so that it is always there")
			}
			t, err := thresholdOf(expr, n)
			t.whole = whole
			return t, err
		default:
			return threshold{}, errors.New("it compares with no number at its top")
		}
	}
}

func thresholdOf(expr parser.Expr, n *parser.BinaryExpr) (threshold, error) {
	if v, ok := constant(n.RHS); ok {
		return threshold{expr: expr, comparison: n, right: true, value: v}, nil
	}
	if v, ok := constant(n.LHS); ok {
		return threshold{expr: expr, comparison: n, value: v}, nil
	}
	return threshold{}, errors.New("it compares two series, not a series with a number")
}

// constant computes an expression of numbers, such as 14.4 * 0.001.
func constant(expr parser.Expr) (float64, bool) {
	switch n := expr.(type) {
	case *parser.NumberLiteral:
		return n.Val, true
	case *parser.ParenExpr:
		return constant(n.Expr)
	case *parser.StepInvariantExpr:
		return constant(n.Expr)
	case *parser.UnaryExpr:
		v, ok := constant(n.Expr)
		if n.Op == parser.SUB {
			v = -v
		}
		return v, ok
	case *parser.BinaryExpr:
		a, ok := constant(n.LHS)
		b, ok2 := constant(n.RHS)
		v, known := arithmetic(n.Op, a, b)
		return v, ok && ok2 && known
	}
	return 0, false
}

func arithmetic(op parser.ItemType, a, b float64) (float64, bool) {
	switch op {
	case parser.ADD:
		return a + b, true
	case parser.SUB:
		return a - b, true
	case parser.MUL:
		return a * b, true
	case parser.DIV:
		return a / b, true
	case parser.POW:
		return math.Pow(a, b), true
	case parser.MOD:
		return math.Mod(a, b), true
	}
	return 0, false
}

// above says whether the rule fires for values that are larger than the threshold.
func (t threshold) above() bool {
	larger := t.comparison.Op == parser.GTR || t.comparison.Op == parser.GTE
	return larger == t.right
}

// beyond says whether a value is one that the rule fires for with a threshold.
func (t threshold) beyond(value, threshold float64) bool {
	if !t.right {
		value, threshold = threshold, value
	}
	switch t.comparison.Op {
	case parser.GTR:
		return value > threshold
	case parser.GTE:
		return value >= threshold
	case parser.LSS:
		return value < threshold
	default:
		return value <= threshold
	}
}

// takes returns the samples that are beyond a threshold.
func (t threshold) takes(all promql.Vector, threshold float64) promql.Vector {
	var some promql.Vector
	for _, s := range all {
		if s.H == nil && t.beyond(s.F, threshold) {
			some = append(some, s)
		}
	}
	return some
}

// with returns the expression with another threshold.
func (t threshold) with(value float64) (parser.Expr, error) {
	n := t.comparison
	side := &n.LHS
	if t.right {
		side = &n.RHS
	}
	before := *side
	defer func() { *side = before }()
	*side = &parser.NumberLiteral{Val: value}
	return parsed(t.expr.String())
}

// factors are how far thresholds are varied.
var factors = []float64{0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 2}

// around returns thresholds around the one given, which is among them. Where it is between 0.5 and 1,
// it is probably a share, and its distance from 1 is varied. Of 0 there are no multiples.
func (t threshold) around() []float64 {
	v := t.value
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	var list []float64
	for _, f := range factors {
		switch {
		case f == 1:
			list = append(list, v)
		case v > 0.5 && v < 1:
			list = append(list, rounded(1-(1-v)*f))
		default:
			list = append(list, rounded(v*f))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// rounded takes off what floating point has added: 0.30000000000000004.
func rounded(v float64) float64 {
	scale := math.Pow(10, 12-math.Ceil(math.Log10(math.Abs(v))))
	if r := math.Round(v*scale) / scale; !math.IsNaN(r) && !math.IsInf(r, 0) {
		return r
	}
	return v
}
