// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/draft"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/spanottl"
)

// sharedFolder is where files of other projects lie beside this repository.
const sharedFolder = "../../../../../shared/data/profiles/"

func sharedPath(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(sharedFolder, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("needs ../shared/data/profiles/%s", name)
	}
	return path
}

// card returns the card of a contract, which the catalog reads.
func card(t *testing.T, c *draft.Contract) string {
	t.Helper()
	out, err := c.Card("m")
	require.NoError(t, err)
	_, err = catalog.ReadFile("m.yaml", out)
	require.NoError(t, err, "%s", out)
	return strings.ReplaceAll(string(out), "'", "") // the quotes of YAML are not what is tested
}

func read(t *testing.T, content string, o Options) *draft.Contract {
	t.Helper()
	c, _, err := decode("file", []byte(content), o)
	require.NoError(t, err)
	return c
}

func names(of []draft.Remark) []string {
	var out []string
	for _, r := range of {
		out = append(out, r.Name+": "+r.Text)
	}
	return out
}

// TestFilesOfOtherProjects reads what nobody here has written: how much of it is carried over is a
// figure that must not fall unseen.
func TestFilesOfOtherProjects(t *testing.T) {
	for _, c := range []struct {
		file                    string
		format                  Format
		stated, carried, checks int
		left, notes             int
	}{
		{"great_expectations/titanic_expectations.json", GreatExpectations, 10, 10, 10, 0, 1},
		{"great_expectations/titanic_expected_data_asset_validate_results.json", GreatExpectations, 10, 10, 10, 0, 1},
		{"great_expectations/titanic_parameterized_expectations.json", GreatExpectations, 10, 9, 9, 1, 1},
		{"great_expectations/expectation_suite_3.json", GreatExpectations, 80, 75, 75, 5, 1},
		{"great_expectations/evr_suite_3.json", GreatExpectations, 80, 75, 75, 5, 1},
		{"great_expectations/BasicDatasetProfiler_evrs.json", GreatExpectations, 51, 19, 19, 32, 0},
		{"soda/customers.contract.yml", Soda, 11, 9, 9, 2, 1},
		{"soda/example_checks.yml", Soda, 1, 0, 0, 1, 0},
		{"soda/dist_ref_categorical.yml", Soda, 1, 0, 0, 1, 0},
		{"soda/dist_ref_continuous.yml", Soda, 1, 0, 0, 1, 0},
		{"tfdv/schema-chicago-taxi.pbtxt", TFDV, 56, 56, 38, 0, 10},
		{"tfdv/schema-penguin-raw.pbtxt", TFDV, 24, 24, 17, 0, 0},
		{"tfdv/schema-penguin-user.pbtxt", TFDV, 15, 15, 10, 0, 0},
		{"tfdv/anomalies.pbtxt", TFDV, 46, 46, 38, 0, 0},
		{"sagemaker/constraints.json", SageMaker, 10, 8, 6, 2, 0},
		{"mlflow/MLmodel.langchain-2.12", MLflow, 3, 2, 3, 1, 0},
		{"mlflow/MLmodel.signature-iris-from-docs", MLflow, 9, 8, 8, 1, 0},
	} {
		got, format, err := Read(sharedPath(t, c.file), Options{})
		require.NoError(t, err, c.file)
		assert.Equal(t, c.format, format, c.file)
		checks, _ := got.Checks()
		assert.Equal(t, []int{c.stated, c.carried, c.checks, len(got.Left), len(got.Notes)},
			[]int{got.Stated, got.Carried, checks, c.left, c.notes}, "%s: %s", c.file, names(got.Left))
		card(t, got)
	}
}

// TestFilesWithoutChecks says what is wrong with files that are something else.
func TestFilesWithoutChecks(t *testing.T) {
	for file, want := range map[string]string{
		"mlflow/MLmodel.sklearn-1x-no-signature": "has no signature",
		"sagemaker/constraint_violations.json":   "are violations that SageMaker has found",
		"sagemaker/statistics.json":              "are statistics of SageMaker",
		"tfdv/FeatureStats-train.pb":             "is no text",
		"whylogs/v1-toydata.bin":                 "is no text",
	} {
		_, _, err := Read(sharedPath(t, file), Options{})
		require.ErrorContains(t, err, want, file)
	}
}

func TestParameters(t *testing.T) {
	path := sharedPath(t, "great_expectations/titanic_parameterized_expectations.json")
	c, _, err := Read(path, Options{Parameters: map[string]string{"min_age": "0", "max_age": "80"}})
	require.NoError(t, err)
	assert.Empty(t, c.Left)
	assert.Contains(t, card(t, c), "{feature: Age, min: 0, max: 80}")
}

func TestRowsMakeSharesOfNumbers(t *testing.T) {
	c, _, err := Read(sharedPath(t, "soda/customers.contract.yml"), Options{Rows: 1000})
	require.NoError(t, err)
	assert.Contains(t, card(t, c), "{feature: size, values: [S, M, L], max_violations: 0.009}") // fewer than 10 of 1000
}

// expectationsOf is a suite of expectations, each a type and kwargs.
func expectationsOf(pairs ...string) string {
	parts := make([]string, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		parts = append(parts, `{"type": "`+pairs[i]+`", "kwargs": `+pairs[i+1]+`}`)
	}
	return `{"expectations": [` + strings.Join(parts, ", ") + `]}`
}

func TestExpectations(t *testing.T) {
	for _, c := range []struct{ kind, kwargs, want string }{
		{"expect_column_values_to_not_be_null", `{"column": "a"}`, `{feature: a, not_missing: true}`},
		{"expect_column_values_to_not_be_null", `{"column": "a", "mostly": 0.9}`, `{feature: a, max_missing: 0.1}`},
		{"expect_column_values_to_be_null", `{"column": "a"}`, `{name: all_missing, feature: a, statistic: missing, min: 1}`},
		{"expect_column_values_to_be_between", `{"column": "a", "min_value": 1, "strict_min": true}`, `{feature: a, above: 1}`},
		{
			"expect_column_values_to_be_between", `{"column": "a", "min_value": "2015-01-01", "max_value": "2016-01-01"}`,
			`{name: dates, condition: attributes["ml.feature.a"] >= "2015-01-01" and attributes["ml.feature.a"] <= "2016-01-01"}`,
		},
		{"expect_column_values_to_be_in_set", `{"column": "a", "value_set": [1, "1", 2.5, true]}`, `{feature: a, values: [1, 2.5, true]}`},
		{"expect_column_value_lengths_to_equal", `{"column": "a", "value": 3}`, `{feature: a, min_length: 3, max_length: 3}`},
		{"expect_column_value_lengths_to_be_between", `{"column": "a", "min_value": 3, "strict_min": true}`, `{feature: a, min_length: 4}`},
		{"expect_column_values_to_match_like_pattern", `{"column": "a", "like_pattern": "a_%."}`, `{feature: a, pattern: (?s)^a..*\.$}`},
		{"expect_column_values_to_match_regex_list", `{"column": "a", "regex_list": ["x", "y"]}`, `{feature: a, pattern: (?:x)|(?:y)}`},
		{"expect_column_values_to_match_strftime_format", `{"column": "a", "strftime_format": "%Y/%m"}`, `{feature: a, pattern: ^[0-9]{4}/(0?[1-9]|1[0-2])$}`},
		{"expect_column_values_to_be_in_type_list", `{"column": "a", "type_list": ["FLOAT", "INTEGER", "DoubleType"]}`, `{feature: a, type: number}`},
		{"expect_column_stdev_to_be_between", `{"column": "a", "max_value": 2}`, `{feature: a, statistic: stdev, max: 2}`},
		{
			"expect_column_quantile_values_to_be_between", `{"column": "a", "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[1, null]]}}`,
			`{name: quantile_0_5, feature: a, statistic: quantile, quantile: 0.5, min: 1}`,
		},
		{"expect_table_row_count_to_equal", `{"value": 3}`, `{statistic: rows, min: 3, max: 3}`},
		{
			"expect_column_pair_values_a_to_be_greater_than_b", `{"column_A": "a", "column_B": "b", "or_equal": true, "ignore_row_if": "either_value_is_missing"}`,
			`{name: pair, condition: attributes["ml.feature.a"] >= attributes["ml.feature.b"]}`,
		},
		{
			"expect_multicolumn_sum_to_equal", `{"column_list": ["a", "b"], "sum_total": 1, "ignore_row_if": "any_value_is_missing"}`,
			`{name: sum_of_columns, condition: attributes["ml.feature.a"] + attributes["ml.feature.b"] == 1}`,
		},
		{
			"expect_column_values_to_be_between", `{"column": "a", "max_value": 5, "row_condition": "b == 1 and col(\"c d\") != 'x'", "condition_parser": "pandas"}`,
			`{feature: a, condition: not (attributes["ml.feature.b"] == 1 and attributes["ml.feature.c d"] != "x") or (attributes["ml.feature.a"] <= 5)}`,
		},
	} {
		got := read(t, expectationsOf(c.kind, c.kwargs), Options{})
		assert.Empty(t, got.Left, c.kind)
		assert.Contains(t, card(t, got), "    - "+c.want+"\n", c.kind)
	}
}

func TestSeverityAndNotes(t *testing.T) {
	got := read(t, `{"name": "s", "expectations": [{"type": "expect_column_max_to_be_between", "severity": "critical",
		"kwargs": {"column": "a", "max_value": 5}, "meta": {"notes": {"content": ["why", "so"]}}}]}`, Options{})
	assert.Contains(t, card(t, got), "{feature: a, statistic: max, max: 5, severity: critical, description: why so}")
}

// TestLeftExpectations says of each why a card does not have it.
func TestLeftExpectations(t *testing.T) {
	for _, c := range []struct{ kind, kwargs, want string }{
		{"expect_column_values_to_be_increasing", `{"column": "a"}`, "order of rows"},
		{"expect_column_values_to_match_regex", `{"column": "a", "regex": "(?=x)"}`, "none in RE2"},
		{"expect_column_values_to_be_between", `{"column": "a", "min_value": {"$PARAMETER": "x"}}`, `parameter "x"`},
		{"expect_column_values_to_be_between", `{"column": "a", "min_value": 2, "max_value": 1}`, "no number is between"},
		{"expect_column_values_to_be_unique", `{"column": "a", "mostly": 0.9}`, "some values twice"},
		{"expect_column_mean_to_be_between", `{"column": "a", "max_value": 2, "row_condition": "b > 1"}`, "row_condition"},
		{"expect_column_values_to_not_be_null", `{"column": "a", "row_condition": "f(b) > 1"}`, "calls the function f"},
		{"expect_my_thing", `{"column": "a"}`, "no expectation that is known"},
	} {
		got := read(t, expectationsOf(c.kind, c.kwargs), Options{})
		require.Len(t, got.Left, 1, c.kind)
		assert.Contains(t, got.Left[0].Text, c.want)
		assert.Zero(t, got.Carried)
	}
}

func TestSodaChecks(t *testing.T) {
	got := read(t, `
configurations for orders:
  valid min for price: 0
variables: {low: 5}
checks for orders:
  - row_count between 10 and 1000
  - missing_count(id) = 0
  - missing_percent(size) < 5 %:
      name: sizes are known
  - invalid_percent(size) <= 1%:
      valid values: [S, M, "L"]
  - invalid_count(price) = 0
  - invalid_count(mail) = 0:
      valid format: email
      filter: country = 'DE' AND age >= 18
  - duplicate_count("order id") = 0
  - avg(price):
      warn: when > 50
      fail: when not between 10 and 100
  - percentile(price, 0.95) > ${low}
  - max_length(size) <= 3
  - freshness(created) < 1d12h
  - schema:
      fail:
        when required column missing: [id, size]
        when wrong column type: {price: double precision}
      warn:
        when forbidden column present: [ssn]
        when schema changes: any
  - failed rows:
      name: no swap
      fail condition: low > high
  - change for row_count < 5
  - values in (a) must exist in t (b)
  - missing_count(id) < 5
checks for customers:
  - row_count > 0
`, Options{Parameters: map[string]string{"low": "5"}})
	out := card(t, got)
	for _, want := range []string{
		"{statistic: rows, min: 10, max: 1000}",
		"{feature: id, not_missing: true}",
		"{feature: size, statistic: missing, below: 0.05, description: sizes are known}",
		"{feature: size, values: [S, M, L], max_violations: 0.01}",
		"{feature: price, min: 0}",
		`{feature: mail, condition: not (attributes["ml.feature.country"] == "DE" and attributes["ml.feature.age"] >= 18) or (IsMatch(`,
		"{name: unique, feature: order id, statistic: distinct_share, min: 1}",
		"{name: avg_fail, feature: price, statistic: mean, min: 10, max: 100, severity: critical}",
		"{name: avg_warn, feature: price, statistic: mean, max: 50, severity: warning}",
		"{feature: price, statistic: quantile, quantile: 0.95, above: 5}",
		"{feature: size, max_length: 3}",
		"{feature: created, max_age: 36h}",
		"{features: [id, size], required: true, severity: critical}",
		"{feature: price, type: number, severity: critical}",
		`{name: forbidden, feature: ssn, condition: attributes["ml.feature.ssn"] == nil, severity: warning}`,
		`{name: failed_rows, condition: not (attributes["ml.feature.low"] > attributes["ml.feature.high"]), description: no swap}`,
	} {
		assert.Contains(t, out, want)
	}
	assert.Equal(t, []string{
		"schema: warn: when schema changes: compares with the scan before",
		"change for row_count < 5: compares with the scan before, and does not say how long ago that was; write compared_with",
		"values in (a) must exist in t (b): looks values up in another dataset",
		"missing_count(id) < 5: allows a number of rows; a card has shares of rows, which --rows makes of it",
		"checks for customers: are 1 checks of another dataset, and a card is of one",
	}, names(got.Left))
}

func TestTFDVSchema(t *testing.T) {
	schema := `
default_environment: "TRAINING"
default_environment: "SERVING"
feature { name: "a" type: INT presence { min_fraction: 0.9 min_count: 5 } int_domain { min: 0 max: 9 }
  drift_comparator { infinity_norm { threshold: 0.01 } } skew_comparator { jensen_shannon_divergence { threshold: 0.1 } } }
feature { name: "b" type: BYTES value_count { min: 1 max: 3 } string_domain { value: "x" value: "z" }
  distribution_constraints { min_domain_mass: 0.95 } }
feature { name: "c" type: FLOAT float_domain { min: 0.5 disallow_nan: true } presence { min_count: 1 } }
feature { name: "d" type: BYTES bool_domain { true_value: "yes" false_value: "no" } lifecycle_stage: BETA }
feature { name: "old" type: INT deprecated: true }
feature { name: "tips" type: FLOAT value_count { min: 1 max: 1 } presence { min_fraction: 1 } not_in_environment: "SERVING" }
feature { name: "empty" type: INT presence { min_fraction: 1 } }
feature { name: "t" type: BYTES time_domain { string_format: "%H:%M" } }
feature { name: "v" type: FLOAT shape { dim { size: 2 } dim { size: 3 } } unique_constraints { min: 2 } }
dataset_constraints { min_examples_count: 100 }
something_new: 5
`
	got := read(t, schema, Options{Environment: "SERVING"})
	out := card(t, got)
	for _, want := range []string{
		"a: {thresholds: {jsd@tfdv: 0.1, l_infinity@tfdv: 0.01}}",
		"{feature: a, max_missing: 0.1}", "{features: [a, empty], type: integer}", "{feature: a, min: 0, max: 9}",
		"{feature: b, min_length: 1, max_length: 3}", "{feature: b, values: [x, z], max_violations: 0.05}",
		"{name: not_empty, feature: c, statistic: missing, below: 1}", "{feature: c, min: 0.5}", "{name: not_nan, feature: c, not_missing: true}",
		`{feature: d, values: ["no", "yes"]}`, "{feature: t, pattern: ^([01]?[0-9]|2[0-3]):[0-5]?[0-9]$}",
		"{feature: empty, required: true}", "{feature: v, min_length: 6, max_length: 6}", "{feature: v, statistic: distinct, min: 2}", "{statistic: rows, min: 100}",
	} {
		assert.Contains(t, out, want)
	}
	assert.NotContains(t, out, "only_known_features", "a deprecated feature may be there")
	left := strings.Join(names(got.Left), "\n")
	assert.Contains(t, left, "unknown field: something_new")
	assert.Contains(t, left, "a: presence.min_count: is 5 values")
	assert.Contains(t, left, "tips: environments: it is not in the environment SERVING")
	assert.Contains(t, left, "old: feature: its stage is deprecated")

	training := card(t, read(t, schema, Options{Environment: "TRAINING"}))
	assert.Contains(t, training, "{feature: tips, not_missing: true}")
}

func TestSageMakerConstraints(t *testing.T) {
	got := read(t, `{"version": 0, "features": [
		{"name": "num", "inferred_type": "Fractional", "completeness": 0.98, "num_constraints": {"is_non_negative": true}},
		{"name": "s", "inferred_type": "String", "completeness": 1.0, "string_constraints": {"domains": ["a", "b"]}},
		{"name": "off", "inferred_type": "Integral", "monitoringConfigOverrides": {"evaluate_constraints": "Disabled"}}],
		"monitoring_config": {"evaluate_constraints": "Enabled", "domain_content_threshold": 0.99, "datatype_check_threshold": 1.0,
		"distribution_constraints": {"perform_comparison": "Enabled", "comparison_threshold": 0.1, "comparison_method": "Robust"}}}`, Options{})
	out := card(t, got)
	for _, want := range []string{
		"num: {thresholds: {ks: 0.1}}", "s: {thresholds: {l_infinity: 0.1}}", "only_known_features: true", "{features: [num, s], required: true}",
		"{feature: num, type: number}", "{feature: num, max_missing: 0.02}", "{feature: num, min: 0}", "{feature: s, values: [a, b], max_violations: 0.01}",
	} {
		assert.Contains(t, out, want)
	}
	assert.Equal(t, []string{"off: evaluate_constraints is Disabled"}, names(got.Left))
}

func TestSignature(t *testing.T) {
	got := read(t, `signature:
  inputs: '[{"name": "a", "type": "long", "required": false}, {"name": "m", "type": "map", "values": {"type": "double"}}, {"type": "double"},
    {"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 4]}}, {"name": "when", "type": "datetime"}]'
  params: '[{"name": "p", "type": "string"}]'
`, Options{})
	out := card(t, got)
	assert.Contains(t, out, "{feature: a, type: integer}")
	assert.Contains(t, out, "{feature: when, type: timestamp}")
	assert.Contains(t, out, "{features: [m, when], required: true}")
	assert.Contains(t, out, "additionalProperties:\n          type: number\n")
	assert.Equal(t, []string{
		"input 3: has no name; a card checks features by name",
		"input 4: is a tensor without a name; a card checks features by name",
		"params: are parameters of the call, which spans do not have as features",
	}, names(got.Left))
}

func TestFilters(t *testing.T) {
	for _, c := range []struct {
		filter string
		sql    bool
		want   string
	}{
		{`a > 1 & (b < 2 | ~(c == "x"))`, false, `attributes["ml.feature.a"] > 1 and (attributes["ml.feature.b"] < 2 or not ((attributes["ml.feature.c"] == "x")))`},
		{`col("a").notNull()`, false, `attributes["ml.feature.a"] != nil`},
		{`"a b" IS NOT NULL AND x IN ('p', 'q')`, true, `attributes["ml.feature.a b"] != nil and (attributes["ml.feature.x"] == "p" or attributes["ml.feature.x"] == "q")`},
		{`x not in (1, 2)`, true, `(attributes["ml.feature.x"] != 1 and attributes["ml.feature.x"] != 2)`},
	} {
		got, err := parseFilter(c.filter, c.sql)
		require.NoError(t, err, c.filter)
		assert.Equal(t, c.want, got)
	}
	for _, bad := range []string{"", "a", "a >", "1 == 2", "a == b c", "a.str.len() > 2", "a like 'x%'", "x in ()", strings.Repeat("(", 50), "a == 1 and", "now() > 1", "a == ;"} {
		_, err := parseFilter(bad, true)
		require.Error(t, err, bad)
	}
}

func TestSodaLimits(t *testing.T) {
	for _, c := range []struct {
		bad  string
		want limits
	}{
		{"> 5", limits{high: new(5.0)}},
		{">= 1d", limits{high: new(86400.0), below: true}},
		{"< 2 %", limits{low: new(2.0), percent: true}},
		{"= 0", limits{low: new(0.0), high: new(0.0), outside: true}},
		{"not between (1 and 2]", limits{low: new(1.0), high: new(2.0), above: true}},
	} {
		l, err := parseLimits(c.bad)
		require.NoError(t, err, c.bad)
		assert.Equal(t, &c.want, l.inverse(), c.bad)
	}
	l, err := parseLimits("between 1 and 2")
	require.NoError(t, err)
	assert.Nil(t, l.inverse(), "what is good has two parts")
	for _, bad := range []string{"when", "between 1 and", "> x", "< 1d2", "= NaN"} {
		_, err := parseLimits(bad)
		require.Error(t, err, bad)
	}
}

func FuzzRead(f *testing.F) {
	for _, format := range []Format{GreatExpectations, Soda, TFDV, SageMaker, MLflow} {
		files, _ := filepath.Glob(sharedFolder + string(format) + "/*")
		for _, file := range files {
			if data, err := os.ReadFile(file); err == nil && len(data) < 20_000 {
				f.Add(string(format), data)
			}
		}
	}
	f.Add("soda", []byte("checks for a:\n  - avg(x):\n      warn: when > 1\n  - missing_count(x) < 5\n"))
	f.Add("tfdv", []byte(`feature { name: "a" type: INT int_domain { min: 0 } skew_comparator { infinity_norm { threshold: 0.1 } } }`))
	f.Add("great_expectations", []byte(expectationsOf("expect_column_values_to_be_between", `{"column": "a", "max_value": 5, "row_condition": "b == 1"}`)))
	f.Add("sagemaker", []byte(`{"features": [{"name": "a", "inferred_type": "String", "completeness": 0.5}]}`))
	f.Add("mlflow", []byte("signature:\n  inputs: '[{\"name\": \"a\", \"type\": \"long\"}]'\n"))
	f.Fuzz(func(t *testing.T, format string, data []byte) {
		c, _, err := decode("file", data, Options{Format: Format(format), Rows: 100})
		if err != nil {
			return
		}
		out, err := c.Card("m", c.Name)
		require.NoError(t, err)
		if checks, thresholds := c.Checks(); checks+thresholds > 0 {
			_, err = catalog.ReadFile("m.yaml", out)
			require.NoError(t, err, "%s", out)
		}
	})
}

// FuzzFilter checks that what is made of a filter is OTTL.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{`a > 1 & (b < 2 | ~(c == "x"))`, `col("a").notNull()`, `"a b" IS NOT NULL AND x IN ('p', 'q')`, "not `a` != -1e3", "x = 'a\\'b'"} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, filter string, sql bool) {
		got, err := parseFilter(filter, sql)
		if err != nil {
			return
		}
		_, err = spanottl.NewCondition("not (" + got + ")")
		require.NoError(t, err, "%q became %s", filter, got)
	})
}

// FuzzSodaLine checks that limits that are read bound something, and so do those of what is bad.
func FuzzSodaLine(f *testing.F) {
	for _, s := range []string{"row_count between 10 and 100", "missing_percent(a) < 5 %", "freshness(a) < 1d6h", `duplicate_count("a b") = 0`, "percentile(a, 0.95) not between (1 and 2]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		m, err := parseSodaLine(line)
		if err != nil || m.limits == nil {
			return
		}
		for _, l := range []*limits{m.limits, m.limits.inverse()} {
			if l != nil {
				assert.True(t, l.low != nil || l.high != nil, line)
			}
		}
	})
}
