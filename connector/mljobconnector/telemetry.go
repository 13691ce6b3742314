// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/track"
)

// option is an attribute set, made once.
type option []metric.AddOption

func newOption(key, value string) option {
	return option{metric.WithAttributeSet(attribute.NewSet(attribute.String(key, value)))}
}

// What spans are, in the order of the reader's counts.
var kinds = [...]option{
	kindInner:   newOption("kind", "inner"),
	kindRoot:    newOption("kind", "root"),
	kindStage:   newOption("kind", "stage"),
	kindMarker:  newOption("kind", "marker"),
	kindIgnored: newOption("kind", "ignored"),
}

// What becomes of spans, alerts, metrics and writes.
var (
	reasonDuplicate = newOption("reason", "duplicate")
	reasonLate      = newOption("reason", "late")
	outcomeSent     = newOption("outcome", "sent")
	outcomeFailed   = newOption("outcome", "failed")
	outcomeRefused  = newOption("outcome", "refused")
	outcomeSaved    = newOption("outcome", "saved")
)

// telemetry records what metadata.yaml declares. All but read and saved are for one goroutine at a time.
type telemetry struct {
	builder *metadata.TelemetryBuilder
	told    track.SelfStats // what was recorded last
}

// read records what a batch held.
func (t *telemetry) read(ctx context.Context, counts *[len(kinds)]int64, unreadable, cuts int64) {
	for kind, n := range counts {
		if n > 0 {
			t.builder.MlJobSpans.Add(ctx, n, kinds[kind]...)
		}
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

func (t *telemetry) alerts(ctx context.Context, n int, outcome option) {
	t.builder.MlJobAlertsEmitted.Add(ctx, int64(n), outcome...)
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
	t.told = s
}
