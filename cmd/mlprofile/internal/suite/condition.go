// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/draft"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// maxInCondition is how many values are compared with one by one.
const maxInCondition = 50

// ref is a feature in OTTL.
func ref(feature string) string {
	return "attributes[" + strconv.Quote(mlconv.PrefixFeature+feature) + "]"
}

// literal is a value in OTTL.
func literal(v any) string {
	switch v := v.(type) {
	case string:
		return strconv.Quote(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return ottlFloat(v)
	case bool:
		return strconv.FormatBool(v)
	}
	return "nil"
}

func ottlFloat(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// condition says a check in OTTL, of rows that have a value: others are not asked, unless the condition
// speaks of nil. ok is false for one that cannot be said.
func condition(c *draft.Check) (text string, ok bool) {
	x := ref(c.Feature)
	var parts []string
	compare := func(op string, bound *float64) {
		if bound != nil {
			parts = append(parts, x+" "+op+" "+ottlFloat(*bound))
		}
	}
	compare(">=", c.Min)
	compare(">", c.Above)
	compare("<=", c.Max)
	compare("<", c.Below)
	switch {
	case c.Statistic != "":
		return "", false
	case len(parts) > 0:
		return strings.Join(parts, " and "), true
	case c.NotMissing:
		return x + " != nil", true
	case c.Pattern != "":
		return "IsMatch(" + x + ", " + strconv.Quote(c.Pattern) + ")", true
	case c.NotPattern != "":
		return "not IsMatch(" + x + ", " + strconv.Quote(c.NotPattern) + ")", true
	case len(c.Values) > 0 && len(c.Values) <= maxInCondition:
		return each(x, "==", c.Values, " or "), true
	case len(c.NotValues) > 0 && len(c.NotValues) <= maxInCondition:
		return each(x, "!=", c.NotValues, " and "), true
	case c.Condition != "":
		return c.Condition, true
	}
	return "", false
}

func each(x, op string, values []any, join string) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = x + " " + op + " " + literal(v)
	}
	return strings.Join(parts, join)
}

// onlyWhere makes a check one of the rows that a filter takes; false where that cannot be said.
func onlyWhere(c draft.Check, filter string) (draft.Check, bool) {
	text, ok := condition(&c)
	if !ok {
		return c, false
	}
	return draft.Check{
		Name: c.Name, Feature: c.Feature, Condition: "not (" + filter + ") or (" + text + ")", MaxViolations: c.MaxViolations,
		Severity: c.Severity, Description: c.Description,
	}, true
}

var filterToken = regexp.MustCompile("^(?:\\s+|(col)\\s*\\(\\s*(?:\"([^\"]*)\"|'([^']*)')\\s*\\)|(`[^`]*`)|(\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*')" +
	"|([-+]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][-+]?[0-9]+)?)|([A-Za-z_][A-Za-z0-9_]*)|(==|!=|<>|<=|>=|&&|\\|\\||[=<>&|~(),.\\[\\]]))")

// filterLexeme is a token of a filter.
type filterLexeme struct {
	// kind is c for a column, s for a text, n for a number, w for a word, o for an operator.
	kind byte
	text string
}

// parseFilter says in OTTL which rows a row condition of pandas or of Great Expectations takes, or,
// with sql, a WHERE clause: comparisons of columns with values, null or not, in a list, joined by and,
// or and not.
func parseFilter(s string, sql bool) (string, error) {
	if len(s) > 2000 {
		return "", errors.New("has more than 2000 bytes")
	}
	p := &filterParser{}
	for s != "" {
		m := filterToken.FindStringSubmatchIndex(s)
		if m == nil {
			return "", fmt.Errorf("%q is not understood", s[:min(len(s), 20)])
		}
		group := func(i int) (string, bool) {
			if m[2*i] < 0 {
				return "", false
			}
			return s[m[2*i]:m[2*i+1]], true
		}
		if _, ok := group(1); ok {
			name, ok := group(2)
			if !ok {
				name, _ = group(3)
			}
			p.tokens = append(p.tokens, filterLexeme{'c', name})
		} else if t, ok := group(4); ok {
			p.tokens = append(p.tokens, filterLexeme{'c', strings.Trim(t, "`")})
		} else if t, ok := group(5); ok {
			kind := byte('s')
			if sql && t[0] == '"' {
				kind = 'c'
			}
			p.tokens = append(p.tokens, filterLexeme{kind, unescape(t[1 : len(t)-1])})
		} else if t, ok := group(6); ok {
			p.tokens = append(p.tokens, filterLexeme{'n', t})
		} else if t, ok := group(7); ok {
			p.tokens = append(p.tokens, filterLexeme{'w', t})
		} else if t, ok := group(8); ok {
			p.tokens = append(p.tokens, filterLexeme{'o', t})
		}
		s = s[m[1]:]
	}
	out, err := p.or(0)
	if err == nil && len(p.tokens) > 0 {
		err = fmt.Errorf("%q is not understood", p.tokens[0].text)
	}
	return out, err
}

func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

type filterParser struct{ tokens []filterLexeme }

// next takes the next token if it is one of these words or operators.
func (p *filterParser) next(words ...string) bool {
	if len(p.tokens) == 0 || p.tokens[0].kind != 'o' && p.tokens[0].kind != 'w' || !slices.Contains(words, strings.ToLower(p.tokens[0].text)) {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

func (p *filterParser) or(depth int) (string, error) {
	return p.joined(depth, p.and, " or ", "or", "|", "||")
}

func (p *filterParser) and(depth int) (string, error) {
	return p.joined(depth, p.not, " and ", "and", "&", "&&")
}

// joined reads parts with one of these words between.
func (p *filterParser) joined(depth int, part func(int) (string, error), join string, words ...string) (string, error) {
	var parts []string
	for {
		text, err := part(depth)
		if err != nil {
			return "", err
		}
		parts = append(parts, text)
		if !p.next(words...) {
			return strings.Join(parts, join), nil
		}
	}
}

func (p *filterParser) not(depth int) (string, error) {
	if depth > 20 {
		return "", errors.New("is nested more than 20 deep")
	}
	if p.next("not", "~") {
		out, err := p.not(depth + 1)
		return "not (" + out + ")", err
	}
	if p.next("(") {
		out, err := p.or(depth + 1)
		if err == nil && !p.next(")") {
			err = errors.New("a parenthesis is not closed")
		}
		return "(" + out + ")", err
	}
	return p.comparison()
}

func (p *filterParser) comparison() (string, error) {
	left, column, err := p.operand()
	if err != nil {
		return "", err
	}
	if column {
		if out, ok, err := p.nullOrList(left); ok || err != nil {
			return out, err
		}
	}
	for op, ottl := range map[string]string{"=": "==", "==": "==", "!=": "!=", "<>": "!=", "<": "<", ">": ">", "<=": "<=", ">=": ">="} {
		if !p.next(op) {
			continue
		}
		right, other, err := p.operand()
		if err == nil && !column && !other {
			err = errors.New("compares no column")
		}
		return left + " " + ottl + " " + right, err
	}
	return "", errors.New("is no comparison")
}

// nullOrList reads what can follow a column beside an operator.
func (p *filterParser) nullOrList(column string) (out string, ok bool, err error) {
	if p.next("is") {
		op := " == "
		if p.next("not") {
			op = " != "
		}
		if !p.next("null", "none") {
			return "", false, errors.New("is is followed by something else than null")
		}
		return column + op + "nil", true, nil
	}
	if p.next(".") {
		op := " != "
		switch {
		case p.next("notnull", "notna"):
		case p.next("isnull", "isna"):
			op = " == "
		default:
			return "", false, errors.New("calls a method")
		}
		if !p.next("(") || !p.next(")") {
			return "", false, errors.New("calls a method with arguments")
		}
		return column + op + "nil", true, nil
	}
	negated := p.next("not")
	if !p.next("in") {
		if negated {
			err = errors.New("not is followed by something else than in")
		}
		return "", false, err
	}
	if !p.next("(", "[") {
		return "", false, errors.New("in is not followed by a list")
	}
	op, join := " == ", " or "
	if negated {
		op, join = " != ", " and "
	}
	var parts []string
	for len(parts) < maxInCondition {
		v, isColumn, err := p.operand()
		if err != nil || isColumn {
			return "", false, errors.New("a list has something else than values")
		}
		parts = append(parts, column+op+v)
		if p.next(")", "]") {
			return "(" + strings.Join(parts, join) + ")", true, nil
		}
		if !p.next(",") {
			return "", false, errors.New("a list is not closed")
		}
	}
	return "", false, fmt.Errorf("a list has more than %d values", maxInCondition)
}

func (p *filterParser) operand() (text string, column bool, err error) {
	if len(p.tokens) == 0 {
		return "", false, errors.New("ends too early")
	}
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	switch t.kind {
	case 'c':
		return ref(t.text), true, nil
	case 's':
		return strconv.Quote(t.text), false, nil
	case 'n':
		if i, err := strconv.ParseInt(t.text, 10, 64); err == nil {
			return strconv.FormatInt(i, 10), false, nil
		}
		v, err := strconv.ParseFloat(t.text, 64)
		return ottlFloat(v), false, err
	case 'w':
		switch strings.ToLower(t.text) {
		case "true", "false":
			return strings.ToLower(t.text), false, nil
		case "null", "none", "and", "or", "not", "in", "is", "like", "between":
			return "", false, fmt.Errorf("%q is not understood", t.text)
		}
		if len(p.tokens) > 0 && p.tokens[0].text == "(" {
			return "", false, fmt.Errorf("calls the function %s", value.Category(t.text))
		}
		return ref(t.text), true, nil
	}
	return "", false, fmt.Errorf("%q is not understood", t.text)
}
