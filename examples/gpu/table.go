// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/otelcol-ml/otelcol-ml/examples/internal/story"
)

// figures are what the collector is asked before the release and after it.
var figures = []struct{ name, query, format string }{
	{"GPU use", `100 * avg_over_time(model:hw_gpu_busy:sum[20s]) / model:hw_gpu_held:sum`, "%.0f %%"},
	{"GPU seconds of 1,000 predictions", `model:hw_gpu_seconds_per_thousand_predictions:rate5m`, "%.1f"},
	{"tokens per second and GPU", `model:gen_ai_tokens_per_gpu_second:rate5m`, "%.0f"},
	{"right answers", `sum by (ml_model_name) (model_version:ml_answers_correct:ratio * 100 and on (ml_model_name, ml_model_version) rate(ml_prediction_count_total[10s]) > 0)`, "%.0f %%"},
	{"1,000 right answers cost", `1000 * model:cost_per_correct_answer:rate5m`, "%.2f USD"},
	{"sessions with a purchase", `100 * sum by (ml_model_name) (rate(shop_conversions_total[20s])) / sum by (ml_model_name) (rate(shop_sessions_total[20s]))`, "%.1f %%"},
}

// table prints the figures of both models as they are now.
func table(ctx context.Context, api, when string) error {
	story.Say("%-34s %10s %10s", when, "assistant", "ranker")
	for _, f := range figures {
		values, err := ask(ctx, api, f.query)
		if err != nil {
			return err
		}
		cell := func(model string) string {
			if v, ok := values[model]; ok {
				return fmt.Sprintf(f.format, v)
			}
			return "-"
		}
		story.Say("  %-32s %10s %10s", f.name, cell("assistant"), cell("ranker"))
	}
	return nil
}

// ask returns what a query gives, by model.
func ask(ctx context.Context, api, query string) (map[string]float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+api+"/api/v1/query?query="+url.QueryEscape(query), nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	var body struct {
		Error string `json:"error"`
		Data  struct {
			Result []struct {
				Metric map[string]string `json:"metric"`
				Value  [2]any            `json:"value"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		return nil, err
	}
	if body.Error != "" {
		return nil, fmt.Errorf("%s: %s", query, body.Error)
	}
	values := map[string]float64{}
	for _, r := range body.Data.Result {
		text, _ := r.Value[1].(string)
		if values[r.Metric["ml_model_name"]], err = strconv.ParseFloat(text, 64); err != nil {
			return nil, err
		}
	}
	return values, nil
}
