// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/track"
	"github.com/otelcol-ml/otelcol-ml/internal/loglimit"
)

// noticeInterval is the time between two lines about the same limit or the same attribute.
const noticeInterval = 10 * time.Minute

// notices says what a limit did and what cannot be read: one line for each limit or attribute and noticeInterval, which names the first case.
type notices struct {
	logger  *zap.Logger
	limits  Limits
	limiter *loglimit.Limiter
}

func newNotices(logger *zap.Logger, limits Limits) *notices {
	return &notices{logger: logger, limits: limits, limiter: loglimit.New(noticeInterval)}
}

// limit says what a limit kept out or pushed out.
func (n *notices) limit(w track.Notice) {
	suppressed, ok := n.limiter.Allow("limit "+w.Limit, time.Now())
	if !ok {
		return
	}
	message, key, value := n.words(w.Limit)
	fields := []zap.Field{zap.String("limit", key), zap.Int("value", value)}
	for _, f := range []struct{ name, value string }{
		{"job", w.Key.Job},
		{"environment", w.Key.Environment},
		{"run_id", w.Run},
		{"stage", w.Stage},
		{"alert", w.Alert},
	} {
		if f.value != "" {
			fields = append(fields, zap.String(f.name, f.value))
		}
	}
	fields = append(fields, zap.Int("not_logged_since", suppressed))
	if w.Limit == track.LimitAlert {
		n.logger.Error(message, fields...)
		return
	}
	n.logger.Warn(message, fields...)
}

// words are the message about a limit, its key in the config and its value.
func (n *notices) words(limit string) (message, key string, value int) {
	switch limit {
	case track.LimitRun:
		return "A run that goes on is not followed any more: there are too many", "limits::runs", n.limits.Runs
	case track.LimitClosed:
		return "A run that has ended is forgotten early: its late spans will not be known", "limits::closed_runs", n.limits.ClosedRuns
	case track.LimitJob:
		return "A job that was unused for an hour made room for another one: its history is forgotten", "limits::jobs", n.limits.Jobs
	case track.LimitRefused:
		return "A job finds no room and is not watched: all places are taken by jobs that are in use, have a card or an active alert", "limits::jobs", n.limits.Jobs
	case track.LimitAlert:
		return "An alert finds no room and is not sent", "limits::alerts", n.limits.Alerts
	case track.LimitPending:
		return "A span that erred is forgotten before the run of its trace was known", "limits::pending_spans", n.limits.PendingSpans
	case track.LimitStage:
		return "A stage is not counted in metrics: its job has too many", "limits::stages", n.limits.Stages
	case track.LimitStages:
		return "A stage finds no room in its run: it is followed only if it fails", "limits::stages", n.limits.Stages
	case track.LimitInstances:
		return "An instance finds no room in its stage: it is followed only if it fails", "limits::instances", n.limits.Instances
	case track.LimitAttempts:
		return "The first tries of an instance are forgotten: there are too many", "limits::attempts", n.limits.Attempts
	default: // track.LimitTraces
		return "The spans of a run are in too many traces to tell these apart", "traces per run", run.DefaultLimits.Traces
	}
}

// unreadable says that the value of an attribute cannot be used.
func (n *notices) unreadable(m misread, s *run.Span) {
	suppressed, ok := n.limiter.Allow("unreadable "+m.key, time.Now())
	if !ok {
		return
	}
	n.logger.Warn("An attribute of a job's span cannot be used; the rest of the span counts",
		zap.String("attribute", m.key), zap.String("value", m.value), zap.String("job", s.Job), zap.String("run_id", s.RunID), zap.String("stage", s.Task),
		zap.Int("not_logged_since", suppressed))
}

// cut says that a name was too long.
func (n *notices) cut(m misread, s *run.Span) {
	suppressed, ok := n.limiter.Allow("cut "+m.key, time.Now())
	if !ok {
		return
	}
	n.logger.Warn("A text of a job's span is too long and was cut",
		zap.String("attribute", m.key), zap.String("value", m.value), zap.String("job", s.Job), zap.String("stage", s.Task), zap.Int("not_logged_since", suppressed))
}
