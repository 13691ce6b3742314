// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	clientv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestClient reads all there is with the client library of Prometheus, which promtool uses, too.
func TestClient(t *testing.T) {
	server := httptest.NewServer(newFixture(t).api(t, nil))
	t.Cleanup(server.Close)
	connection, err := api.NewClient(api.Config{Address: server.URL})
	require.NoError(t, err)
	client := clientv1.NewAPI(connection)
	ctx, until := context.Background(), begin.Add(30*time.Minute)

	value, warnings, err := client.Query(ctx, `sum(requests_total)`, until)
	require.NoError(t, err)
	assert.Empty(t, warnings)
	assert.Equal(t, "{} => 30000 @[1780302600]", value.String())

	value, _, err = client.QueryRange(ctx, `requests_total{model="fraud"}`, clientv1.Range{Start: begin, End: until, Step: time.Minute})
	require.NoError(t, err)
	require.Len(t, value.(model.Matrix), 1)
	assert.Len(t, value.(model.Matrix)[0].Values, 31)

	exemplars, err := client.QueryExemplars(ctx, `requests_total{model="fraud"}`, begin, until)
	require.NoError(t, err)
	require.Len(t, exemplars, 1)
	assert.Len(t, exemplars[0].Exemplars, 31)
	assert.Equal(t, model.LabelValue("4bf92f3577b34da6a3ce929d0e0e4736"), exemplars[0].Exemplars[0].Labels["trace_id"])

	series, _, err := client.Series(ctx, []string{"requests_total", "errors_total"}, begin, until)
	require.NoError(t, err)
	assert.Len(t, series, 8)
	names, _, err := client.LabelNames(ctx, []string{"requests_total"}, begin, until)
	require.NoError(t, err)
	assert.Equal(t, model.LabelNames{"__name__", "instance", "model"}, names)
	values, _, err := client.LabelValues(ctx, "model", nil, begin, until)
	require.NoError(t, err)
	assert.Equal(t, model.LabelValues{"churn", "fraud", "größe", `quo"te\`}, values)

	rules, err := client.Rules(ctx, nil)
	require.NoError(t, err)
	require.Len(t, rules.Groups, 2)
	alerting := rules.Groups[1].Rules[1].(clientv1.AlertingRule)
	assert.Equal(t, "ErrorsHigh", alerting.Name)
	assert.Equal(t, "firing", alerting.State)
	assert.Contains(t, rules.Groups[0].Rules[0].(clientv1.AlertingRule).LastError, "many-to-many")
	alerts, err := client.Alerts(ctx)
	require.NoError(t, err)
	require.NotEmpty(t, alerts.Alerts)
	assert.Equal(t, clientv1.AlertStateFiring, alerts.Alerts[0].State)

	metadata, err := client.Metadata(ctx, "", "")
	require.NoError(t, err)
	assert.Equal(t, []clientv1.Metadata{{Type: "histogram", Help: "Duration.", Unit: "s"}}, metadata["duration_seconds"])
	build, err := client.Buildinfo(ctx)
	require.NoError(t, err)
	assert.Equal(t, compatible, build.Version)
	assert.Equal(t, "otelcol-ml 0.9.0", build.Revision)
	run, err := client.Runtimeinfo(ctx)
	require.NoError(t, err)
	assert.Equal(t, "15d", run.StorageRetention)
	assert.True(t, run.ReloadConfigSuccess)
	assert.Equal(t, begin, run.LastConfigTime)
	assert.Empty(t, run.CWD)

	_, _, err = client.Query(ctx, "rate(requests_total)", until)
	require.ErrorContains(t, err, "expected type range vector")
	_, err = client.Config(ctx)
	require.Error(t, err)
	_, err = client.Targets(ctx)
	require.Error(t, err)
	require.Error(t, client.DeleteSeries(ctx, []string{"requests_total"}, begin, until))
}
