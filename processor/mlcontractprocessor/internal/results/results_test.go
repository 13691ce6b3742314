// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package results

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// read returns id, severity, rows and words of what failed.
func read(t *testing.T, text string) (said [][4]any) {
	t.Helper()
	found, err := Read(pcommon.NewValueStr(text))
	require.NoError(t, err)
	for i := range found {
		v := &found[i]
		said = append(said, [4]any{v.ID(), v.Severity, v.Rows, v.Expected()})
	}
	return said
}

// TestGreatExpectations reads validation results that Great Expectations wrote.
func TestGreatExpectations(t *testing.T) {
	for name, want := range map[string][][4]any{
		"titanic_expected_data_asset_validate_results.json": {
			{"PClass.be_in_set", "critical", 1, `expect_column_values_to_be_in_set value_set=["1st","2nd","3rd"]`},
		},
	} {
		data, err := os.ReadFile(filepath.Join("../../../../../shared/data/profiles/great_expectations", name))
		if err != nil {
			t.Skip("needs ../shared")
		}
		assert.Equal(t, want, read(t, string(data)), name)
	}
	data, err := os.ReadFile("../../../../../shared/data/profiles/great_expectations/evr_suite_3.json")
	require.NoError(t, err)
	assert.Len(t, read(t, string(data)), 6, "its statistics say that 6 of 80 were unsuccessful")
}

// TestSince10 has the layout of 1.x, as its documentation shows it.
func TestSince10(t *testing.T) {
	assert.Equal(t, [][4]any{
		{"passenger_count.be_between", "warning", 3, "expect_column_values_to_be_between max_value=6 min_value=1"},
		{"table_row_count_to_be_between", "critical", 1, "expect_table_row_count_to_be_between min_value=10"},
	}, read(t, `{"success": false, "results": [
		{"success": false, "expectation_config": {"type": "expect_column_values_to_be_between", "severity": "warning", "kwargs": {"batch_id": "b", "column": "passenger_count", "min_value": 1, "max_value": 6}, "meta": {}}, "result": {"unexpected_count": 3}},
		{"success": true, "expectation_config": {"type": "expect_column_to_exist", "kwargs": {"column": "x"}}},
		{"success": false, "expectation_config": {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 10}}, "result": {"observed_value": 3}}
	]}`))
}

// TestSoda has what Scan.get_scan_results of Soda Core 3 returns.
func TestSoda(t *testing.T) {
	assert.Equal(t, [][4]any{
		{"size.missing_count_size_0", "critical", 1, "missing_count(size) = 0"}, {"row_count_100", "warning", 1, "row_count > 100"},
	}, read(t, `{"definitionName": null, "hasFailures": true, "checks": [
		{"identity": "a", "name": "missing_count(size) = 0", "type": "generic", "table": "customers", "column": "size", "outcome": "fail", "outcomeReasons": []},
		{"identity": "b", "name": "row_count > 100", "type": "generic", "table": "customers", "column": null, "outcome": "warn"},
		{"identity": "c", "name": "freshness(created) < 1d", "column": null, "outcome": null},
		{"identity": "d", "name": "avg(distance) < 400", "column": "distance", "outcome": "pass"}
	]}`))
}

func TestUnreadable(t *testing.T) {
	for text, want := range map[string]string{
		"no": "is no JSON object", "[1]": "is no JSON object", "{}": "has neither the results of Great Expectations nor the checks of Soda",
		`{"results": [{"success": "no"}]}`: "is no JSON object",
	} {
		_, err := Read(pcommon.NewValueStr(text))
		require.EqualError(t, err, want, text)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`{"results":[{"success":false,"expectation_config":{"type":"a","kwargs":{"column":"b"}},"result":{"unexpected_count":1e99}}],"checks":[{"outcome":"fail"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		found, err := Read(pcommon.NewValueStr(text))
		if err != nil && found != nil {
			t.Fatal("both an error and a result")
		}
		for i := range found {
			if found[i].Rows < 1 || found[i].Name == "" || len(found[i].Expected()) > 200 {
				t.Fatalf("%+v", found[i].Check)
			}
		}
	})
}
