// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// sodaMetric is a check of a number that Soda computes.
type sodaMetric struct {
	// name is that of the number, column what it is of; argument is the second argument.
	name, column, argument string
	// limits bound it; nil where settings do.
	limits *limits
	// settings are those beneath the check, text its name.
	settings object
	text     string
	// severity and level are those of fail and warn.
	severity, level string
}

// limits are the numbers that are good.
type limits struct {
	low, high    *float64
	above, below bool
	// outside says that the numbers between are bad; percent that they were written so.
	outside, percent bool
}

// maxLine is the number of bytes of a line of SodaCL.
const maxLine = 4096

var (
	sodaLine = regexp.MustCompile(`^([A-Za-z_]+)\s*(?:\(\s*("[^"]*"|'[^']*'|[^(),]+?)\s*(?:,\s*([^(),]+?)\s*)?(,[^()]*)?\))?\s*(.*)$`)
	compares = regexp.MustCompile(`^(<=|>=|!=|<>|==|=|<|>)\s*([^\s<>=].*)$`)
	betweens = regexp.MustCompile(`^(not\s+)?between\s*([(\[]?)\s*(\S+?)\s+and\s+([^\s\])]+)\s*([)\]]?)$`)
	lengths  = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)(d|h|m|s|ms)`)
)

// parseSodaLine reads a metric with its threshold, such as missing_percent(size) < 5 %.
func parseSodaLine(line string) (*sodaMetric, error) {
	if len(line) > maxLine {
		return nil, fmt.Errorf("has more than %d bytes", maxLine)
	}
	p := sodaLine.FindStringSubmatch(line)
	if p == nil {
		return nil, errors.New("is no check that is known here")
	}
	if p[4] != "" {
		return nil, errors.New("is of several columns together")
	}
	m := &sodaMetric{name: p[1], column: strings.Trim(p[2], `"'`), argument: p[3]}
	if p[5] == "" {
		return m, nil
	}
	var err error
	m.limits, err = parseLimits(p[5])
	return m, err
}

// parseLimits reads a threshold.
func parseLimits(text string) (*limits, error) {
	text = strings.TrimSpace(text)
	if p := betweens.FindStringSubmatch(text); p != nil {
		low, lowPercent, err := sodaNumber(p[3])
		if err != nil {
			return nil, err
		}
		high, percent, err := sodaNumber(p[4])
		if err != nil {
			return nil, err
		}
		return &limits{
			low: &low, high: &high, above: p[2] == "(", below: p[5] == ")", outside: p[1] != "", percent: percent || lowPercent,
		}, nil
	}
	p := compares.FindStringSubmatch(text)
	if p == nil {
		return nil, fmt.Errorf("the threshold %q is not understood", clipped(text))
	}
	v, percent, err := sodaNumber(p[2])
	if err != nil {
		return nil, err
	}
	l := &limits{percent: percent}
	switch p[1] {
	case "<", "<=":
		l.high, l.below = &v, p[1] == "<"
	case ">", ">=":
		l.low, l.above = &v, p[1] == ">"
	case "=", "==":
		l.low, l.high = &v, &v
	default:
		l.low, l.high, l.outside = &v, &v, true
	}
	return l, nil
}

// sodaNumber reads a number, a percentage, or a length of time, in seconds.
func sodaNumber(text string) (v float64, percent bool, err error) {
	text = strings.TrimSpace(text)
	digits, percent := strings.CutSuffix(text, "%")
	if v, err := strconv.ParseFloat(strings.TrimSpace(digits), 64); err == nil && v-v == 0 {
		return v, percent, nil
	}
	rest := text
	for rest != "" {
		m := lengths.FindStringSubmatch(rest)
		if m == nil {
			return 0, false, fmt.Errorf("the threshold %q is no number", clipped(text))
		}
		n, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			return 0, false, err
		}
		v += n * map[string]float64{"d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}[m[2]]
		rest = rest[len(m[0]):]
	}
	return v, false, nil
}

func clipped(s string) string { return s[:min(len(s), 100)] }

// inverse are the numbers that are not in the limits; nil where that has two parts.
func (l *limits) inverse() *limits {
	out := &limits{percent: l.percent}
	switch {
	case l.outside:
		*out = *l
		out.outside = false
		if l.low != l.high { // the ends of a range that is good when not between is bad
			out.above, out.below = l.above, l.below
		}
	case l.low != nil && l.high != nil:
		if *l.low != *l.high {
			return nil
		}
		*out = *l
		out.outside = true
	case l.low != nil:
		out.high, out.below = l.low, !l.above
	default:
		out.low, out.above = l.high, !l.below
	}
	return out
}

func (l *limits) scale(factor float64) {
	for _, p := range []**float64{&l.low, &l.high} {
		if *p != nil {
			*p = new(**p * factor)
		}
	}
}

var freshnessUnits = map[string]float64{
	"freshness_in_days": 86400, "freshness_in_hours": 3600, "freshness_in_minutes": 60, "freshness_in_seconds": 1,
}

// contractLimits reads the threshold of a check of a data contract.
func contractLimits(check object) (*limits, error) {
	l := &limits{}
	for key, set := range map[string]func(float64){
		"must_be_greater_than":             func(v float64) { l.low, l.above = &v, true },
		"must_be_greater_than_or_equal_to": func(v float64) { l.low = &v },
		"must_be_less_than":                func(v float64) { l.high, l.below = &v, true },
		"must_be_less_than_or_equal_to":    func(v float64) { l.high = &v },
		"must_be":                          func(v float64) { l.low, l.high = &v, &v },
		"must_not_be":                      func(v float64) { l.low, l.high, l.outside = &v, &v, true },
	} {
		if check[key] == nil {
			continue
		}
		v := check.number(key)
		if v == nil {
			return nil, fmt.Errorf("%s is no number", key)
		}
		set(*v)
	}
	for _, key := range []string{"must_be_between", "must_be_not_between"} {
		if check[key] == nil {
			continue
		}
		list := check.list(key)
		if len(list) != 2 {
			return nil, fmt.Errorf("%s is no list of two numbers", key)
		}
		low, ok := number(list[0])
		high, too := number(list[1])
		if !ok || !too {
			return nil, fmt.Errorf("%s is no list of two numbers", key)
		}
		l.low, l.high, l.outside = &low, &high, key == "must_be_not_between"
	}
	return l, nil
}
