//go:build hostile

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// runsWithoutEnd is one span each of 10,500 runs, which say nothing of an end; in all jobs that job names.
func runsWithoutEnd(name string, job func(i int) string) attack {
	return attack{name, func(_ *testing.T, s *site) {
		s.send(spansOf(10_500, func(i int, _ pcommon.Resource, span ptrace.Span) {
			span.SetName("epoch")
			span.SetParentSpanID(pcommon.SpanID{1})
			span.Attributes().PutStr(mlconv.AttrPipelineName, job(i))
			span.Attributes().PutStr(mlconv.AttrPipelineRunID, fmt.Sprintf("made-up-%d", madeUp.Add(1)))
		})...)
	}}
}

// The runs of jobs that nobody knows, of one of them, and of two healthy jobs, one with a card and one
// with a history, whose own runs go on meanwhile.
var (
	madeUpRuns       = runsWithoutEnd("made-up runs of made-up jobs", func(i int) string { return fmt.Sprintf("made-up-%d", i) })
	madeUpRunsOfOne  = runsWithoutEnd("made-up runs of a made-up job", func(int) string { return "made-up" })
	madeUpRunsOfCard = runsWithoutEnd("made-up runs of a job with a card", func(int) string { return openCarded })
	madeUpRunsOfMine = runsWithoutEnd("made-up runs of a job with a history", func(int) string { return openKnown })
)

// 42,000 made-up runs (21,000 in the short form) come, of which there is room for 10,000: healthy runs that are under way are
// followed to their end, and so are those that begin meanwhile.
func TestMadeUpRuns(t *testing.T) {
	s := newSite(t)
	if testing.Short() {
		s.under(madeUpRuns, madeUpRunsOfCard)
	} else {
		s.under(madeUpRuns, madeUpRunsOfOne, madeUpRunsOfCard, madeUpRunsOfMine)
	}
	log := s.log()
	for text, most := range map[string]int{
		"A run that goes on is not followed any more": 2, // one for each process
		"A job finds no room and is not watched":      2,
	} {
		n := strings.Count(log, text)
		assert.Positive(t, n, text)
		assert.LessOrEqual(t, n, most, text)
	}
	assert.Contains(t, log, `"limit": "limits::runs"`)
}
