// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/judge"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/track"
	"github.com/otelcol-ml/otelcol-ml/internal/alert/emit"
	"github.com/otelcol-ml/otelcol-ml/internal/loglimit"
)

// option is an attribute set, made once.
type option []metric.AddOption

func newOption(key, value string) option {
	return option{metric.WithAttributeSet(attribute.NewSet(attribute.String(key, value)))}
}

// What spans are, in the order of the reader's counts.
var kinds = [...]option{
	kindInner:       newOption("kind", "inner"),
	kindRoot:        newOption("kind", "root"),
	kindStage:       newOption("kind", "stage"),
	kindMarker:      newOption("kind", "marker"),
	kindIgnored:     newOption("kind", "ignored"),
	kindNotSelected: newOption("kind", "not_selected"),
}

// What becomes of spans, alerts, metrics and writes.
var (
	reasonDuplicate = newOption("reason", "duplicate")
	reasonLate      = newOption("reason", "late")
	outcomeSent     = newOption("outcome", "sent")
	outcomeFailed   = newOption("outcome", "failed")
	outcomeSaved    = newOption("outcome", "saved")
)

// telemetry records what metadata.yaml declares, and says in the log what goes wrong: one line for
// each kind and interval, which names the first case. self and alerts are for one goroutine at a
// time.
type telemetry struct {
	builder *metadata.TelemetryBuilder
	told    track.SelfStats // what was recorded last

	logger *zap.Logger
	limits Limits
	// onFailure is the config's on_storage_failure.
	onFailure string
	notices   *loglimit.Limiter
	writes    *loglimit.Limiter
}

const (
	// noticeInterval is the time between two lines about the same limit or the same attribute.
	noticeInterval = 10 * time.Minute
	// writeInterval is the time between two lines about writes that failed.
	writeInterval = time.Minute
)

func newTelemetry(builder *metadata.TelemetryBuilder, logger *zap.Logger, cfg *Config) *telemetry {
	return &telemetry{
		builder: builder, logger: logger, limits: cfg.Limits, onFailure: cfg.OnStorageFailure, notices: loglimit.New(noticeInterval), writes: loglimit.New(writeInterval),
	}
}

// read records what a batch held, and how often a condition could not be evaluated.
func (t *telemetry) read(ctx context.Context, counts *[len(kinds)]int64, unreadable, cuts, conditionErrors int64) {
	for kind, n := range counts {
		if n > 0 {
			t.builder.MlJobSpans.Add(ctx, n, kinds[kind]...)
		}
	}
	if conditionErrors > 0 {
		t.builder.MlJobConditionErrors.Add(ctx, conditionErrors)
	}
	if unreadable > 0 {
		t.builder.MlJobAttributesUnreadable.Add(ctx, unreadable)
	}
	if cuts > 0 {
		t.builder.MlJobNamesCut.Add(ctx, cuts)
	}
}

func (t *telemetry) saved(ctx context.Context, err error) {
	if err != nil {
		t.builder.MlJobSaves.Add(ctx, 1, outcomeFailed...)
		return
	}
	t.builder.MlJobSaves.Add(ctx, 1, outcomeSaved...)
}

func (t *telemetry) alerts(ctx context.Context, n int, outcome emit.Outcome) {
	t.builder.MlJobAlertsEmitted.Add(ctx, int64(n), newOption("outcome", string(outcome))...)
}

func (t *telemetry) metrics(ctx context.Context, outcome option) {
	t.builder.MlJobMetricsEmitted.Add(ctx, 1, outcome...)
}

// self records what the tracker says of itself, as far as it is new.
func (t *telemetry) self(ctx context.Context, s track.SelfStats) {
	t.builder.MlJobRunsOpen.Record(ctx, int64(s.OpenRuns))
	t.builder.MlJobAlertsActive.Record(ctx, int64(s.ActiveAlerts))
	add := func(counter metric.Int64Counter, now, before uint64, o option) {
		if now > before {
			counter.Add(ctx, int64(now-before), o...) //nolint:gosec // a count
		}
	}
	add(t.builder.MlJobSpansDropped, s.Duplicates, t.told.Duplicates, reasonDuplicate)
	add(t.builder.MlJobSpansDropped, s.Late, t.told.Late, reasonLate)
	for kind, n := range s.Evicted {
		add(t.builder.MlJobEvicted, n, t.told.Evicted[kind], newOption("kind", kind))
	}
	for kind, n := range s.Accepted {
		add(t.builder.MlJobNewNormals, n, t.told.Accepted[kind], newOption("alert", string(kind)))
	}
	t.told = s
}

// accepted says what has become the new normal of a job.
func (t *telemetry) accepted(key run.Key, a judge.Accepted) {
	fields := []zap.Field{
		zap.String("job", key.Job), zap.String("environment", key.Environment), zap.String("alert", string(a.Kind)),
		zap.String("stage", a.Stage), zap.Int("runs", a.Runs), zap.String("change", a.Text),
	}
	fields = slices.DeleteFunc(fields, func(f zap.Field) bool { return f.Type == zapcore.StringType && f.String == "" })
	t.notice(zap.InfoLevel, "accepted", key.Environment+" "+key.Job+" "+string(a.Kind)+" "+a.Stage, "A change of a job is the new normal, and no fault any more", fields...)
}

// notice writes a line at most once in noticeInterval for each kind and key, and counts those that
// it did not write.
func (t *telemetry) notice(level zapcore.Level, kind, key, message string, fields ...zap.Field) {
	suppressed, ok := t.notices.Allow(kind+" "+key, time.Now())
	if !ok {
		return
	}
	t.logger.Log(level, message, append(fields, zap.Int("not_logged_since", suppressed))...)
}

// limit says what a limit kept out or pushed out.
func (t *telemetry) limit(n track.Notice) {
	level := zap.WarnLevel
	if n.Limit == track.LimitAlert {
		level = zap.ErrorLevel
	}
	l := limitNotices[n.Limit]
	fields := []zap.Field{
		zap.String("limit", l.key),
		zap.String("job", n.Key.Job), zap.String("environment", n.Key.Environment), zap.String("run_id", n.Run),
		zap.String("stage", n.Stage), zap.String("alert", n.Alert),
	}
	fields = slices.DeleteFunc(fields, func(f zap.Field) bool { return f.Type == zapcore.StringType && f.String == "" })
	if l.value != nil {
		fields = append(fields, zap.Int("value", l.value(&t.limits)))
	}
	t.notice(level, "limit", n.Limit, l.message, fields...)
}

// limitNotice is the message about a limit, its key in the config and its value; nil for none.
type limitNotice struct {
	message, key string
	value        func(*Limits) int
}

var limitNotices = map[string]limitNotice{
	track.LimitRun: {
		"A run that goes on is not followed any more: there are too many. If it fails, that is said",
		"limits::runs", func(l *Limits) int { return l.Runs },
	},
	track.LimitSilent: {
		"A run has not ended, was silent for too long and is not followed any more. If it fails, that is said",
		"runs without an end", nil,
	},
	track.LimitClosed: {
		"A run that has ended is forgotten early: of its late spans only a first failure counts",
		"limits::closed_runs", func(l *Limits) int { return l.ClosedRuns },
	},
	track.LimitJob: {
		"A job that was unused for an hour made room for another one: what was known of it is forgotten",
		"limits::jobs", func(l *Limits) int { return l.Jobs },
	},
	track.LimitRefused: {
		"A job finds no room and is not watched: all places are taken by jobs that are in use, or that are vouched for and have an alert. If it fails, that is in ManyJobsFailed",
		"limits::jobs", func(l *Limits) int { return l.Jobs },
	},
	track.LimitAlert: {
		"An alert finds no room of its own, and is counted in ManyJobsFailed",
		"limits::alerts", func(l *Limits) int { return l.Alerts },
	},
	track.LimitPending: {
		"A span that erred is forgotten before the run of its trace was known",
		"limits::pending_spans", func(l *Limits) int { return l.PendingSpans },
	},
	track.LimitStage: {
		"A stage is not counted in metrics: its job, or all jobs together, have too many",
		"limits::stages", func(l *Limits) int { return l.Stages },
	},
	track.LimitChecks: {
		"A check of a contract is counted with others, otel.metric.overflow: its job, or all jobs together, have broken too many",
		"checks per job", func(*Limits) int { return track.MaxBroken },
	},
	track.LimitStages: {
		"A stage finds no room in its run: it is followed only if it fails",
		"limits::stages", func(l *Limits) int { return l.Stages },
	},
	track.LimitInstances: {
		"An instance finds no room in its stage: it is followed only if it fails",
		"limits::instances", func(l *Limits) int { return l.Instances },
	},
	track.LimitAttempts: {
		"The first tries of an instance are forgotten: there are too many",
		"limits::attempts", func(l *Limits) int { return l.Attempts },
	},
	track.LimitTraces: {
		"The spans of a run are in too many traces to tell these apart",
		"traces per run", func(*Limits) int { return run.DefaultLimits.Traces },
	},
}

// unreadable says that the value of an attribute cannot be used.
func (t *telemetry) unreadable(m misread, s *run.Span) {
	t.notice(zap.WarnLevel, "unreadable", m.key, "An attribute of a job's span cannot be used; the rest of the span counts",
		zap.String("attribute", m.key), zap.String("value", m.value), zap.String("job", s.Job), zap.String("run_id", s.RunID), zap.String("stage", s.Task))
}

// cut says that a name was too long.
func (t *telemetry) cut(m misread, s *run.Span) {
	t.notice(zap.WarnLevel, "cut", m.key, "A text of a job's span is too long, or no valid UTF-8, and was cut or repaired",
		zap.String("attribute", m.key), zap.String("value", m.value), zap.String("job", s.Job), zap.String("stage", s.Task))
}

// unsaved says that the storage did not take what has changed.
func (t *telemetry) unsaved(now time.Time, err error) {
	if suppressed, ok := t.writes.Allow("", now); ok {
		t.logger.Error("What has changed is not stored; the next write has it too. Until then alerts come from memory and say so, "+
			"and 'on_storage_failure' says what becomes of spans of jobs", zap.String("on_storage_failure", t.onFailure),
			zap.Int("not_logged_since", suppressed), zap.Error(err))
	}
}
