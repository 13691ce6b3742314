// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package results reads what other tools say of their own checks: the validation results of Great
// Expectations, of the layouts before and since 1.0, and the scan results of Soda Core.
package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/internal/contract"
)

// Bounds of a result.
const (
	// maxSize is the longest document in bytes, maxChecks the most checks that are read of one.
	maxSize   = 4 << 20
	maxChecks = 5000
)

var (
	errNoJSON   = errors.New("is no JSON object")
	errTooLong  = fmt.Errorf("is longer than %d bytes", maxSize)
	errUnknown  = errors.New("has neither the results of Great Expectations nor the checks of Soda")
	notInAName  = regexp.MustCompile(`[^A-Za-z0-9_-]+`)
	notForPoint = strings.NewReplacer("expect_column_values_to_", "", "expect_column_", "", "expect_", "")
)

// document has what either tool writes, as far as it is read.
//
// Great Expectations: ExpectationSuiteValidationResult.to_json_dict. Soda Core 3: Scan.get_scan_results.
type document struct {
	Results []struct {
		Success *bool `json:"success"`
		Config  *struct {
			OldType  string         `json:"expectation_type"`
			Type     string         `json:"type"`
			Severity string         `json:"severity"`
			Kwargs   map[string]any `json:"kwargs"`
		} `json:"expectation_config"`
		Result struct {
			Unexpected *float64 `json:"unexpected_count"`
			Observed   any      `json:"observed_value"`
		} `json:"result"`
		Exception any `json:"exception_info"`
	} `json:"results"`
	Checks []struct {
		Name    string  `json:"name"`
		Column  *string `json:"column"`
		Outcome *string `json:"outcome"`
	} `json:"checks"`
}

// Read returns the checks of a result that failed. A check that says nothing of its outcome, or that
// could not be made, is none.
func Read(v pcommon.Value) ([]contract.Violation, error) {
	text := v.Str()
	if v.Type() == pcommon.ValueTypeMap {
		text = v.AsString()
	}
	if len(text) > maxSize {
		return nil, errTooLong
	}
	var d document
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return nil, errNoJSON
	}
	if d.Results == nil && d.Checks == nil {
		return nil, errUnknown
	}
	return append(d.expectations(), d.scan()...), nil
}

// expectations are the results of Great Expectations that are no success.
func (d *document) expectations() (found []contract.Violation) {
	for i := range d.Results[:min(len(d.Results), maxChecks)] {
		r := &d.Results[i]
		if r.Success == nil || *r.Success || r.Config == nil {
			continue
		}
		kind := r.Config.Type
		if kind == "" {
			kind = r.Config.OldType
		}
		column, _ := r.Config.Kwargs["column"].(string)
		rows := 1
		if n := r.Result.Unexpected; n != nil && *n >= 1 && *n < 1<<53 {
			rows = int(*n)
		}
		observed := ""
		switch x := r.Result.Observed.(type) {
		case string, float64, bool:
			observed = fmt.Sprint(x)
		}
		found = append(found, violation(notForPoint.Replace(kind), column, severity(r.Config.Severity), describe(kind, r.Config.Kwargs), observed, rows))
	}
	return found
}

// severity is that of an expectation, which has the same words since 1.6; critical if it says none,
// as there.
func severity(s string) string {
	if s == "" {
		return contract.Critical
	}
	s, _ = boundedname.Cut(s)
	return s
}

// describe writes an expectation with its arguments.
func describe(kind string, kwargs map[string]any) string {
	names := make([]string, 0, len(kwargs))
	for name := range kwargs {
		if name != "column" && name != "result_format" && name != "batch_id" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	parts := []string{kind}
	for _, name := range names {
		data, err := json.Marshal(kwargs[name])
		if err != nil || string(data) == "null" {
			continue
		}
		parts = append(parts, name+"="+string(data))
	}
	return strings.Join(parts, " ")
}

// scan are the checks of Soda that failed, or warned.
func (d *document) scan() (found []contract.Violation) {
	for i := range d.Checks[:min(len(d.Checks), maxChecks)] {
		c := &d.Checks[i]
		if c.Outcome == nil || *c.Outcome != "fail" && *c.Outcome != "warn" {
			continue
		}
		column := ""
		if c.Column != nil {
			column = *c.Column
		}
		severity := contract.Critical
		if *c.Outcome == "warn" {
			severity = contract.Warning
		}
		found = append(found, violation(c.Name, column, severity, c.Name, "", 1))
	}
	return found
}

// violation makes one of a check with any name.
func violation(name, column, severity, expected, observed string, rows int) contract.Violation {
	name = strings.Trim(notInAName.ReplaceAllString(name, "_"), "_")
	if len(name) > 64 {
		name = name[:64]
	}
	if name == "" {
		name = "check"
	}
	column, _ = boundedname.Cut(column)
	return contract.Violation{
		Check:   &contract.Check{Kind: contract.External, Name: name, Feature: column, Severity: severity, Description: contract.Clip(expected)},
		Feature: column, Rows: rows, Observed: contract.Clip(observed),
	}
}
