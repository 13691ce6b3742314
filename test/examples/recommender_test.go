// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package examples

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Fifteen nights of a job that never fails: each of the four faults is one alert, which names what it is about and leads to the trace of
// that night, and nothing else alerts.
func TestRecommender(t *testing.T) {
	t.Parallel()
	x := newTale(t, "recommender")
	x.walk(5 * time.Minute)

	nights := tracesOf(t, filepath.Join(x.dir, "state", "recommender", "traces.json"))
	found := map[string]bool{}
	for _, record := range records(t, filepath.Join(x.dir, "state", "recommender", "alerts.json")) {
		says := func(key string) string { return text(record.Attributes(), key) }
		if says(mlconv.AttrAlertState) != "firing" {
			continue
		}
		night := nights[record.TraceID()]
		require.NotNil(t, night, "there is no trace %s of %s", record.TraceID(), record.Body().AsString())
		found[says(mlconv.AttrAlertName)+
			" of "+says(mlconv.PrefixAlertLabel+"stage")+says(mlconv.PrefixAlertLabel+"cicd_pipeline_task_name")+
			says(mlconv.PrefixAlertLabel+"ml_model_version")+
			", "+says(mlconv.PrefixAlertAnnotation+"feature")+says(mlconv.PrefixAlertLabel+"ml_feature_name")+
			" in "+night.date] = true
		if night.date != "" {
			assert.Equal(t, []string{"feature-store", "orchestrator", "trainer", "transformer"}, slices.Sorted(maps.Keys(night.services)))
		}
	}
	assert.Equal(t, []string{
		"ContractViolated of 2026-11-14, ml.model.age in ", // its trace is a prediction
		"StageContractViolated of validate, item_price in 2026-11-13",
		"StageNulls of compute_features, avg_basket_30d in 2026-11-11",
		"StageRows of read_user_features,  in 2026-11-09",
	}, slices.Sorted(maps.Keys(found)))
}

// traced is a trace: its services, and the date of the run if it is one.
type traced struct {
	services map[string]bool
	date     string
}

// tracesOf reads the traces of a file. No span of them may say that something is wrong.
func tracesOf(t *testing.T, file string) map[pcommon.TraceID]*traced {
	t.Helper()
	traces := map[pcommon.TraceID]*traced{}
	for _, line := range lines(t, file) {
		td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(line)
		require.NoError(t, err)
		for _, rs := range td.ResourceSpans().All() {
			service := text(rs.Resource().Attributes(), "service.name")
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					assert.NotEqual(t, ptrace.StatusCodeError, span.Status().Code(), span.Name())
					one := traces[span.TraceID()]
					if one == nil {
						one = &traced{services: map[string]bool{}}
						traces[span.TraceID()] = one
					}
					one.services[service] = true
					if date := text(span.Attributes(), mlconv.AttrJobLogicalDate); date != "" {
						one.date = date
					}
				}
			}
		}
	}
	return traces
}
