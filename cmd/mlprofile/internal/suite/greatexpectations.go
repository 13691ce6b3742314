// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/draft"
)

// greatExpectations reads a suite: one of the versions before 1 (expectation_type) or since (type), or
// the suite that a validation result has been made of.
func (s *source) greatExpectations(data []byte) error {
	v, err := decodeJSON(data)
	if err != nil {
		return err
	}
	top, _ := v.(map[string]any)
	suite := object(top)
	list := suite.objects("expectations")
	if suite["expectations"] == nil {
		for _, result := range suite.objects("results") {
			list = append(list, result.object("expectation_config"))
		}
	}
	s.Name = suite.text("name")
	for _, key := range []string{"expectation_suite_name", "suite_name"} {
		if s.Name == "" {
			s.Name = suite.text(key)
		}
	}
	if len(list) == 0 {
		return errors.New("has no expectation")
	}
	defaults := suite.object("suite_parameters")
	if defaults == nil {
		defaults = suite.object("evaluation_parameters")
	}
	for i, e := range list {
		s.expectation(i, e, defaults)
	}
	return nil
}

// expectation is one of a suite.
type expectation struct {
	*item
	object // its kwargs
	// mostly is the share of values that must be good, 1 by default.
	mostly   float64
	severity string
	text     string
	filter   string
}

func (s *source) expectation(i int, of, defaults object) {
	kind := of.text("type")
	if kind == "" {
		kind = of.text("expectation_type")
	}
	kwargs := of.object("kwargs")
	name := kind
	if column := kwargs.text("column"); column != "" {
		name = column + ": " + kind
	}
	if kind == "" {
		s.item("expectation %d", i+1).leave("it has no type")
		return
	}
	e := &expectation{item: s.item("%s", name), object: object{}, mostly: 1, severity: of.text("severity")}
	for key, v := range kwargs {
		filled, err := s.parameter(v, kwargs, defaults)
		if err != nil {
			e.leave("%s: %s", key, err)
			return
		}
		e.object[key] = filled
	}
	e.text = of.text("description")
	if notes := of.object("meta").object("notes"); e.text == "" && notes != nil {
		e.text = notes.text("content")
		if lines, ok := texts(notes["content"]); ok {
			e.text = strings.Join(lines, " ")
		}
	}
	if v := e.number("mostly"); v != nil {
		e.mostly = *v
	}
	if !e.rowCondition() {
		return
	}
	read, ok := expectations[kind]
	if !ok {
		e.leave("%s", unknownExpectation(kind))
		return
	}
	read(e)
}

func unknownExpectation(kind string) string {
	if reason := leftExpectations[kind]; reason != "" {
		return reason
	}
	return "is no expectation that is known here"
}

// parameter puts the value in the place of {"$PARAMETER": name}.
func (s *source) parameter(v any, kwargs, defaults object) (any, error) {
	m, ok := v.(map[string]any)
	if !ok || m["$PARAMETER"] == nil {
		return v, nil
	}
	name, _ := m["$PARAMETER"].(string)
	if text, ok := s.options.Parameters[name]; ok {
		return scalarOf(text), nil
	}
	for _, of := range []object{m, kwargs} {
		if v := of["$PARAMETER."+name]; v != nil {
			return v, nil
		}
	}
	if v := defaults[name]; v != nil {
		return v, nil
	}
	if v, err := strconv.ParseFloat(name, 64); err == nil {
		return v, nil
	}
	return nil, fmt.Errorf("is the parameter %q, which has no value; --parameter gives it one", name)
}

// scalarOf is the number or boolean that a text is, or the text.
func scalarOf(text string) any {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		return f
	}
	if b, err := strconv.ParseBool(text); err == nil && len(text) > 1 {
		return b
	}
	return text
}

// rowCondition reads which rows the expectation is of; false where that cannot be said.
func (e *expectation) rowCondition() bool {
	if e.object["row_condition"] == nil {
		return true
	}
	text := e.object.text("row_condition")
	if text == "" {
		e.leave("its row_condition is no text")
		return false
	}
	filter, err := parseFilter(text, e.object.text("condition_parser") == "spark")
	if err != nil {
		e.leave("its row_condition cannot be said in OTTL: %s", err)
		return false
	}
	e.filter = filter
	return true
}

// check adds a check of the expectation's column.
func (e *expectation) check(c draft.Check) bool {
	if c.Feature == "" {
		c.Feature = e.object.text("column")
	}
	if c.Condition != "" || c.Statistic == "rows" {
		c.Feature = ""
	}
	c.Severity, c.Description = e.severity, e.text
	if e.filter != "" {
		var ok bool
		if c, ok = onlyWhere(c, e.filter); !ok {
			e.leave("it has a row_condition, with which a card has conditions of one row alone")
			return false
		}
	}
	return e.add(c)
}

// rows adds a check of rows, of which a share may break it.
func (e *expectation) rows(c draft.Check) bool {
	c.MaxViolations = rest(e.mostly)
	ok := e.check(c)
	if ok && e.mostly < 1 {
		e.note("mostly is a share of the values, max_violations one of the rows, missing values among them")
	}
	return ok
}

// rest is what is left of a share to 1, without the digits that subtraction adds.
func rest(share float64) float64 {
	v, err := strconv.ParseFloat(strconv.FormatFloat(1-share, 'g', 12, 64), 64)
	if err != nil {
		return 1 - share
	}
	return v
}

// bounds reads min_value and max_value; ok is false, and the reason noted, where there are none.
func (e *expectation) bounds() (c draft.Check, ok bool) {
	for _, key := range []string{"min_value", "max_value"} {
		if v := e.object[key]; v != nil {
			if _, isNumber := number(v); !isNumber {
				e.leave("its %s is no number", key)
				return c, false
			}
		}
	}
	c.Min, c.Max = e.number("min_value"), e.number("max_value")
	if e.object["strict_min"] == true {
		c.Min, c.Above = nil, c.Min
	}
	if e.object["strict_max"] == true {
		c.Max, c.Below = nil, c.Max
	}
	if c.Min == nil && c.Max == nil && c.Above == nil && c.Below == nil {
		e.leave("it has no bound, and holds always")
		return c, false
	}
	return c, true
}

func (e *expectation) statistic(name string) {
	if c, ok := e.bounds(); ok {
		c.Statistic = name
		e.check(c)
	}
}

// isoDate matches dates that compare as texts do.
var isoDate = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]+(Z|[+-][0-9:]+)?)?$`)

// between is expect_column_values_to_be_between: of numbers, or of dates that compare as texts.
func (e *expectation) between() {
	low, high := e.object.text("min_value"), e.object.text("max_value")
	if !isoDate.MatchString(low) && !isoDate.MatchString(high) {
		if c, ok := e.bounds(); ok {
			e.rows(c)
		}
		return
	}
	x := ref(e.object.text("column"))
	var parts []string
	for _, b := range []struct{ key, op string }{{"min_value", ">"}, {"max_value", "<"}} {
		if e.object[b.key] == nil {
			continue
		}
		text := e.object.text(b.key)
		if !isoDate.MatchString(text) {
			e.leave("one bound is a date and the other is none")
			return
		}
		op := b.op + "="
		if e.object["strict_"+b.key[:3]] == true {
			op = b.op
		}
		parts = append(parts, x+" "+op+" "+strconv.Quote(text))
	}
	if e.rows(draft.Check{Name: "dates", Condition: strings.Join(parts, " and ")}) {
		e.note("dates are compared as texts, which is right where all are spelt as the bounds are")
	}
}

// quantiles is expect_column_quantile_values_to_be_between.
func (e *expectation) quantiles() {
	of := e.object.object("quantile_ranges")
	levels, ranges := of.list("quantiles"), of.list("value_ranges")
	if len(levels) != len(ranges) || len(levels) == 0 {
		e.leave("it has %d quantiles and %d ranges", len(levels), len(ranges))
		return
	}
	for i, level := range levels {
		q, ok := number(level)
		bounds, _ := ranges[i].([]any)
		if !ok || len(bounds) != 2 {
			e.leave("quantile %d has no range", i+1)
			continue
		}
		c := draft.Check{Statistic: "quantile", Quantile: &q, Name: "quantile_" + strings.ReplaceAll(strconv.FormatFloat(q, 'f', -1, 64), ".", "_")}
		if v, ok := number(bounds[0]); ok {
			c.Min = &v
		}
		if v, ok := number(bounds[1]); ok {
			c.Max = &v
		}
		if len(c.Name) > 60 {
			c.Name = ""
		}
		if c.Min == nil && c.Max == nil {
			e.leave("it has no bound, and holds always")
			return
		}
		e.check(c)
	}
}

// values reads a list of values; nil, and the reason noted, where there are none.
func (e *expectation) values() []any {
	for _, key := range []string{"value_set", "values_set"} {
		if list := e.list(key); len(list) > 0 {
			return list
		}
	}
	e.leave("it names no values, and holds always or never")
	return nil
}

// pattern checks that a pattern matches, or that none of it does.
func (e *expectation) pattern(pattern string, no bool) {
	if pattern == "" {
		e.leave("it has no pattern")
		return
	}
	pattern = strings.ReplaceAll(pattern, `\Z`, `\z`)
	if no {
		e.rows(draft.Check{NotPattern: pattern})
		return
	}
	e.rows(draft.Check{Pattern: pattern})
}

// likePattern makes a regular expression of an SQL pattern.
func likePattern(like string) string {
	if like == "" {
		return ""
	}
	var b strings.Builder
	b.WriteString("(?s)^")
	for _, r := range like {
		switch r {
		case '%':
			b.WriteString(".*")
		case '_':
			b.WriteByte('.')
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	b.WriteByte('$')
	return b.String()
}

// patternList checks a list of patterns, of which any or all must match, or none.
func (e *expectation) patternList(key string, convert func(string) string, no bool) {
	list, ok := texts(e.object[key])
	if !ok || len(list) == 0 {
		e.leave("its %s is no list of patterns", key)
		return
	}
	for i := range list {
		list[i] = convert(list[i])
	}
	if e.object.text("match_on") == "all" || no {
		for _, p := range list {
			e.pattern(p, no)
		}
		return
	}
	e.pattern("(?:"+strings.Join(list, ")|(?:")+")", false)
}

// lengths is expect_column_value_lengths_to_be_between and _to_equal.
func (e *expectation) lengths() {
	var c draft.Check
	bound := func(key string, open int64) *int64 {
		v := e.number(key)
		if v == nil || *v != float64(int64(*v)) {
			return nil
		}
		n := int64(*v)
		if open != 0 && e.object["strict_"+key[:3]] == true {
			n += open
		}
		return &n
	}
	c.MinLength, c.MaxLength = bound("min_value", 1), bound("max_value", -1)
	if v := bound("value", 0); v != nil {
		c.MinLength, c.MaxLength = v, v
	}
	if c.MinLength == nil && c.MaxLength == nil {
		e.leave("it has no bound, and holds always")
		return
	}
	e.rows(c)
}

// ofType is expect_column_values_to_be_of_type and _in_type_list.
func (e *expectation) ofType() {
	names, _ := texts(e.object["type_list"])
	if t := e.object.text("type_"); t != "" {
		names = append(names, t)
	}
	types, unknown := cardTypes(names)
	if len(types) == 0 {
		e.leave("no type of a card is meant by %s", quoted(names))
		return
	}
	if len(unknown) > 0 {
		e.note("no type of a card is meant by %s", quoted(unknown))
	}
	e.rows(draft.Check{Types: types})
}

func quoted(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strconv.Quote(strings.Join(names, ", "))
}

// columns is expect_table_columns_to_match_ordered_list and _set.
func (e *expectation) columns(key string, ordered bool) {
	names, ok := texts(e.object[key])
	if !ok || len(names) == 0 {
		e.leave("it names no columns, and holds always")
		return
	}
	for _, name := range names {
		e.check(draft.Check{Feature: name, Required: true})
	}
	if e.object["exact_match"] != false {
		e.of.OnlyKnown = true
	}
	if ordered {
		e.note("the order of the columns is not checked: spans have none")
	}
}
