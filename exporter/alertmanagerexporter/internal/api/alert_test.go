// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/alert/alerttest"
)

var epoch = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return epoch.Add(d) }

func TestAlert(t *testing.T) {
	now := at(time.Hour)
	a := alerttest.Firing("a", epoch)
	a.TraceID, a.SpanID = pcommon.TraceID{0xab}, pcommon.SpanID{0xcd}
	a.Annotations = map[string]string{"run_id": "r1", "trace_url": "https://jaeger.example/trace/ab"}
	assert.Equal(t, Alert{
		Labels: map[string]string{"alertname": "JobFailed", "severity": "critical", "job": "a"},
		Annotations: map[string]string{
			"summary": "a failed", "run_id": "r1", "trace_url": "https://jaeger.example/trace/ab",
			"trace_id": "ab000000000000000000000000000000", "span_id": "cd00000000000000",
		},
		StartsAt: epoch, EndsAt: now.Add(4 * time.Minute), GeneratorURL: "https://jaeger.example/trace/ab",
	}, NewAlert(a, now, 4*time.Minute))
	assert.NotContains(t, a.Annotations, "summary", "the alert is left as it is")

	for link, want := range map[string]string{
		"http://x/y?z=1": "http://x/y?z=1", "javascript:alert(1)": "", "/relative": "", "http://": "", "ftp://x": "", "": "", "http://a b": "",
	} {
		a := alerttest.Firing("a", epoch)
		a.Annotations["trace_url"] = link
		assert.Equal(t, want, NewAlert(a, now, time.Minute).GeneratorURL, link)
	}

	for name, c := range map[string]struct {
		alert *alert.Alert
		want  time.Time
	}{
		"the lease":                              {alerttest.Firing("a", epoch), now.Add(time.Minute)},
		"begins in the future":                   {alerttest.Firing("a", at(2*time.Hour)), at(2*time.Hour + time.Minute)},
		"the end":                                {alerttest.Resolved("a", epoch, at(time.Minute)), at(time.Minute)},
		"the end is in the future":               {alerttest.Resolved("a", epoch, at(2*time.Hour)), now},
		"begin and end are in the future":        {alerttest.Resolved("a", at(2*time.Hour), at(3*time.Hour)), at(2 * time.Hour)},
		"the end is the beginning in the future": {alerttest.Resolved("a", at(2*time.Hour), at(2*time.Hour)), at(2 * time.Hour)},
	} {
		assert.Equal(t, c.want, NewAlert(c.alert, now, time.Minute).EndsAt, name)
	}
}
