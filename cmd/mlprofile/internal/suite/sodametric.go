// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"strconv"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/draft"
	"github.com/otelcol-ml/otelcol-ml/internal/contract"
)

// sodaStatistics are statistics of a card by the metric of Soda.
var sodaStatistics = map[string]string{
	"avg": contract.Mean, "min": contract.Minimum, "max": contract.Maximum, "sum": contract.Sum,
	"stddev": contract.Stdev, "stddev_samp": contract.Stdev, "row_count": contract.Rows,
}

// metric makes checks of a metric with limits.
func (i *item) metric(m *sodaMetric) {
	if m.limits.outside {
		i.leave("bounds what is bad: a card bounds what is good")
		return
	}
	if m.settings["filter"] != nil {
		i.filtered(m)
		return
	}
	switch statistic := sodaStatistics[m.name]; {
	case statistic != "":
		c := m.bounds(1)
		c.Statistic = statistic
		if statistic == contract.Rows {
			c.Feature = ""
		}
		i.sodaCheck(m, c)
		return
	case m.name == "percentile":
		i.percentile(m)
		return
	}
	switch m.name {
	case "missing_count", "missing_percent":
		i.missing(m)
	case "invalid_count", "invalid_percent":
		i.invalid(m)
	case "duplicate_count", "duplicate_percent":
		i.duplicates(m)
	case "min_length", "max_length":
		i.length(m)
	case "freshness":
		i.freshness(m)
	default:
		i.leave("the metric %s is none of a card", m.name)
	}
}

// filtered reads a check of the rows that a filter takes.
func (i *item) filtered(m *sodaMetric) {
	filter, err := parseFilter(m.settings.text("filter"), true)
	if err != nil {
		i.leave("its filter cannot be said in OTTL: %s", err)
		return
	}
	share, ok := m.share(i)
	if !ok || share != 0 || !strings.HasPrefix(m.name, "invalid_") && !strings.HasPrefix(m.name, "missing_") {
		i.leave("it has a filter, with which a card has conditions of one row alone")
		return
	}
	checks := []draft.Check{{Feature: m.column, NotMissing: true}}
	if strings.HasPrefix(m.name, "invalid_") {
		checks = i.validity(m)
	}
	for _, c := range checks {
		c, ok := onlyWhere(c, filter)
		if !ok {
			i.leave("it has a filter, with which a card has conditions of one row alone")
			continue
		}
		i.sodaCheck(m, c)
	}
}

// sodaCheck adds a check with what Soda says of it.
func (i *item) sodaCheck(m *sodaMetric, c draft.Check) bool {
	c.Severity, c.Description = m.severity, m.text
	if m.level != "" && c.Name == "" {
		c.Name = m.name + "_" + m.level
	}
	return i.add(c)
}

// bounds are the limits, multiplied, of the column.
func (m *sodaMetric) bounds(factor float64) draft.Check {
	l := *m.limits
	l.scale(factor)
	c := draft.Check{Feature: m.column, Min: l.low, Max: l.high}
	if l.above {
		c.Min, c.Above = nil, l.low
	}
	if l.below {
		c.Max, c.Below = nil, l.high
	}
	return c
}

// none says that only 0 is good.
func (m *sodaMetric) none() bool {
	l := m.limits
	return l.high != nil && (*l.high == 0 && !l.below || *l.high <= 1 && l.below && !m.ofShare()) && (l.low == nil || *l.low == 0 && !l.above)
}

func (m *sodaMetric) ofShare() bool { return strings.HasSuffix(m.name, "_percent") }

// share is which share of rows may be bad; ok is false, and the reason noted, where that cannot be said.
func (m *sodaMetric) share(i *item) (share float64, ok bool) {
	l := m.limits
	switch {
	case m.none():
		return 0, true
	case l.high == nil || l.low != nil && *l.low > 0:
		i.leave("asks for rows that are bad")
		return 0, false
	case m.ofShare():
		return *l.high / 100, true
	case i.of.options.Rows > 0:
		n := *l.high
		if l.below {
			n--
		}
		share = min(1, n/i.of.options.Rows)
		i.note("%g rows are taken as a share of the %g rows of --rows", n, i.of.options.Rows)
		return share, true
	}
	i.leave("allows a number of rows; a card has shares of rows, which --rows makes of it")
	return 0, false
}

func (i *item) missing(m *sodaMetric) {
	marks := m.settings.list("missing values")
	if m.settings["missing regex"] != nil || m.settings["missing format"] != nil {
		i.note("what means missing by a pattern is a value here")
	}
	switch {
	case m.none():
		i.sodaCheck(m, draft.Check{Feature: m.column, NotMissing: true})
		if len(marks) > 0 {
			i.sodaCheck(m, draft.Check{Feature: m.column, NotValues: marks})
		}
		return
	case m.ofShare():
		c := m.bounds(0.01)
		c.Statistic = contract.Missing
		i.sodaCheck(m, c)
	default:
		share, ok := m.share(i)
		if !ok {
			return
		}
		i.sodaCheck(m, draft.Check{Feature: m.column, MaxMissing: &share})
	}
	if len(marks) > 0 {
		i.note("missing values: are values here, and do not count as missing")
	}
}

func (i *item) invalid(m *sodaMetric) {
	share, ok := m.share(i)
	if !ok {
		return
	}
	checks := i.validity(m)
	for _, c := range checks {
		c.MaxViolations = share
		i.sodaCheck(m, c)
	}
	if share > 0 && len(checks) > 1 {
		i.note("it has several reasons to be invalid, each of which may have the whole share")
	}
	if m.settings.list("missing values") != nil {
		i.note("missing values: are values here, and may be invalid")
	}
}

// validity are the checks of what makes a value valid.
func (i *item) validity(m *sodaMetric) (checks []draft.Check) {
	add := func(c draft.Check) {
		c.Feature = m.column
		checks = append(checks, c)
	}
	of := m.settings
	if list := of.list("valid values"); len(list) > 0 {
		add(draft.Check{Values: list})
	}
	if list := of.list("invalid values"); len(list) > 0 {
		add(draft.Check{NotValues: list})
	}
	if low, high := of.number("valid min"), of.number("valid max"); low != nil || high != nil {
		add(draft.Check{Min: low, Max: high})
	}
	if n := of.length("valid length"); n != nil {
		add(draft.Check{MinLength: n, MaxLength: n})
	}
	if low, high := of.length("valid min length"), of.length("valid max length"); low != nil || high != nil {
		add(draft.Check{MinLength: low, MaxLength: high})
	}
	if p := of.text("valid regex"); p != "" {
		add(draft.Check{Pattern: p})
	}
	if p := of.text("invalid regex"); p != "" {
		add(draft.Check{NotPattern: p})
	}
	for _, key := range []string{"valid format", "invalid format"} {
		name := of.text(key)
		switch p := sodaFormats[strings.ReplaceAll(name, "_", " ")]; {
		case name == "":
		case p == "":
			i.leave("the format %q is none that is known here", clipped(name))
		case key == "valid format":
			add(draft.Check{Pattern: p})
		default:
			add(draft.Check{NotPattern: p})
		}
	}
	if of["valid values reference data"] != nil {
		i.leave("looks values up in another dataset")
	} else if len(checks) == 0 {
		i.leave("does not say what is valid")
	}
	return checks
}

// length is a whole number from 0 on; nil where there is none.
func (o object) length(key string) *int64 {
	v := o.number(key)
	if v == nil || *v < 0 || *v != float64(int64(*v)) {
		return nil
	}
	return new(int64(*v))
}

func (i *item) duplicates(m *sodaMetric) {
	if !m.none() {
		i.leave("counts values that are there more than once; a card has the share of different values")
		return
	}
	i.sodaCheck(m, draft.Check{Name: "unique", Feature: m.column, Statistic: contract.DistinctShare, Min: new(1.0)})
}

func (i *item) percentile(m *sodaMetric) {
	q, err := strconv.ParseFloat(m.argument, 64)
	if err != nil {
		i.leave("does not say which percentile")
		return
	}
	c := m.bounds(1)
	c.Statistic, c.Quantile = contract.Quantile, &q
	i.sodaCheck(m, c)
}

// length is that no text is shorter, or none longer.
func (i *item) length(m *sodaMetric) {
	c, l := draft.Check{Feature: m.column}, m.limits
	whole := func(v float64) *int64 { return new(int64(v)) }
	switch {
	case m.name == "min_length" && l.high == nil && *l.low == float64(int64(*l.low)):
		c.MinLength = whole(*l.low)
		if l.above {
			*c.MinLength++
		}
	case m.name == "max_length" && l.low == nil && *l.high == float64(int64(*l.high)):
		c.MaxLength = whole(*l.high)
		if l.below {
			*c.MaxLength--
		}
	default:
		i.leave("bounds the shortest from above, or the longest from below")
		return
	}
	i.sodaCheck(m, c)
}

// freshness is that the newest row is not old.
func (i *item) freshness(m *sodaMetric) {
	l := m.limits
	if l.high == nil || l.low != nil || *l.high <= 0 {
		i.leave("does not say how old a row may be")
		return
	}
	age := strconv.FormatFloat(*l.high, 'f', -1, 64) + "s"
	for _, unit := range []struct {
		seconds float64
		letter  string
	}{{86400, "d"}, {3600, "h"}, {60, "m"}} {
		if n := *l.high / unit.seconds; n == float64(int64(n)) {
			age = strconv.FormatInt(int64(n), 10) + unit.letter
			break
		}
	}
	if i.sodaCheck(m, draft.Check{Feature: m.column, Age: age}) {
		i.note("Soda looks at the newest row, a card at each: at the time from the value to the end of the span")
	}
}
