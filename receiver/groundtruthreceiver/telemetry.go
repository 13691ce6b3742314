// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package groundtruthreceiver

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/receiver/groundtruthreceiver/internal/files"
	"github.com/otelcol-ml/otelcol-ml/receiver/groundtruthreceiver/internal/metadata"
)

// source is where a label came from.
type source string

const (
	fromHTTP source = "http"
	fromFile source = "file"
)

// outcome is what became of a label.
type outcome string

const (
	accepted   outcome = "accepted"
	duplicate  outcome = "duplicate"
	late       outcome = "late"
	unlabelled         = outcome(label.Unlabelled)
	badJSON            = outcome(label.BadJSON)
	badLabel           = outcome(label.BadLabel)
	tooLarge           = outcome(files.TooLarge)
	badFile    outcome = "bad_file"
	refused    outcome = "refused"
)

var outcomes = []outcome{accepted, duplicate, late, unlabelled, badJSON, badLabel, tooLarge, badFile, refused}

// telemetry is the receiver's own.
type telemetry struct {
	*metadata.TelemetryBuilder

	labels map[source]map[outcome]metric.MeasurementOption
}

func newTelemetry(set component.TelemetrySettings) (*telemetry, error) {
	b, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, err
	}
	t := &telemetry{TelemetryBuilder: b, labels: map[source]map[outcome]metric.MeasurementOption{}}
	for _, from := range []source{fromHTTP, fromFile} {
		t.labels[from] = map[outcome]metric.MeasurementOption{}
		for _, o := range outcomes {
			t.labels[from][o] = metric.WithAttributeSet(attribute.NewSet(
				attribute.String("source", string(from)), attribute.String("outcome", string(o))))
		}
	}
	return t, nil
}

func (t *telemetry) count(ctx context.Context, from source, o outcome, n int) {
	if n > 0 {
		t.GroundTruthLabels.Add(ctx, int64(n), t.labels[from][o])
	}
}
