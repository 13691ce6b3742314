// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alertmanagerexporter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
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

	"github.com/otelcol-ml/otelcol-ml/internal/alert/alerttest"
)

// contract is the OpenAPI description of Alertmanager's API v2, which is not in the repository.
const contract = "../../../shared/data/contracts/alertmanager-v2.yaml"

// postableAlerts is the schema of a post's body: the definitions of the OpenAPI document are JSON
// schemas as they are. It is nil without the file.
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

// keeps tells why a body does not keep the contract: the schema, where the file is there, and
// Alertmanager's own models.
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
		full := alerttest.Firing("a", f.began)
		full.Annotations = map[string]string{"trace_url": "https://jaeger.example/trace/1", "feature.name": "<amount> & \"more\"", "": "x", "nul": "a\x00b\xff"}
		full.Labels["日本"] = "語\xff"
		full.TraceID, full.SpanID = pcommon.TraceID{1}, pcommon.SpanID{2}
		odd := alerttest.Firing("b", f.began.Add(time.Hour))
		odd.Annotations["trace_url"] = "not a url"
		odd.Labels = map[string]string{}
		f.send(full, odd, alerttest.Resolved("c", f.began, f.began.Add(-time.Hour)), alerttest.Resolved("d", f.began.Add(time.Hour), f.began.Add(2*time.Hour)))
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
