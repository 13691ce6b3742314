// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/junit"
	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/verify"
)

// importedCard makes a card of a file of checks.
func importedCard(t *testing.T, file string, args ...string) string {
	t.Helper()
	card := filepath.Join(t.TempDir(), "card.yaml")
	_, _, err := mlprofile(t, append([]string{"contract", "import", file, "-o", card}, args...)...)
	require.NoError(t, err)
	return card
}

// checked checks a data file by a card.
func checked(t *testing.T, file, card string, status int, args ...string) (r verify.Report) {
	t.Helper()
	out, _, err := mlprofile(t, append([]string{"contract", "check", file, "--card", card, "--json"}, args...)...)
	if status != anyStatus {
		assertStatus(t, err, status)
	}
	require.NoError(t, json.Unmarshal([]byte(out), &r), "%s %v", out, err)
	return r
}

// violated are the checks that a file violates, with the number of rows.
func violated(r verify.Report) map[string]int {
	out := map[string]int{}
	for _, c := range r.Results {
		if c.Verdict == verify.Violated {
			out[c.Check] = c.Violations
		}
	}
	return out
}

// gxResult is a result that Great Expectations has published, of an expectation.
type gxResult struct {
	Success bool `json:"success"`
	Result  struct {
		Elements   float64 `json:"element_count"`
		Unexpected float64 `json:"unexpected_count"`
		Index      []int   `json:"unexpected_index_list"`
		Observed   any     `json:"observed_value"`
	} `json:"result"`
	Config map[string]any `json:"expectation_config"`
}

func gxResults(t *testing.T, name string) []gxResult {
	t.Helper()
	data, err := os.ReadFile(sharedData(t, "profiles/great_expectations/"+name))
	require.NoError(t, err)
	var file struct {
		Results []gxResult `json:"results"`
	}
	require.NoError(t, json.Unmarshal(data, &file))
	return file.Results
}

func (r *gxResult) kwargs() map[string]any { return r.Config["kwargs"].(map[string]any) }

// alone checks the Titanic data by this expectation alone.
func (r *gxResult) alone(t *testing.T) *verify.Result {
	t.Helper()
	suite, err := json.Marshal(map[string]any{"expectations": []any{r.Config}})
	require.NoError(t, err)
	card := importedCard(t, write(t, "suite.json", string(suite)))
	report := checked(t, sharedData(t, "profiles/great_expectations/Titanic.csv"), card, anyStatus)
	require.Len(t, report.Results, 1)
	return report.Results[0]
}

// TestTitanicAsGreatExpectationsHasIt compares with the validation result that Great Expectations has
// published for its suite and data: each verdict, number of values and place in the file.
func TestTitanicAsGreatExpectationsHasIt(t *testing.T) {
	results := gxResults(t, "titanic_expected_data_asset_validate_results.json")
	require.Len(t, results, 10)
	for _, want := range results {
		got := want.alone(t)
		name := fmt.Sprint(want.Config["expectation_type"], want.kwargs()["column"])
		assert.Equal(t, want.Success, got.Verdict == verify.OK, name)
		assert.InDelta(t, want.Result.Unexpected, got.Violations, 0, name)
		if observed, ok := want.Result.Observed.(float64); ok {
			assert.InEpsilon(t, observed, *got.Value, 1e-14, name)
		}
		for i, at := range want.Result.Index { // from 0, beneath a line with the header
			assert.Equal(t, fmt.Sprint(at+2), got.First[i].Line, name)
		}
	}
	whole := checked(t, sharedData(t, "profiles/great_expectations/Titanic.csv"),
		importedCard(t, sharedData(t, "profiles/great_expectations/titanic_expectations.json")), statusDrift)
	assert.Equal(t, map[string]int{"PClass.values": 1}, violated(whole))
}

// TestStatisticsAsGreatExpectationsHasThem compares with what its profiler has observed in the Titanic
// data. Its expectations have no bounds: they get one that holds.
func TestStatisticsAsGreatExpectationsHasThem(t *testing.T) {
	compared := 0
	for _, want := range gxResults(t, "BasicDatasetProfiler_evrs.json") {
		kind, column := fmt.Sprint(want.Config["type"]), fmt.Sprint(want.kwargs()["column"])
		observed, number := want.Result.Observed.(float64)
		switch {
		case column == "Unnamed: 0": // what pandas calls a column without a name
			continue
		case kind == "expect_column_kl_divergence_to_be_less_than", !number && want.Result.Elements == 0,
			strings.HasSuffix(kind, "_to_be_in_set"), kind == "expect_column_quantile_values_to_be_between": // without a set or a bound
			continue
		case number:
			want.kwargs()["min_value"] = -1e9
			got := want.alone(t)
			assert.InEpsilon(t, observed, *got.Value, 1e-14, "%s %s", column, kind)
		default:
			got := want.alone(t)
			assert.Equal(t, want.Success, got.Verdict == verify.OK, "%s %s", column, kind)
			if got.Value != nil { // a share of missing values
				got.Violations = int(*got.Value*want.Result.Elements + 0.5)
			}
			assert.InDelta(t, want.Result.Unexpected, got.Violations, 0, "%s %s", column, kind)
		}
		compared++
	}
	assert.Equal(t, 29, compared)
}

// TestTaxiAnomaliesAsTFXHasThem compares with the anomalies that TFX has published for the taxi data: it
// has looked at a third of the file, the eval split, which is not published by itself. The one value
// of pickup_census_tract in the file is in the other two thirds.
func TestTaxiAnomaliesAsTFXHasThem(t *testing.T) {
	anomalies, err := os.ReadFile(sharedData(t, "profiles/tfdv/anomalies.pbtxt"))
	require.NoError(t, err)
	said := string(anomalies)
	card := importedCard(t, sharedData(t, "profiles/tfdv/anomalies.pbtxt"))
	report := checked(t, sharedData(t, "taxi/data.csv"), card, statusDrift)
	assert.Equal(t, map[string]int{"company.values": 8, "payment_type.values": 1}, violated(report))
	assert.Zero(t, report.Count(verify.NotChecked))
	for _, c := range report.Results {
		for _, s := range c.First {
			if c.Verdict == verify.Violated {
				assert.Contains(t, said, s.Observed+" (<1%)", "an anomaly that TFX lists")
			}
		}
	}

	data, err := os.ReadFile(sharedData(t, "taxi/data.csv"))
	require.NoError(t, err)
	lines := strings.Split(string(data), "\n")
	kept := lines[:1]
	for _, line := range lines[1:] {
		if cells := strings.Split(line, ","); len(cells) < 12 || cells[11] == "" {
			kept = append(kept, line)
		}
	}
	require.Len(t, kept, len(lines)-1, "one row has a pickup_census_tract")
	report = checked(t, write(t, "eval.csv", strings.Join(kept, "\n")), card, statusDrift)
	assert.Equal(t, map[string]int{"company.values": 8, "payment_type.values": 1, "pickup_census_tract.not_empty": 0}, violated(report),
		"the three anomalies of TFX")
}

// TestCleanFilesViolateNothing checks data by the schemas that were made of them.
func TestCleanFilesViolateNothing(t *testing.T) {
	for data, schema := range map[string]string{
		"taxi/data.csv":        "profiles/tfdv/schema-chicago-taxi.pbtxt",
		"penguin/labelled.csv": "profiles/tfdv/schema-penguin-user.pbtxt",
		// Its value of -1 is drift to TFX, and no anomaly: the schema has no bounds.
		"penguin/skewed.csv": "profiles/tfdv/schema-penguin-user.pbtxt",
	} {
		report := checked(t, sharedData(t, data), importedCard(t, sharedData(t, schema)), 0)
		assert.Empty(t, violated(report), data)
		assert.Zero(t, report.Count(verify.NotChecked), data)
	}
}

// TestChurnAsSageMakerHasIt checks the churn data by the constraints that SageMaker has published of
// them, of the first ten features, and rows as they are sent to be monitored.
func TestChurnAsSageMakerHasIt(t *testing.T) {
	data, err := os.ReadFile(sharedData(t, "churn/expected_results.json"))
	require.NoError(t, err)
	var published struct {
		Features []struct {
			Name         string  `json:"name"`
			Type         string  `json:"inferred_type"`
			Completeness float64 `json:"completeness"`
			NonNegative  bool    `json:"is_non_negative"`
		} `json:"published_first_10_features"`
	}
	require.NoError(t, json.Unmarshal(data, &published))
	var features []map[string]any
	for _, f := range published.Features {
		features = append(features, map[string]any{
			"name": f.Name, "inferred_type": f.Type, "completeness": f.Completeness,
			"num_constraints": map[string]any{"is_non_negative": f.NonNegative},
		})
	}
	require.Len(t, features, 10)
	constraints, err := json.Marshal(map[string]any{"version": 0, "features": features, "monitoring_config": map[string]any{"evaluate_constraints": "Enabled"}})
	require.NoError(t, err)
	card := importedCard(t, write(t, "constraints.json", string(constraints)))

	file := sharedData(t, "churn/training-dataset-with-header.csv")
	report := checked(t, file, card, statusDrift)
	require.Equal(t, map[string]int{"unknown_feature": 2333}, violated(report), "59 of the 69 features are not in what is published")

	content, err := os.ReadFile(file)
	require.NoError(t, err)
	lines := strings.SplitN(string(content), "\n", 3)
	cells := strings.Split(lines[1], ",")
	cells[0], cells[3], cells[4] = "0.5", "-1", "" // as the notebook's violations: a fraction in a column of whole numbers
	report = checked(t, write(t, "bad.csv", lines[0]+"\n"+strings.Join(cells, ",")+"\n"), card, statusDrift)
	assert.Equal(t, map[string]int{"unknown_feature": 1, "Churn.type": 1, "Day Mins.range": 1, "Day Calls.not_missing": 1}, violated(report))
}

const orders = `kind: model
name: orders
contract:
  checks:
    - {feature: amount, min: 0, below: 100, max_violations: 0.25}
    - {feature: amount, type: number, severity: critical}
    - {feature: size, values: [S, M, L]}
    - {feature: size, not_missing: true, description: sizes are asked for}
    - {feature: flag, type: boolean}
    - {feature: at, max_age: 1d}
    - {feature: gone, min: 0}
    - {name: order, condition: 'attributes["ml.feature.amount"] >= attributes["ml.feature.paid"]'}
    - {feature: amount, statistic: median, max: 10}
    - {feature: amount, statistic: stdev, min: 1}
    - {feature: size, statistic: distinct, min: 4}
    - {feature: size, statistic: mean, min: 3}
    - {feature: size, statistic: unseen, max: 0.5}
    - {statistic: rows, min: 4, compared_with: 1d, max_increase: 0.5}
`

func TestContractCheck(t *testing.T) {
	card := write(t, "card.yaml", strings.Replace(orders, "min: 4, compared", "compared", 1))
	file := write(t, "today.csv", "amount,size,flag,at,paid\n1,S,true,2026-11-30T10:00:00Z,1\n-5,M,no,2026-11-30T10:00:00Z,0\nx,XL,,2026-11-20T10:00:00Z,\n100,,false,,3\n")
	report := checked(t, file, card, statusDrift, "--at", "2026-11-30T12:00:00Z")
	assert.Equal(t, map[string]int{
		"amount.range": 3, "amount.type": 1, "size.values": 1, "size.not_missing": 1, "flag.type": 1, "at.freshness": 1, "order": 1, "size.distinct": 0,
	}, violated(report))
	reasons := map[string]string{}
	for _, r := range report.Results {
		if r.Verdict == verify.NotChecked {
			reasons[r.Check] = r.Reason
		}
	}
	assert.Equal(t, map[string]string{
		"gone.range": `the file has no column "gone"`, "amount.median": `1 values are no numbers, the first is "x" on line 4`,
		"amount.stdev": `1 values are no numbers, the first is "x" on line 4`, "size.mean": `3 values are no numbers, the first is "S" on line 2`,
		"size.unseen": "neither values on the card nor a baseline say which values there may be", "rows": "a file has no 24h0m0s before",
	}, reasons)
}

func TestToleranceIsAShare(t *testing.T) {
	card := write(t, "card.yaml", "kind: model\nname: m\ncontract:\n  checks:\n    - {feature: a, min: 0, max_violations: 0.25}\n")
	report := checked(t, write(t, "a.csv", "a\n1\n2\n3\n-1\n"), card, 0)
	assert.Equal(t, 1, report.Results[0].Violations)
	checked(t, write(t, "b.csv", "a\n1\n2\n-3\n-1\n"), card, statusDrift)
}

// TestFormatsAgree checks the same rows in JSON lines, whose values have types.
func TestFormatsAgree(t *testing.T) {
	card := write(t, "card.yaml", `kind: model
name: m
contract:
  only_known_features: true
  checks:
    - {feature: a, type: integer}
    - {feature: tags, type: array}
    - {feature: tags, max_length: 2}
    - {feature: doc, json_schema: {type: object, required: [x]}}
`)
	rows := `{"a": 1, "tags": ["x"], "doc": "{\"x\": 1}", "extra": 1}
{"a": "1", "tags": ["x", "y", "z"], "doc": "{}", "id": 7}
`
	report := checked(t, write(t, "rows.jsonl", rows), card, statusDrift, "--exclude", "id")
	assert.Equal(t, map[string]int{"a.type": 1, "tags.length": 1, "doc.json_schema": 1, "unknown_feature": 1}, violated(report))
}

func TestContractCheckJUnit(t *testing.T) {
	card := write(t, "card.yaml", "kind: model\nname: m\ncontract:\n  checks:\n    - {feature: a, min: 0}\n    - {feature: a, max: 5, name: high}\n    - {feature: b, min: 0}\n")
	file, out := write(t, "a.csv", "a\n1\n-2\n"), filepath.Join(t.TempDir(), "junit.xml")
	text, _, err := mlprofile(t, "contract", "check", file, "--card", card, "--junit", out)
	assertStatus(t, err, statusDrift)
	assert.Regexp(t, `a\.range +warning +at least 0 +VIOLATED +2 +1 +50 % +-2 \(line 3\)`, text)
	assert.Contains(t, text, "not checked:\n  b.range: the file has no column \"b\"")
	data, err := os.ReadFile(out)
	require.NoError(t, err)
	var suites junit.Suites
	require.NoError(t, xml.Unmarshal(data, &suites))
	s := suites.Suites[0]
	assert.Equal(t, []int{3, 1, 1}, []int{s.Tests, s.Failures, s.Skipped})
	assert.Equal(t, "line 3: -2\n", s.Cases[0].Failure.Text)
	assert.Equal(t, "expected at least 0, not so in 1 row (50 %)", s.Cases[0].Failure.Message)
}

func TestContractCheckThatCannotBeMade(t *testing.T) {
	good := write(t, "card.yaml", "kind: model\nname: m\ncontract:\n  checks:\n    - {feature: a, min: 0}\n")
	file := write(t, "a.csv", "a\n1\n")
	for want, args := range map[string][]string{
		"--card: names no file":    {file},
		"no such file":             {file, "--card", "nowhere.yaml"},
		"no card of \"x\"":         {file, "--card", good, "--model", "x"},
		"has no contract":          {file, "--card", write(t, "bare.yaml", "kind: model\nname: m\n")},
		"cards of 2 models":        {file, "--card", write(t, "two.yaml", "kind: model\nname: m\n---\nkind: model\nname: n\n")},
		"the extension tells no":   {write(t, "a.doc", "a\n1\n"), "--card", good},
		"checked by the ml_contra": {file, "--card", good, "--format", "traces"},
		"unknown flag":             {file, "--cart", good},
	} {
		_, _, err := mlprofile(t, append([]string{"contract", "check"}, args...)...)
		assertStatus(t, err, statusError)
		require.ErrorContains(t, err, want)
	}
}

func TestContractImportCommand(t *testing.T) {
	suite := write(t, "suite.json", `{"name": "fraud", "expectations": [
		{"type": "expect_column_values_to_be_between", "kwargs": {"column": "a", "min_value": 0}},
		{"type": "expect_column_values_to_be_increasing", "kwargs": {"column": "a"}}]}`)
	out, said, err := mlprofile(t, "contract", "import", suite)
	require.NoError(t, err)
	assert.Equal(t, "# The contract of suite.json (great_expectations).\nkind: model\nname: fraud\ncontract:\n  checks:\n    - {feature: a, min: 0}\n", out)
	assert.Equal(t, "great_expectations: 1 of 2 things carried over, as 1 check\nnot carried over (1):\n"+
		"  is of the order of rows, and spans have none: a: expect_column_values_to_be_increasing\n", said)

	card := importedCard(t, suite, "--model", "other")
	data, err := os.ReadFile(card)
	require.NoError(t, err)
	assert.Contains(t, string(data), "name: other\n")
	_, _, err = mlprofile(t, "contract", "import", suite, "-o", card)
	require.ErrorIs(t, err, os.ErrExist, "people edit cards")

	_, _, err = mlprofile(t, "contract", "import", write(t, "checks.yml", "checks for t:\n  - change for row_count < 5\n"))
	require.ErrorContains(t, err, "nothing in it is a check that a card has")
	_, _, err = mlprofile(t, "contract", "import", write(t, "a.txt", "hello"))
	require.ErrorContains(t, err, "is in none of the formats")
}
