// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alert

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

func TestTraceURL(t *testing.T) {
	trace, span := pcommon.TraceID{1, 15: 7}, pcommon.SpanID{7: 1}
	for _, c := range []struct {
		template, want string
		span           pcommon.SpanID
	}{
		{DefaultTraceURL, "http://localhost:16686/trace/01000000000000000000000000000007?uiFind=0000000000000001", span},
		{DefaultTraceURL, "http://localhost:16686/trace/01000000000000000000000000000007", pcommon.SpanID{}},
		{"https://x/?t={trace_id}&s={span_id}", "https://x/?t=01000000000000000000000000000007", pcommon.SpanID{}},
		{"", "", span},
	} {
		assert.Equal(t, c.want, TraceURL(c.template, trace, c.span))
		assert.NoError(t, CheckTraceURL(c.template))
	}
	assert.Empty(t, TraceURL(DefaultTraceURL, pcommon.TraceID{}, span))
	assert.ErrorContains(t, CheckTraceURL("http://x/trace"), "{trace_id}")
	assert.ErrorContains(t, CheckTraceURL("x/{trace_id}"), "http or https")
}
