// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"fmt"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/draft"
	"github.com/otelcol-ml/otelcol-ml/internal/contract"
)

// expectations are those that become checks.
var expectations = map[string]func(*expectation){
	"expect_column_to_exist": func(e *expectation) {
		if e.check(draft.Check{Required: true}) && e.object["column_index"] != nil {
			e.note("the place of the column is not checked: spans have none")
		}
	},
	"expect_column_values_to_not_be_null": func(e *expectation) {
		if e.mostly < 1 {
			e.check(draft.Check{MaxMissing: new(rest(e.mostly))})
			return
		}
		e.check(draft.Check{NotMissing: true})
	},
	"expect_column_values_to_be_null": func(e *expectation) {
		e.check(draft.Check{Name: "all_missing", Statistic: contract.Missing, Min: new(e.mostly)})
	},
	"expect_column_values_to_be_unique": func(e *expectation) {
		if e.mostly < 1 {
			e.leave("it allows some values twice; of a share of different values a card has a bound, not of those that are there once")
			return
		}
		e.check(draft.Check{Name: "unique", Statistic: contract.DistinctShare, Min: new(1.0)})
	},
	"expect_column_values_to_be_between":                      (*expectation).between,
	"expect_column_values_to_be_in_set":                       (*expectation).inSet,
	"expect_column_distinct_values_to_be_in_set":              (*expectation).inSet,
	"expect_column_distinct_values_to_equal_set":              (*expectation).equalSet,
	"expect_column_values_to_not_be_in_set":                   (*expectation).notInSet,
	"expect_column_values_to_be_of_type":                      (*expectation).ofType,
	"expect_column_values_to_be_in_type_list":                 (*expectation).ofType,
	"expect_column_value_lengths_to_be_between":               (*expectation).lengths,
	"expect_column_value_lengths_to_equal":                    (*expectation).lengths,
	"expect_column_values_to_match_regex":                     func(e *expectation) { e.pattern(e.object.text("regex"), false) },
	"expect_column_values_to_not_match_regex":                 func(e *expectation) { e.pattern(e.object.text("regex"), true) },
	"expect_column_values_to_match_regex_list":                func(e *expectation) { e.patternList("regex_list", same, false) },
	"expect_column_values_to_not_match_regex_list":            func(e *expectation) { e.patternList("regex_list", same, true) },
	"expect_column_values_to_match_like_pattern":              func(e *expectation) { e.pattern(likePattern(e.object.text("like_pattern")), false) },
	"expect_column_values_to_not_match_like_pattern":          func(e *expectation) { e.pattern(likePattern(e.object.text("like_pattern")), true) },
	"expect_column_values_to_match_like_pattern_list":         func(e *expectation) { e.patternList("like_pattern_list", likePattern, false) },
	"expect_column_values_to_not_match_like_pattern_list":     func(e *expectation) { e.patternList("like_pattern_list", likePattern, true) },
	"expect_column_values_to_match_strftime_format":           (*expectation).strftime,
	"expect_column_values_to_be_json_parseable":               func(e *expectation) { e.rows(draft.Check{JSONSchema: true}) },
	"expect_column_values_to_match_json_schema":               (*expectation).jsonSchema,
	"expect_column_mean_to_be_between":                        func(e *expectation) { e.statistic(contract.Mean) },
	"expect_column_median_to_be_between":                      func(e *expectation) { e.statistic(contract.Median) },
	"expect_column_stdev_to_be_between":                       func(e *expectation) { e.statistic(contract.Stdev) },
	"expect_column_min_to_be_between":                         func(e *expectation) { e.statistic(contract.Minimum) },
	"expect_column_max_to_be_between":                         func(e *expectation) { e.statistic(contract.Maximum) },
	"expect_column_sum_to_be_between":                         func(e *expectation) { e.statistic(contract.Sum) },
	"expect_column_unique_value_count_to_be_between":          func(e *expectation) { e.statistic(contract.Distinct) },
	"expect_column_proportion_of_unique_values_to_be_between": func(e *expectation) { e.statistic(contract.DistinctShare) },
	"expect_column_quantile_values_to_be_between":             (*expectation).quantiles,
	"expect_table_row_count_to_be_between":                    func(e *expectation) { e.statistic(contract.Rows) },
	"expect_table_row_count_to_equal": func(e *expectation) {
		n := e.number("value")
		if n == nil {
			e.leave("it has no number of rows")
			return
		}
		e.check(draft.Check{Statistic: contract.Rows, Min: n, Max: n})
	},
	"expect_table_columns_to_match_ordered_list":             func(e *expectation) { e.columns("column_list", true) },
	"expect_table_columns_to_match_set":                      func(e *expectation) { e.columns("column_set", false) },
	"expect_column_pair_values_a_to_be_greater_than_b":       (*expectation).pairGreater,
	"expect_column_pair_values_A_to_be_greater_than_B":       (*expectation).pairGreater,
	"expect_column_pair_values_to_be_equal":                  func(e *expectation) { e.pair("==") },
	"expect_multicolumn_sum_to_equal":                        (*expectation).sumOfColumns,
	"expect_select_column_values_to_be_unique_within_record": (*expectation).differ,
	"expect_multicolumn_values_to_be_unique":                 (*expectation).differ,
}

// leftExpectations are those that a card does not have, with the reason.
var leftExpectations = map[string]string{
	"expect_column_kl_divergence_to_be_less_than":                                 "compares distributions; ml_drift does, with the method kl@great_expectations and a baseline",
	"expect_column_parameterized_distribution_ks_test_p_value_to_be_greater_than": "compares distributions; ml_drift does, with the method ks and a baseline",
	"expect_column_chisquare_test_p_value_to_be_greater_than":                     "compares distributions; ml_drift does, with the method chi2@great_expectations and a baseline",
	"expect_column_values_to_be_increasing":                                       "is of the order of rows, and spans have none",
	"expect_column_values_to_be_decreasing":                                       "is of the order of rows, and spans have none",
	"expect_column_distinct_values_to_contain_set":                                "asks that values are there at all, a card what values may be",
	"expect_column_most_common_value_to_be_in_set":                                "is of the most common value, of which a card has no statistic",
	"expect_column_value_z_scores_to_be_less_than":                                "compares rows with the mean of all; a row is checked alone",
	"expect_column_values_to_be_dateutil_parseable":                               "accepts what Python's dateutil can read; type: timestamp asks for RFC 3339",
	"expect_compound_columns_to_be_unique":                                        "compares rows with each other; a row is checked alone",
	"expect_column_pair_cramers_phi_value_to_be_less_than":                        "is a statistic of two columns, and a card has those of one",
	"expect_column_pair_values_to_be_in_set":                                      "is a list of pairs; write a condition",
	"expect_table_column_count_to_be_between":                                     "is a number of columns; a card names them (only_known_features)",
	"expect_table_column_count_to_equal":                                          "is a number of columns; a card names them (only_known_features)",
	"expect_table_row_count_to_equal_other_table":                                 "is of another table",
	"unexpected_rows_expectation":                                                 "is a query of SQL",
	"expect_query_results_to_match_comparison":                                    "is a query of SQL",
}

func same(s string) string { return s }

func (e *expectation) inSet() {
	if values := e.values(); values != nil {
		e.rows(draft.Check{Values: values})
	}
}

func (e *expectation) notInSet() {
	if values := e.values(); values != nil {
		e.rows(draft.Check{NotValues: values})
	}
}

func (e *expectation) equalSet() {
	if values := e.values(); values != nil && e.rows(draft.Check{Values: values}) {
		e.note("that each of the values is there is not checked, only that no other is")
	}
}

func (e *expectation) strftime() {
	pattern, err := strftimePattern(e.object.text("strftime_format"))
	if err != nil {
		e.leave("%s", err)
		return
	}
	e.rows(draft.Check{Pattern: pattern})
}

func (e *expectation) jsonSchema() {
	schema := e.object["json_schema"]
	if m, ok := schema.(map[string]any); !ok || len(m) == 0 {
		e.leave("its json_schema is no schema")
		return
	}
	if err := usable(schema); err != nil {
		e.leave("its json_schema cannot be used: %s", err)
		return
	}
	e.rows(draft.Check{JSONSchema: schema})
}

func (e *expectation) pairGreater() {
	op := ">"
	if e.object["or_equal"] == true {
		op = ">="
	}
	e.pair(op)
}

// pair compares two columns of a row.
func (e *expectation) pair(op string) {
	a, b := e.object.text("column_A"), e.object.text("column_B")
	if a == "" || b == "" {
		e.leave("it does not name two columns")
		return
	}
	c := draft.Check{Name: "pair", Condition: ref(a) + " " + op + " " + ref(b)}
	switch e.object.text("ignore_row_if") {
	case "", "both_values_are_missing":
		c.Condition = fmt.Sprintf("(%s == nil and %s == nil) or %s", ref(a), ref(b), c.Condition)
	case "neither":
		c.Condition = fmt.Sprintf("%s != nil and %s != nil and %s", ref(a), ref(b), c.Condition)
	} // a row that lacks a value is not asked

	e.rows(c)
}

// missingRows says when a row of these columns is not looked at.
func (e *expectation) missingRows(names []string) string {
	if e.object.text("ignore_row_if") == "any_value_is_missing" {
		return "" // a row that lacks a value is not asked
	}
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = ref(name) + " == nil"
	}
	return "(" + strings.Join(parts, " and ") + ") or "
}

// columnList reads at least two names; nil, and the reason noted, where there are fewer.
func (e *expectation) columnList() []string {
	names, ok := texts(e.object["column_list"])
	if !ok || len(names) < 2 || len(names) > maxInCondition {
		e.leave("it does not name 2 to %d columns", maxInCondition)
		return nil
	}
	return names
}

func (e *expectation) sumOfColumns() {
	names, total := e.columnList(), e.number("sum_total")
	if names == nil {
		return
	}
	if total == nil {
		e.leave("it has no sum")
		return
	}
	refs := make([]string, len(names))
	for i, name := range names {
		refs[i] = ref(name)
	}
	e.rows(draft.Check{Name: "sum_of_columns", Condition: e.missingRows(names) + strings.Join(refs, " + ") + " == " + ottlFloat(*total)})
}

func (e *expectation) differ() {
	names := e.columnList()
	if names == nil {
		return
	}
	var parts []string
	for i, a := range names {
		for _, b := range names[i+1:] {
			parts = append(parts, ref(a)+" != "+ref(b))
		}
	}
	e.rows(draft.Check{Name: "different", Condition: e.missingRows(names) + "(" + strings.Join(parts, " and ") + ")"})
}
