// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alertmanagerexporter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-openapi/strfmt"
	"github.com/prometheus/alertmanager/api/v2/models"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// contract is the OpenAPI description of Alertmanager's API v2, which is not in the repository.
const contract = "../../../shared/data/contracts/alertmanager-v2.yaml"

// postableAlerts is the schema of a post's body: the definitions of the OpenAPI document are JSON schemas as they are. It is
// nil without the file.
var postableAlerts = sync.OnceValues(func() (*jsonschema.Schema, error) {
	text, err := os.ReadFile(contract)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var document map[string]any
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	source, err := json.Marshal(map[string]any{
		"$schema": "http://json-schema.org/draft-04/schema#", "definitions": document["definitions"],
		"allOf": []any{map[string]any{"$ref": "#/definitions/postableAlerts"}},
	})
	if err != nil {
		return nil, err
	}
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(source))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("alertmanager.json", schema); err != nil {
		return nil, err
	}
	return compiler.Compile("alertmanager.json")
})

// keeps tells why a body does not keep the contract: the schema, where the file is there, and Alertmanager's own models.
func keeps(body []byte) error {
	schema, err := postableAlerts()
	if err != nil {
		return err
	}
	if schema != nil {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err != nil {
			return err
		}
		if err := schema.Validate(value); err != nil {
			return err
		}
	}
	var alerts models.PostableAlerts
	if err := json.Unmarshal(body, &alerts); err != nil {
		return err
	}
	var objects []map[string]any // the models would ignore what they do not know
	if err := json.Unmarshal(body, &objects); err != nil {
		return err
	}
	for _, object := range objects {
		for key := range object {
			if !slices.Contains([]string{"labels", "annotations", "startsAt", "endsAt", "generatorURL"}, key) {
				return fmt.Errorf("%s is unknown", key)
			}
		}
	}
	return alerts.Validate(strfmt.Default)
}

func TestContract(t *testing.T) {
	if _, err := os.Stat(contract); err != nil {
		t.Skipf("the OpenAPI description of Alertmanager is not in ../shared: %v", err)
	}
	// The check itself must be able to fail.
	for name, body := range map[string]string{
		"no array": `{}`, "no labels": `[{"annotations": {}}]`, "label is a number": `[{"labels": {"a": 1}}]`, "time": `[{"labels": {}, "startsAt": "noon"}]`,
		"annotations are a list": `[{"labels": {}, "annotations": []}]`, "uri": `[{"labels": {}, "generatorURL": "::"}]`, "unknown": `[{"labels": {}, "severity": "x"}]`,
	} {
		assert.Error(t, keeps([]byte(body)), name)
	}

	synctest.Test(t, func(t *testing.T) {
		f := start(t, func(cfg *Config) { cfg.Labels = map[string]string{"cluster": "eu1"} })
		defer f.stop()
		full := firing("a", f.began)
		full.Annotations = map[string]string{"trace_url": "https://jaeger.example/trace/1", "feature.name": "<amount> & \"more\"", "": "x", "nul": "a\x00b\xff"}
		full.Labels["日本"] = "語\xff"
		full.TraceID, full.SpanID = pcommon.TraceID{1}, pcommon.SpanID{2}
		odd := firing("b", f.began.Add(time.Hour))
		odd.Annotations["trace_url"] = "not a url"
		odd.Labels = map[string]string{}
		f.send(full, odd, resolved("c", f.began, f.began.Add(-time.Hour)), resolved("d", f.began.Add(time.Hour), f.began.Add(2*time.Hour)))
		synctest.Wait()
		posts := f.a.all() // roundTrip has checked the body
		require.Len(t, posts, 1)
		require.Len(t, posts[0].alerts, 4)
		for _, a := range posts[0].alerts {
			assert.False(t, a.EndsAt.Before(a.StartsAt), "Alertmanager refuses that")
			assert.NotEmpty(t, a.Labels["alertname"])
		}
	})
}

func TestPostable(t *testing.T) {
	now := at(time.Hour)
	a := firing("a", epoch)
	a.TraceID, a.SpanID = pcommon.TraceID{0xab}, pcommon.SpanID{0xcd}
	a.Annotations = map[string]string{"run_id": "r1", "trace_url": "https://jaeger.example/trace/ab"}
	assert.Equal(t, postable{
		Labels: map[string]string{"alertname": "JobFailed", "severity": "critical", "job": "a"},
		Annotations: map[string]string{
			"summary": "a failed", "run_id": "r1", "trace_url": "https://jaeger.example/trace/ab",
			"trace_id": "ab000000000000000000000000000000", "span_id": "cd00000000000000",
		},
		StartsAt: epoch, EndsAt: now.Add(4 * time.Minute), GeneratorURL: "https://jaeger.example/trace/ab",
	}, newPostable(a, now, 4*time.Minute))
	assert.NotContains(t, a.Annotations, "summary", "the alert is left as it is")

	for link, want := range map[string]string{
		"http://x/y?z=1": "http://x/y?z=1", "javascript:alert(1)": "", "/relative": "", "http://": "", "ftp://x": "", "": "", "http://a b": "",
	} {
		a := firing("a", epoch)
		a.Annotations["trace_url"] = link
		assert.Equal(t, want, newPostable(a, now, time.Minute).GeneratorURL, link)
	}

	for name, c := range map[string]struct {
		alert *alert.Alert
		want  time.Time
	}{
		"the lease":                              {firing("a", epoch), now.Add(time.Minute)},
		"begins in the future":                   {firing("a", at(2*time.Hour)), at(2*time.Hour + time.Minute)},
		"the end":                                {resolved("a", epoch, at(time.Minute)), at(time.Minute)},
		"the end is in the future":               {resolved("a", epoch, at(2*time.Hour)), now},
		"begin and end are in the future":        {resolved("a", at(2*time.Hour), at(3*time.Hour)), at(2 * time.Hour)},
		"the end is the beginning in the future": {resolved("a", at(2*time.Hour), at(2*time.Hour)), at(2 * time.Hour)},
	} {
		assert.Equal(t, c.want, newPostable(c.alert, now, time.Minute).EndsAt, name)
	}
}

func TestReason(t *testing.T) {
	for body, want := range map[string]string{
		`"at least one label pair required"` + "\n": "at least one label pair required",
		"404 page not found\n":                      "404 page not found",
		"":                                          "no reason given",
		"\xff":                                      "\uFFFD",
		strings.Repeat("é", 2000):                   strings.Repeat("é", 512) + "…",
		"x" + strings.Repeat("é", 2000):             "x" + strings.Repeat("é", 511) + "…",
	} {
		assert.Equal(t, want, reason([]byte(body)))
	}
}

func TestRetryAfterHeader(t *testing.T) {
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "17": 17 * time.Second, "-1": 0, "1.5": 0, "99999999999999": 0, "Sun, 22 Nov 2026 03:00:40 GMT": 40 * time.Second,
		"Sun, 22 Nov 2026 02:00:00 GMT": 0, "soon": 0,
	} {
		assert.Equal(t, want, retryAfter(value, now), value)
	}
}

func TestBackoffIsBounded(t *testing.T) {
	cfg := createDefaultConfig().(*Config).Retry
	for failures := 1; failures < 200; failures++ {
		wait := backoff(&cfg, failures)
		assert.GreaterOrEqual(t, wait, cfg.InitialInterval/2)
		assert.LessOrEqual(t, wait, cfg.MaxInterval*3/2)
	}
	cfg.Multiplier, cfg.MaxInterval, cfg.RandomizationFactor = 0, 0, 0
	assert.Equal(t, cfg.InitialInterval, backoff(&cfg, 9))
}
