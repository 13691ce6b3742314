// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlevaluationconnector

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/evaluator"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/quality"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/shadow"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/waiting"
	"github.com/otelcol-ml/otelcol-ml/internal/loglimit"
)

// noticeInterval is the time between two lines of the log about the same thing.
const noticeInterval = 10 * time.Minute

// telemetry records what metadata.yaml declares, and says what goes wrong once in a while.
type telemetry struct {
	*metadata.TelemetryBuilder

	logger  *zap.Logger
	notices *loglimit.Limiter
	ignored sync.Once
	// quality, table and shadow are what was recorded last of counts that grow.
	quality quality.Stats
	table   evaluator.TableStats
	shadow  shadow.Stats
}

func newTelemetry(b *metadata.TelemetryBuilder, logger *zap.Logger) *telemetry {
	return &telemetry{TelemetryBuilder: b, logger: logger, notices: loglimit.New(noticeInterval)}
}

func with(pairs ...string) metric.MeasurementOption {
	all := make([]attribute.KeyValue, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		all = append(all, attribute.String(pairs[i], pairs[i+1]))
	}
	return metric.WithAttributeSet(attribute.NewSet(all...))
}

func add[N int | int64 | uint64](ctx context.Context, c metric.Int64Counter, n N, pairs ...string) {
	if n > 0 {
		c.Add(ctx, int64(n), with(pairs...)) //nolint:gosec // a count
	}
}

// log records what became of answers and labels.
func (t *telemetry) log(ctx context.Context, s waiting.Stats) {
	for outcome, n := range map[string]int{
		"taken": s.Answers, "duplicate": s.DuplicateAnswers, "unkeyed": s.Unkeyed, "strange": s.Strangers, "expired": s.ExpiredAnswers, "evicted": s.EvictedAnswers,
	} {
		add(ctx, t.MlEvaluationPredictions, n, "outcome", outcome)
	}
	for outcome, n := range map[string]int{
		"joined": s.Joined, "corrected": s.Corrected, "retracted": s.Retracted, "duplicate": s.DuplicateLabels, "stale": s.Stale,
		"unkeyed": s.UnkeyedLabels, "forgotten": s.Forgotten, "expired": s.ExpiredLabels, "evicted": s.EvictedLabels,
	} {
		add(ctx, t.MlEvaluationLabels, n, "outcome", outcome)
	}
	add(ctx, t.MlEvaluationCrowded, s.Crowded)
	add(ctx, t.MlEvaluationOverflowed, s.Unsegmented, "engine", "quality")
	t.notice(s.Unkeyed, "predictions without a key", "Predictions cannot be found by a label: they have none of the keys of 'keys'")
	t.notice(s.Strangers, "strange predictions", "Predictions of versions that no card names and that never had a label have filled half of 'limits::predictions' or 'limits::memory_mib': "+
		"further ones do not wait for labels; name the versions on cards, or raise the limit")
	t.notice(s.UnkeyedLabels, "labels without a key", "Labels name their prediction by a key that is not among 'keys', such as the trace alone; add it there")
	t.notice(s.EvictedAnswers, "evicted predictions", "Predictions without a label had to leave before their time was over: raise 'limits::predictions' or 'limits::memory_mib', or lower 'sampling' or 'wait'")
	t.notice(s.EvictedLabels, "evicted labels", "Labels had to leave before their time was over: raise 'limits::labels' or 'limits::memory_mib'")
	t.notice(s.Crowded, "crowded keys", "A key has more than 64 predictions and labels, so it is not that of one request; newer ones are not found by it")
	t.notice(s.ExpiredLabels, "expired labels", "Labels have met no prediction within 'wait': look whether their ids are those of the spans")
	t.notice(s.Forgotten, "forgotten labels", "Labels correct others that had to leave: the earlier ones stay counted")
}

// selected records the predictions that were not, and the conditions that could not be evaluated.
func (t *telemetry) selected(ctx context.Context, not, failures int64) {
	add(ctx, t.MlEvaluationPredictions, not, "outcome", "not_selected")
	add(ctx, t.MlEvaluationConditionErrors, failures)
}

// unread records rows of predictions that were not read.
func (t *telemetry) unread(ctx context.Context, rows int) {
	add(ctx, t.MlEvaluationPredictions, rows, "outcome", "unread")
	t.notice(rows, "unread predictions", "Rows of predictions are not read: a request has more than 65,536, or a batch is too much work for the bytes that its span holds")
}

// notice says something, once in a while.
func (t *telemetry) notice(n int, key, message string, fields ...zap.Field) {
	if n == 0 {
		return
	}
	if suppressed, ok := t.notices.Allow(key, time.Now()); ok {
		t.logger.Warn(message, append(fields, zap.Int("items", n), zap.Int("times_before", suppressed))...)
	}
}

// counts records what the engines hold and have left out, as far as it is new.
func (t *telemetry) counts(ctx context.Context, q quality.Stats, e evaluator.TableStats, s shadow.Stats) {
	for r := range q.Labels {
		name := quality.Reason(r).String()
		n := q.Labels[r] - t.quality.Labels[r] + q.Predictions[r] - t.quality.Predictions[r]
		if quality.Reason(r) == quality.Overflow {
			add(ctx, t.MlEvaluationOverflowed, n, "engine", "quality")
			t.notice(int(n), "overflow", "There is no room for all models, segments and sets of labels: raise 'limits::models' or 'limits::segments'") //nolint:gosec // a count
			continue
		}
		if quality.Reason(r) != quality.Counted {
			add(ctx, t.MlEvaluationUncounted, n, "engine", "quality", "reason", name)
			t.notice(int(n), "uncounted "+name, "Predictions or labels are in no measure", zap.String("reason", name)) //nolint:gosec // a count
		}
	}
	add(ctx, t.MlEvaluationEvicted, q.Evicted-t.quality.Evicted, "engine", "quality")
	add(ctx, t.MlEvaluationEvicted, e.Evicted-t.table.Evicted, "engine", "evaluator")
	add(ctx, t.MlEvaluationEvicted, s.Displaced-t.shadow.Displaced, "engine", "shadow")
	t.notice(int(e.Evicted-t.table.Evicted), "evicted evaluators", "Series of evaluators that were silent for an hour gave their places to others: raise 'limits::evaluators'")
	t.notice(int(s.Displaced-t.shadow.Displaced), "displaced", "Models or comparisons that were silent gave their places to others: raise 'limits::models' or 'limits::shadows'") //nolint:gosec // a count
	t.notice(int(e.Overflowed-t.table.Overflowed), "evaluator overflow", "There is no room for all evaluators: raise 'limits::evaluators'")
	add(ctx, t.MlEvaluationOverflowed, e.Overflowed-t.table.Overflowed, "engine", "evaluator")
	add(ctx, t.MlEvaluationUncounted, e.Late-t.table.Late, "engine", "evaluator", "reason", "late")
	add(ctx, t.MlEvaluationOverflowed, s.Models+s.Comparisons+s.Segments-t.shadow.Models-t.shadow.Comparisons-t.shadow.Segments, "engine", "shadow")
	for reason, n := range map[string]uint64{
		"expired": s.Expired.Primary + s.Expired.Shadow - t.shadow.Expired.Primary - t.shadow.Expired.Shadow,
		"evicted": s.Evicted.Primary + s.Evicted.Shadow - t.shadow.Evicted.Primary - t.shadow.Evicted.Shadow,
		"future":  s.Future - t.shadow.Future, "late": s.Late - t.shadow.Late,
		"repeated": s.Repeated - t.shadow.Repeated, "unidentified": s.Unidentified - t.shadow.Unidentified,
	} {
		add(ctx, t.MlEvaluationUncounted, n, "engine", "shadow", "reason", reason)
	}
	t.quality, t.table, t.shadow = q, e, s
	t.MlEvaluationSeries.Record(ctx, int64(q.Identities+q.Segments), with("engine", "quality"))
	t.MlEvaluationSeries.Record(ctx, int64(e.Series), with("engine", "evaluator"))
}

// holds records what waits.
func (t *telemetry) holds(ctx context.Context, answers, labels, bytes, shadows int) {
	t.MlEvaluationWaiting.Record(ctx, int64(answers), with("kind", "prediction"))
	t.MlEvaluationWaiting.Record(ctx, int64(labels), with("kind", "label"))
	t.MlEvaluationWaiting.Record(ctx, int64(shadows), with("kind", "shadow"))
	t.MlEvaluationWaitingSize.Record(ctx, int64(bytes))
}

// judgements records what evaluators have said.
func (t *telemetry) judgements(ctx context.Context, s evaluator.Stats) {
	add(ctx, t.MlEvaluationJudgements, s.Read)
	for _, r := range evaluator.Reasons() {
		n := s.Unusable[r]
		add(ctx, t.MlEvaluationUnusableJudgements, n, "reason", r.String())
		t.notice(int(n), "unusable "+r.String(), "What an evaluator says cannot be used", zap.Stringer("reason", r))
	}
}

// truth records what log records held.
func (t *telemetry) truth(ctx context.Context, read *truth) {
	add(ctx, t.MlEvaluationLabels, read.malformed, "outcome", "malformed")
	add(ctx, t.MlEvaluationRecordsIgnored, read.ignored)
	t.notice(read.malformed, "malformed labels", "Labels cannot be read", zap.Error(read.first))
	if read.ignored > 0 {
		t.ignored.Do(func() {
			t.logger.Info("Log records that are neither labels (ml.ground_truth) nor evaluations (gen_ai.evaluation.result) are ignored and counted; this is said once")
		})
	}
}
