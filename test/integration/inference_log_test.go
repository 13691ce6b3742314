// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/protocol"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

const payloadLog = `
receivers:
  inference_log:
    endpoint: "${env:EVENTS}"
    models: {fraud: {version: "7"}}
    sagemaker: {include: ["${env:CAPTURED}/*/*/*.jsonl"], start_at: beginning, poll_interval: 20ms, model: fraud}
service: {pipelines: {traces: {receivers: [inference_log]}}}
`

// call is one request of many rows to a model server, and its response.
type call struct {
	id           string
	at           time.Time
	amounts      []float64
	ages         []float64
	countries    []string
	classes      []string
	confidences  []float64
	instancesCSV string
}

// calls are the predictions of sixHours, fifty in a request.
func calls() []call {
	const rows = 50
	var all []call
	for _, td := range sixHours() {
		for i, span := range td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
			if i%rows == 0 {
				all = append(all, call{id: fmt.Sprint("call-", len(all))})
			}
			c := &all[len(all)-1]
			a := span.Attributes().AsRaw()
			c.at = span.EndTimestamp().AsTime()
			c.amounts, c.ages = append(c.amounts, a["ml.feature.amount"].(float64)), append(c.ages, a["ml.feature.age"].(float64))
			c.countries, c.classes = append(c.countries, a["ml.feature.country"].(string)), append(c.classes, a["ml.prediction.class"].(string))
			c.confidences = append(c.confidences, a["ml.prediction.confidence"].(float64))
			c.instancesCSV += fmt.Sprintf("%v,%v,%v\n", a["ml.feature.amount"], a["ml.feature.age"], a["ml.feature.country"])
		}
	}
	return all
}

// v1 is the call in the Open Inference Protocol, version 1: features have no names, and are known
// by the order of the baseline.
func (c *call) v1() (request, response any) {
	var instances, predictions []any
	for i := range c.amounts {
		instances = append(instances, []any{c.amounts[i], c.ages[i], c.countries[i]})
		predictions = append(predictions, object{"class": c.classes[i], "confidence": c.confidences[i]})
	}
	return object{"instances": instances}, object{"predictions": predictions}
}

// v2 is the call in version 2.
func (c *call) v2() (request, response any) {
	tensor := func(name, datatype string, data any) object {
		return object{"name": name, "datatype": datatype, "shape": []int{len(c.amounts), 1}, "data": data}
	}
	return object{"inputs": []object{tensor("country", "BYTES", c.countries), tensor("amount", "FP64", c.amounts), tensor("age", "FP64", c.ages)}},
		object{"model_name": "fraud", "outputs": []object{tensor("predict", "BYTES", c.classes), tensor("confidence", "FP64", c.confidences)}}
}

// sendToKServeLog sends calls as KServe's logger does, in both protocols and both modes of
// CloudEvents.
func sendToKServeLog(t *testing.T, url string, all []call) {
	t.Helper()
	client, err := cloudevents.NewClientHTTP(cloudevents.WithTarget(url))
	require.NoError(t, err)
	for i := range all {
		c := &all[i]
		request, response := c.v1()
		if i%2 == 1 {
			request, response = c.v2()
		}
		ctx := cloudevents.WithEncodingBinary(t.Context())
		if i%4 >= 2 {
			ctx = binding.WithForceStructured(t.Context())
		}
		for _, half := range []struct {
			name string
			at   time.Time
			body any
		}{{"request", c.at.Add(-20 * time.Millisecond), request}, {"response", c.at, response}} {
			e := cloudevents.NewEvent()
			e.SetID(c.id)
			e.SetType("org.kubeflow.serving.inference." + half.name)
			e.SetSource("http://localhost:9081/")
			e.SetTime(half.at)
			e.SetExtension("inferenceservicename", "fraud")
			e.SetExtension("namespace", "prod")
			e.SetExtension("component", "predictor")
			require.NoError(t, e.SetData(cloudevents.ApplicationJSON, half.body))
			result := client.Send(ctx, e)
			require.True(t, protocol.IsACK(result), "%v", result)
		}
	}
}

// capture writes calls as SageMaker's data capture does, a file an hour, while the collector
// follows the folder.
func capture(t *testing.T, dir string, all []call) {
	t.Helper()
	for i := range all {
		c := &all[i]
		_, answers := c.v1()
		output, err := json.Marshal(answers)
		require.NoError(t, err)
		record, err := json.Marshal(object{
			"captureData": object{
				"endpointInput":  object{"observedContentType": "text/csv", "mode": "INPUT", "data": c.instancesCSV, "encoding": "CSV"},
				"endpointOutput": object{"observedContentType": "application/json", "mode": "OUTPUT", "data": string(output), "encoding": "JSON"},
			},
			"eventMetadata": object{"eventId": c.id, "inferenceTime": c.at.UTC().Format("2006-01-02T15:04:05.999Z07:00")},
			"eventVersion":  "0",
		})
		require.NoError(t, err)
		file := filepath.Join(dir, "AllTraffic", c.at.UTC().Format("15"), "capture.jsonl")
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		require.NoError(t, err)
		_, err = f.Write(append(record, '\n'))
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
}

// A model that has no tracing, but a payload log, has the drift scores that it would have with
// tracing, to the digit.
func TestPayloadLogGivesWhatSpansGive(t *testing.T) {
	catalog := catalogDir(t)
	// scores are those of the features and the answers.
	scores := func(out string) map[string][]point {
		all := points(t, out)
		for key := range all {
			if !strings.HasPrefix(key, "ml.drift.score{") && !strings.HasPrefix(key, "ml.drift.samples{") {
				delete(all, key)
			}
		}
		return all
	}
	traced := filepath.Join(t.TempDir(), "traced.json")
	c := start(t, driftToFile, "OUT="+traced, "CATALOG="+catalog)
	dial(t, c.otlp).send(sixHours()...)
	c.Stop()
	want := scores(traced)
	const amount = "ml.drift.score{ml.drift.method=ks,ml.drift.reference=baseline,ml.drift.subject=feature,ml.feature.name=amount,ml.model.name=fraud,ml.model.version=7}"
	require.Len(t, want[amount], 6)
	assert.Less(t, want[amount][0].value, 0.1)
	assert.Greater(t, want[amount][5].value, 0.25, "the amounts of the last two hours are shifted")

	for _, log := range []string{"KServe", "SageMaker"} {
		t.Run(log, func(t *testing.T) {
			out, events, captured := filepath.Join(t.TempDir(), "out.json"), processtest.FreeAddr(t), t.TempDir()
			c := harness.StartCollector(t, harness.Options{
				Configs: []string{driftToFile, payloadLog},
				Env:     []string{"OTLP=" + processtest.FreeAddr(t), "OUT=" + out, "CATALOG=" + catalog, "EVENTS=" + events, "CAPTURED=" + captured},
			})
			all := calls()
			self := &collector{Collector: c}
			read := func(rows int) {
				processtest.WaitFor(t, 30*time.Second, "all rows", func() bool { return self.telemetry(t, "otelcol_inference_log_rows", "") == float64(rows) })
			}
			if log == "KServe" {
				sendToKServeLog(t, "http://"+events+"/", all)
			} else {
				// An hour's file comes when that before it has been read: files that are found together
				// are read in any order, and rows of an hour that is closed come too late.
				for hour := range 5 {
					capture(t, captured, all[hour*len(all)/6:(hour+1)*len(all)/6])
					read((hour + 1) * 600)
				}
				capture(t, captured, all[5*len(all)/6:])
			}
			read(3600)
			c.Stop()
			assert.Equal(t, want, scores(out))
		})
	}
}
