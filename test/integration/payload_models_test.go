// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/protocol"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

// payloadsToPrometheus has no receiver of spans: what is known of models is their payload logs.
const payloadsToPrometheus = `
extensions: {ml_catalog: {directory: "${env:CATALOG}"}}
receivers:
  inference_log:
    endpoint: "${env:EVENTS}"
    environment: production
    max_request_body_size: 65536
    sagemaker: {include: ["${env:CAPTURED}/*/*/*/*/*/*/*.jsonl"], poll_interval: 20ms}
connectors:
  ml_summary: {flush_interval: 100ms, feature_flush_interval: 100ms}
  ml_drift: {window: 1h, emit_interval: 2s, season: none}
exporters: {prometheus: {endpoint: "${env:SCRAPE}"}}
service:
  extensions: [ml_catalog]
  pipelines:
    traces: {receivers: [inference_log], exporters: [ml_summary]}
    metrics/summary: {receivers: [ml_summary], exporters: [ml_drift]}
    metrics: {receivers: [ml_drift], exporters: [prometheus]}
`

const (
	payloadHours     = 5
	payloadPerHour   = 8
	payloadRows      = 50
	payloadShiftFrom = 2 // the hour from which on the first feature is higher
)

// payload is a request of many rows, and the answers to it: the probability of "yes".
type payload struct {
	at      time.Time
	amounts []float64
	ages    []float64
	regions []string
	scores  []float64
}

func newPayload(rng *rand.Rand, at time.Time, rows int, shift float64) payload {
	p := payload{at: at}
	for range rows {
		p.amounts = append(p.amounts, 100+20*(rng.NormFloat64()+shift))
		p.ages = append(p.ages, 40+10*rng.NormFloat64())
		p.regions = append(p.regions, []string{"north", "north", "south", "west"}[rng.IntN(4)])
		p.scores = append(p.scores, rng.Float64())
	}
	return p
}

// payloads are five hours of a model, the last three of them with higher amounts.
func payloads(seed uint64) []payload {
	rng := rand.New(rand.NewPCG(seed, 1))
	var all []payload
	for i := range payloadHours * payloadPerHour {
		shift := 0.0
		if i >= payloadShiftFrom*payloadPerHour {
			shift = 1.2
		}
		all = append(all, newPayload(rng, start0.Add(time.Duration(i)*time.Hour/payloadPerHour), payloadRows, shift))
	}
	return all
}

func answerOf(score float64) string {
	if score >= 0.5 {
		return "yes"
	}
	return "no"
}

// writePayloadCatalog writes a card for each model, with a baseline that mlprofile makes of a file
// of rows.
func writePayloadCatalog(t *testing.T, models ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i, name := range models {
		reference := newPayload(rand.New(rand.NewPCG(uint64(i)+50, 2)), start0, 4000, 0)
		csv := strings.Builder{}
		csv.WriteString("amount,age,region,answer\n")
		for r := range reference.amounts {
			fmt.Fprintf(&csv, "%v,%v,%s,%s\n", reference.amounts[r], reference.ages[r], reference.regions[r], answerOf(reference.scores[r]))
		}
		rows := filepath.Join(t.TempDir(), name+".csv")
		require.NoError(t, os.WriteFile(rows, []byte(csv.String()), 0o600))
		command(t, "mlprofile", "build", rows, "-o", filepath.Join(dir, name+".json"), "--name", name, "--prediction", "answer")
		card := fmt.Sprintf("kind: model\nname: %s\nenvironment: production\ntask: binary_classification\npositive_class: \"yes\"\nbaseline: %s.json\n", name, name)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(card), 0o600))
	}
	return dir
}

// positional is the protocol V1: features have no names, but the order of the card's baseline.
func (p *payload) positional() (request, response any) {
	var instances, predictions []any
	for i := range p.amounts {
		instances = append(instances, []any{p.amounts[i], p.ages[i], p.regions[i]})
		predictions = append(predictions, answerOf(p.scores[i]))
	}
	return object{"instances": instances}, object{"predictions": predictions}
}

// named is the protocol V2: a tensor for each feature, in any order, and probabilities by class.
func (p *payload) named() (request, response any) {
	tensor := func(name, datatype string, columns int, data any) object {
		return object{"name": name, "datatype": datatype, "shape": []int{len(p.amounts), columns}, "data": data}
	}
	var answers []string
	var probabilities []float64
	for _, s := range p.scores {
		answers, probabilities = append(answers, answerOf(s)), append(probabilities, 1-s, s)
	}
	inputs := []object{tensor("region", "BYTES", 1, p.regions), tensor("age", "FP64", 1, p.ages), tensor("amount", "FP64", 1, p.amounts)}
	outputs := []object{tensor("predict", "BYTES", 1, answers), tensor("predict_proba", "FP64", 2, probabilities)}
	return object{"inputs": inputs}, object{"model_name": "model", "model_version": "3", "outputs": outputs}
}

// sendEvents sends calls as KServe's logger does, every other one in structured mode, and every
// third one the response first.
func sendEvents(ctx context.Context, t *testing.T, url, service string, all []payload, protocolOf func(*payload) (request, response any)) {
	t.Helper()
	client, err := cloudevents.NewClientHTTP(cloudevents.WithTarget(url))
	require.NoError(t, err)
	for i := range all {
		request, response := protocolOf(&all[i])
		mode := cloudevents.WithEncodingBinary(ctx)
		if i%2 == 1 {
			mode = binding.WithForceStructured(ctx)
		}
		halves := []struct {
			kind string
			at   time.Time
			body any
		}{{"request", all[i].at, request}, {"response", all[i].at.Add(20 * time.Millisecond), response}}
		if i%3 == 2 {
			slices.Reverse(halves)
		}
		for _, half := range halves {
			e := cloudevents.NewEvent()
			e.SetID(fmt.Sprint(service, "-", i))
			e.SetType("org.kubeflow.serving.inference." + half.kind)
			e.SetSource("http://localhost:9081/")
			e.SetTime(half.at)
			e.SetExtension("inferenceservicename", service)
			e.SetExtension("namespace", "prod")
			e.SetExtension("component", "predictor")
			require.NoError(t, e.SetData(cloudevents.ApplicationJSON, half.body))
			result := client.Send(mode, e)
			require.True(t, protocol.IsACK(result), "%v", result)
		}
	}
}

// captured is the line that SageMaker's data capture writes of a call: CSV without a header, and
// one probability a row.
func (p *payload) captured(t *testing.T, id string, encode bool) []byte {
	t.Helper()
	var in, out strings.Builder
	for i := range p.amounts {
		fmt.Fprintf(&in, "%v,%v,%s\n", p.amounts[i], p.ages[i], p.regions[i])
		fmt.Fprintf(&out, "%v\n", p.scores[i])
	}
	data, encoding := in.String(), "CSV"
	if encode {
		data, encoding = base64.StdEncoding.EncodeToString([]byte(data)), "BASE64"
	}
	line, err := json.Marshal(object{
		"captureData": object{
			"endpointInput":  object{"observedContentType": "text/csv", "mode": "INPUT", "data": data, "encoding": encoding},
			"endpointOutput": object{"observedContentType": "text/csv; charset=utf-8", "mode": "OUTPUT", "data": out.String(), "encoding": "CSV"},
		},
		"eventMetadata": object{"eventId": id, "inferenceTime": p.at.UTC().Format(time.RFC3339)},
		"eventVersion":  "0",
	})
	require.NoError(t, err)
	return append(line, '\n')
}

// appendTo writes to a file of the endpoint's folder for the hour of the call.
func appendTo(t *testing.T, dir string, at time.Time, data []byte) {
	t.Helper()
	file := filepath.Join(dir, "AllTraffic", at.UTC().Format("2006/01/02/15"), at.UTC().Format("15")+"-capture.jsonl")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = f.Write(data)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

// scraped is a metrics page: values by name and by labels.
type scraped map[string][]scrapedSample

type scrapedSample struct {
	labels map[string]string
	value  float64
}

func scrape(t *testing.T, addr string) scraped {
	t.Helper()
	status, body := processtest.Get("http://" + addr + "/metrics")
	if status != http.StatusOK {
		return nil
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	require.NoError(t, err)
	page := scraped{}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			s := scrapedSample{labels: map[string]string{}, value: m.GetCounter().GetValue() + m.GetGauge().GetValue()}
			if h := m.GetHistogram(); h != nil {
				s.value = h.GetSampleSum()
			}
			for _, l := range m.GetLabel() {
				s.labels[l.GetName()] = l.GetValue()
			}
			page[name] = append(page[name], s)
		}
	}
	return page
}

// only is the value of the one sample that has all of the labels ("name=value").
func (p scraped) only(name string, labels ...string) (float64, bool) {
	var found []float64
	for _, s := range p[name] {
		if !slices.ContainsFunc(labels, func(l string) bool {
			key, value, _ := strings.Cut(l, "=")
			return s.labels[key] != value
		}) {
			found = append(found, s.value)
		}
	}
	if len(found) != 1 {
		return 0, false
	}
	return found[0], true
}

// Models without any tracing have drift scores and verdicts on Prometheus' page, from KServe's
// events in the protocols V1 (features by the order of the card) and V2 (named tensors), and from
// the files of SageMaker's data capture, which grow while the collector follows them.
func TestModelsWithoutTracingHaveDriftScores(t *testing.T) {
	catalog := writePayloadCatalog(t, "positional", "named", "captured")
	folder := t.TempDir()
	dir := filepath.Join(folder, "captured")
	old := payloads(3)[0]
	appendTo(t, dir, old.at.Add(-24*time.Hour), old.captured(t, "old", false)) // was there before the collector, which starts at the end
	events, page := processtest.FreeAddr(t), processtest.FreeAddr(t)
	c := &collector{Collector: harness.StartCollector(t, harness.Options{Configs: []string{payloadsToPrometheus}, Env: []string{
		"CATALOG=" + catalog, "EVENTS=" + events, "CAPTURED=" + folder, "SCRAPE=" + page,
	}})}

	sendEvents(t.Context(), t, "http://"+events+"/", "positional", payloads(1), (*payload).positional)
	sendEvents(t.Context(), t, "http://"+events+"/", "named", payloads(2), (*payload).named)
	seen := 0
	for i, p := range payloads(3) {
		line := p.captured(t, fmt.Sprint("captured-", i), i%2 == 1)
		if i%10 != 9 {
			appendTo(t, dir, p.at, line)
			continue
		}
		// Some lines are written in two parts, and are read once they are whole.
		appendTo(t, dir, p.at, line[:len(line)/2])
		processtest.WaitFor(t, 30*time.Second, "what was written before", func() bool {
			return c.telemetry(t, "otelcol_inference_log_rows", `source="sagemaker"`) == float64(i*payloadRows)
		})
		appendTo(t, dir, p.at, line[len(line)/2:])
		seen = i + 1
	}
	const rows = payloadHours * payloadPerHour * payloadRows
	require.Equal(t, rows/payloadRows, seen)
	processtest.WaitFor(t, 30*time.Second, "all rows", func() bool {
		return c.telemetry(t, "otelcol_inference_log_rows", `source="sagemaker"`) == rows && c.telemetry(t, "otelcol_inference_log_rows", `source="cloudevents"`) == 2*rows
	})
	assert.Equal(t, 2.0*rows/payloadRows, c.telemetry(t, "otelcol_inference_log_spans", `source="cloudevents"`))
	assert.Equal(t, 4.0*rows/payloadRows, c.telemetry(t, "otelcol_inference_log_events", `outcome="accepted",source="cloudevents"`))

	for _, name := range []string{"positional", "named", "captured"} {
		of := func(labels ...string) []string {
			return append([]string{"ml_model_name=" + name, "ml_drift_subject=feature", "ml_drift_reference=baseline"}, labels...)
		}
		var got scraped
		processtest.WaitFor(t, 60*time.Second, "the verdict on "+name, func() bool {
			got = scrape(t, page)
			detected, _ := got.only("ml_drift_detected", of("ml_feature_name=amount")...)
			samples, _ := got.only("ml_drift_samples", of("ml_feature_name=amount")...)
			predictions := 0.0
			for _, s := range got["ml_prediction_count_total"] {
				if s.labels["ml_model_name"] == name {
					predictions += s.value
				}
			}
			return detected == 1 && samples == payloadPerHour*payloadRows && predictions == rows
		})
		for feature, method := range map[string]string{"amount": "ks", "age": "ks", "region": "jensen_shannon"} {
			score, ok := got.only("ml_drift_score", of("ml_feature_name="+feature, "ml_drift_method="+method)...)
			if !assert.True(t, ok, "the score of %s of %s in\n%v", feature, name, got["ml_drift_score"]) {
				continue
			}
			detected, ok := got.only("ml_drift_detected", of("ml_feature_name="+feature)...)
			assert.True(t, ok)
			samples, ok := got.only("ml_drift_samples", of("ml_feature_name="+feature)...)
			assert.True(t, ok)
			assert.Equal(t, float64(payloadPerHour*payloadRows), samples, "samples of %s of %s", feature, name)
			if feature == "amount" {
				assert.InDelta(t, 0.45, score, 0.1, "two normal distributions 1.2 standard deviations apart: 0.451")
				assert.Equal(t, 1.0, detected)
			} else {
				assert.Less(t, score, 0.1, "%s of %s", feature, name)
				assert.Equal(t, 0.0, detected, "%s of %s", feature, name)
			}
		}
	}
	c.Stop()
}

// What is no event, or has no payload that can be read, is refused with the reason, counted under
// it, and makes no span; what comes with it in a batch is taken.
func TestEventsThatCannotBeRead(t *testing.T) {
	events := processtest.FreeAddr(t)
	c := &collector{Collector: harness.StartCollector(t, harness.Options{Configs: []string{payloadsToPrometheus}, Env: []string{
		"CATALOG=" + t.TempDir(), "EVENTS=" + events, "CAPTURED=" + t.TempDir(), "SCRAPE=" + processtest.FreeAddr(t),
	}})}
	ce := func(id, kind string) map[string]string {
		return map[string]string{
			"Content-Type": "application/json", "Ce-Specversion": "1.0", "Ce-Id": id, "Ce-Source": "http://localhost:9081/",
			"Ce-Type": "org.kubeflow.serving.inference." + kind, "Ce-Inferenceservicename": "fraud", "Ce-Component": "predictor",
		}
	}
	without := func(headers map[string]string, names ...string) map[string]string {
		for _, name := range names {
			delete(headers, name)
		}
		return headers
	}
	with := func(headers map[string]string, name, value string) map[string]string {
		headers[name] = value
		return headers
	}
	const row, answer = `{"instances": [[1, 2]]}`, `{"predictions": ["ok"]}`
	structured := func(id, data string) string {
		return `{"specversion": "1.0", "id": "` + id + `", "source": "x", "type": "org.kubeflow.serving.inference.request", "inferenceservicename": "fraud", "data": ` + data + `}`
	}
	counted := map[string]float64{}
	for _, test := range []struct {
		name, method  string
		headers       map[string]string
		body          string
		status        int
		outcome, says string // what it is counted as, and what the sender is told
	}{
		{"no event at all", "POST", map[string]string{"Content-Type": "application/json"}, row, 400, "bad_event", "this is no CloudEvent"},
		{"without an id", "POST", without(ce("", "request"), "Ce-Id"), row, 400, "bad_event", "the event is not valid: id"},
		{"of no model", "POST", without(ce("1", "request"), "Ce-Inferenceservicename"), row, 400, "bad_event", "the event names no model"},
		{"no JSON", "POST", ce("2", "request"), `{"instances": [[1, 2]`, 400, "bad_payload", "JSON"},
		{"a tensor that is too short", "POST", ce("3", "request"), `{"inputs": [{"name": "amount", "datatype": "FP64", "shape": [3], "data": [1, 2]}]}`, 400, "bad_payload", "data has 2"},
		{"a text among numbers", "POST", ce("4", "request"), `{"inputs": [{"name": "amount", "datatype": "FP64", "shape": [2], "data": [1, "x"]}]}`, 400, "bad_payload", "amount"},
		{"binary tensors", "POST", ce("5", "request"), `{"inputs": [{"name": "amount", "datatype": "FP64", "shape": [1], "parameters": {"binary_data_size": 8}}]}`, 400, "unsupported_payload", "binary"},
		{"a structured event cut short", "POST", map[string]string{"Content-Type": "application/cloudevents+json"}, `{"specversion": "1.0", "id": `, 400, "bad_event", "unexpected end of JSON input"},
		{"not POST", "GET", nil, "", 405, "", ""},
		{"above the limit", "POST", ce("6", "request"), `{"instances": [["` + strings.Repeat("x", 1<<16) + `"]]}`, 413, "too_large", ""},
		{"of another type", "POST", with(ce("7", "request"), "Ce-Type", "com.example.order"), row, 200, "ignored", ""},
		{"of another component", "POST", with(ce("8", "request"), "Ce-Component", "transformer"), row, 200, "ignored", ""},
		{"a batch, one of which is bad", "POST", map[string]string{"Content-Type": "application/cloudevents-batch+json"}, "[" + structured("9", row) + ", " + structured("10", `{"inputs": [{"name": "a", "datatype": "FP64", "shape": [2], "data": [1]}]}`) + "]", 400, "bad_payload", `"accepted":1,"refused":[{"index":1,"id":"10"`},
		{"an event", "POST", ce("11", "request"), row, 200, "accepted", ""},
		{"the same one again", "POST", ce("11", "request"), row, 200, "duplicate", ""},
		{"its response", "POST", ce("11", "response"), answer, 200, "accepted", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), test.method, "http://"+events+"/", strings.NewReader(test.body))
			require.NoError(t, err)
			for name, value := range test.headers {
				request.Header.Set(name, value)
			}
			response, err := http.DefaultClient.Do(request)
			require.NoError(t, err)
			body, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			assert.Equal(t, test.status, response.StatusCode, string(body))
			assert.Contains(t, string(body), test.says)
			if test.outcome != "" {
				counted[test.outcome]++
			}
			if strings.HasPrefix(test.name, "a batch") {
				counted["accepted"]++
			}
			for outcome, n := range counted {
				assert.Equal(t, n, c.telemetry(t, "otelcol_inference_log_events", `outcome="`+outcome+`"`), outcome)
			}
		})
	}
	assert.Equal(t, 1.0, c.telemetry(t, "otelcol_inference_log_spans", ""), "of the one whole pair")
	assert.Equal(t, 1.0, c.telemetry(t, "otelcol_inference_log_pending", ""), "the half from the batch")
	c.Stop()
}
