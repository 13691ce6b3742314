// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/call"
)

// attributes are what a span says of features and answers.
func attributes(raw map[string]any) string {
	got := map[string]any{}
	for k, v := range raw {
		for _, prefix := range []string{"ml.feature.", "ml.prediction.", "ml.batch."} {
			if name, ok := strings.CutPrefix(k, prefix); ok && name != "id" && name != "duration.unknown" {
				got[name] = v
			}
		}
	}
	return fmt.Sprint(got)
}

// columnsRecord is a capture of a model whose server takes lists by name and forgets to say that it
// answers JSON.
const columnsRecord = `{"captureData":{"endpointInput":{"observedContentType":"application/json","mode":"INPUT","encoding":"JSON","data":"{\"age\":[52,34],\"rooms\":[3161,3657]}"},` +
	`"endpointOutput":{"observedContentType":"text/html; charset=utf-8","mode":"OUTPUT","encoding":"BASE64","data":"eyJ2YWx1ZSI6IFs0NzgwNDYuNjYsIDIwNjU1MS4wMV19"}},` +
	`"eventMetadata":{"eventId":"e1","inferenceTime":"2026-11-28T10:00:01Z"},"eventVersion":"0"}`

func captured1(t *testing.T, line string) (string, error) {
	t.Helper()
	next := &sink{}
	r := offline(t, config(func(c *Config) { c.SageMaker.Model = "m" }), next, nil)
	defer func() { require.NoError(t, r.Shutdown(context.Background())) }()
	b := r.spans.NewBatch()
	if err := r.capture(b, line, "ep", "AllTraffic"); err != nil {
		return "", err
	}
	require.NoError(t, r.send(t.Context(), b, call.SageMaker))
	return attributes(next.spans()[0].Attributes().AsRaw()), nil
}

func TestColumnsOfSageMaker(t *testing.T) {
	got, err := captured1(t, columnsRecord)
	require.NoError(t, err)
	assert.Equal(t, "map[age:[52 34] rooms:[3161 3657] size:2 value:[478046.66 206551.01]]", got)
}

// TestCases reads records of public bug reports.
func TestCases(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "cases", "S-sagemaker.json"))
	if err != nil {
		t.Skip("the cases are not here: ", err)
	}
	var cases map[string][]string
	require.NoError(t, json.Unmarshal(data, &cases))
	for name, want := range map[string]string{
		"S1-columnar":        "map[age:[52 34] longitude:[-122.4 -117] rooms:[3161 3657] size:2 value:[478046.66 206551.01]]",
		"S2-csv-quotes":      "map[feature_0:[Doe, Jane Roe] feature_1:[34 35] feature_2:[said \"hi\" x\ny] feature_3:[DE FR] size:2 value:[0.9 0.1]]",
		"S3-csv-header-b64":  "map[age:34 country:DE name:Doe, Jane value:0.93]",
		"S4-csv-backslash":   "map[class:1 feature_0:2 feature_1:efgh\\ feature_2:with comma]",
		"S5-csv-escaped-bom": "map[class:[1 0] feature_0:[34 35] feature_1:[DE FR] feature_2:[12.5 7.5] size:2]",
		"S6-only-input":      "map[feature_0:34 feature_1:DE feature_2:12.5]",
		"S7-json-score":      "map[class:1 confidence:0.93 feature_0:34 feature_1:12.5]",
		"S8-csv-multi-out":   "map[feature_0:[34 35] feature_1:[DE FR] feature_2:[12.5 1] output.output_0:[fraud ok] output.output_1:[0.93 0.8] size:2]",
		"S9-bad-b64":         "!the data is no base64",
		"S10-jsonlines":      "map[feature_0:[1 3] feature_1:[2 4] size:2 value:[0.1 0.9]]",
	} {
		t.Run(name, func(t *testing.T) {
			require.Len(t, cases[name], 1)
			got, err := captured1(t, cases[name][0])
			if message, refused := strings.CutPrefix(want, "!"); refused {
				require.ErrorContains(t, err, message)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}
