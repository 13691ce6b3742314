// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// expectation is one of a suite of Great Expectations, with its result, as ExpectationSuiteValidationResult.to_json_dict has it.
type expectation struct {
	Success bool               `json:"success"`
	Config  expectationConfig  `json:"expectation_config"`
	Result  map[string]float64 `json:"result"`
}

type expectationConfig struct {
	Type     string         `json:"type"`
	Kwargs   map[string]any `json:"kwargs"`
	Severity string         `json:"severity"`
}

// suite runs the team's expectations. Nobody has touched their bounds for long: they are too wide for a fifth of the rows, and for one
// null in eight.
func suite(n *night) []expectation {
	rows := float64(n.rows())
	unexpected := func(count float64) map[string]float64 {
		return map[string]float64{"element_count": rows, "unexpected_count": count, "unexpected_percent": 100 * count / rows}
	}
	of := func(success bool, kind string, kwargs map[string]any, result map[string]float64) expectation {
		return expectation{success, expectationConfig{kind, kwargs, "warning"}, result}
	}
	nulls := n.nullShare("avg_basket_30d")
	return []expectation{
		of(rows >= 500_000, "expect_table_row_count_to_be_between", map[string]any{"min_value": 500_000}, map[string]float64{"observed_value": rows}),
		of(true, "expect_column_values_to_not_be_null", map[string]any{"column": "user_id"}, unexpected(0)),
		of(nulls <= 0.15, "expect_column_values_to_not_be_null", map[string]any{"column": "avg_basket_30d", "mostly": 0.85}, unexpected(nulls*rows)),
		of(n.inCents == 0, "expect_column_values_to_be_between", map[string]any{"column": "item_price", "min_value": 0, "max_value": 2000},
			unexpected(float64(n.inCents))),
		of(true, "expect_column_values_to_be_in_set", map[string]any{"column": "device", "value_set": []string{"app", "web"}}, unexpected(0)),
	}
}

// validate runs the suite and puts its result on the span. It lets the job go on, whatever it finds.
func validate(ctx context.Context, tracer trace.Tracer, n *night) (string, error) {
	if _, err := part(ctx, tracer, "run expectation suite training_rows"); err != nil {
		return "", err
	}
	results := suite(n)
	good := 0
	for _, e := range results {
		if e.Success {
			good++
		}
	}
	result, err := json.Marshal(map[string]any{
		"success": good == len(results), "suite_name": "training_rows", "results": results,
		"statistics": map[string]int{"evaluated_expectations": len(results), "successful_expectations": good},
	})
	if err != nil {
		return "", err
	}
	note(ctx,
		attribute.String("great_expectations.validation_result", string(result)),
		attribute.Int(mlconv.AttrStageRowsIn, n.rows()), attribute.Int(mlconv.AttrStageRowsOut, n.rows()),
	)
	return success, nil
}
