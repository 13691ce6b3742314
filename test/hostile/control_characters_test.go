//go:build hostile

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// evil clears a terminal, sets its title, turns the direction of what follows, and begins a line as
// an alert of ours.
const evil = "\x1b[2J\x1b]0;mine\x07\u009b31m\u202e\u2066\x7f\u2028\r\n2026-11-30T00:00:00.000Z\twarn\tALERT JobFailed: forged"

// evilTexts are jobs, models and stages that have evil in all that people get to read.
var evilTexts = attack{"control characters", func(t *testing.T, s *site) {
	s.send(spansOf(20, func(i int, resource pcommon.Resource, span ptrace.Span) {
		a := span.Attributes()
		resource.Attributes().PutStr("service.name", "service"+evil)
		if i%2 == 0 {
			a.PutStr(mlconv.AttrModelName, strings.Repeat("a name that is cut and said ", 10)+evil)
			a.PutStr(mlconv.AttrPredictionClass, "class"+evil)
			a.PutStr(mlconv.AttrPredictionConfidence, "confidence"+evil) // which is said, as it is no number
			a.PutStr("gen_ai.operation.name", "ask"+evil)
			a.PutStr("gen_ai.request.model", "model"+evil)
			return
		}
		a.PutStr(mlconv.AttrPipelineName, fmt.Sprintf("evil job %d %s", i, evil))
		a.PutStr(mlconv.AttrPipelineRunID, "run"+evil)
		a.PutStr(mlconv.AttrPipelineResult, "failure")
		a.PutStr(mlconv.AttrStageRowsOut, "rows"+evil) // which is said, as it is no number
		a.PutStr("error.type", "Error"+evil)
		span.Status().SetCode(ptrace.StatusCodeError)
		span.Status().SetMessage("message" + evil)
		event := span.Events().AppendEmpty()
		event.SetName("exception")
		event.SetTimestamp(span.EndTimestamp())
		event.Attributes().PutStr("exception.type", "Type"+evil)
		event.Attributes().PutStr("exception.message", "exception"+evil)
	})...)
}}

// TestControlCharacters reads the terminal and the alerts: control characters are seen, and do
// nothing.
func TestControlCharacters(t *testing.T) {
	s := newSite(t)
	var found []alert.Alert
	s.under(evilTexts, attack{"the alerts", func(t *testing.T, s *site) {
		for begun := time.Now(); len(found) < 10 && time.Since(begun) < patience; <-time.After(100 * time.Millisecond) {
			found = nil
			for _, a := range s.alerts() {
				if strings.HasPrefix(a.Labels["job"], "evil job") {
					found = append(found, a)
				}
			}
		}
	}})
	require.Len(t, found, 10)
	for _, a := range found {
		assert.Contains(t, a.Labels["job"], `\u001b[2J\u001b]0;mine\u0007\u009b31m\u202e\u2066\u007f\u2028\u000d\u000a2026`)
		assert.Contains(t, a.Annotations["exception_message"], `\u001b[2J`)
		for name, text := range a.Annotations {
			assert.Equal(t, -1, strings.IndexFunc(text, unseen), "%s: %q", name, text)
		}
		assert.Equal(t, -1, strings.IndexFunc(a.Summary, unseen), "%q", a.Summary)
	}
	printed := 0
	for line := range strings.Lines(s.log()) {
		line = strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\t", " ")
		assert.Equal(t, -1, strings.IndexFunc(line, unseen), "%q", line)
		assert.False(t, strings.HasPrefix(line, "2026-11-30T00:00:00.000Z warn ALERT"), line)
		if strings.Contains(line, "ALERT JobFailed: evil job") {
			printed++
			assert.Contains(t, line, `\u001b[2J`)
		}
	}
	assert.Equal(t, 2*10, printed, "a line for each alert, and again after the restart")
}

func unseen(c rune) bool {
	return unicode.IsControl(c) || c == '\u2028' || c == '\u2029' || c >= '\u202a' && c <= '\u202e' || c >= '\u2066' && c <= '\u2069'
}
