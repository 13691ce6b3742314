// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/otelcol-ml/otelcol-ml/examples/internal/story"
)

// radio sends the frames of the drones as spans.
type radio struct {
	tracers map[string]trace.Tracer
	// start is when the fleet has started.
	start time.Time
	// ahead is how far the clock of a drone is ahead.
	ahead map[string]time.Duration
}

// newRadio has a tracer for each drone.
func newRadio(ctx context.Context, s *story.Story, start time.Time) (*radio, error) {
	r := &radio{tracers: map[string]trace.Tracer{}, start: start, ahead: map[string]time.Duration{}}
	for _, unit := range units {
		var err error
		r.tracers[unit], err = s.Tracer(ctx, story.Resource("detector",
			attribute.String("deployment.environment.name", "production"), attribute.String("device.id", unit)))
		if err != nil {
			return nil, err
		}
	}
	return r, nil
}

// send makes a frame a span. Its time is that of the drone's clock.
func (r *radio) send(ctx context.Context, f *frame) {
	at := r.start.Add(f.at + r.ahead[f.unit])
	_, span := r.tracers[f.unit].Start(ctx, "detect", trace.WithTimestamp(at), trace.WithAttributes(
		attribute.String("ml.model.name", "detector"),
		attribute.String("ml.model.version", "3"),
		attribute.String("ml.segment.district", f.district),
		attribute.String("ml.segment.unit", f.unit),
		attribute.Float64("geo.location.lat", f.latitude),
		attribute.Float64("geo.location.lon", f.longitude),
		attribute.Float64("ml.feature.hdop", f.hdop),
		attribute.Int("ml.feature.satellites", f.satellites),
		attribute.String("ml.feature.weather", f.weather),
		attribute.Float64("ml.feature.sharpness", f.sharpness),
		attribute.Float64("ml.feature.brightness", f.brightness),
		attribute.Float64("ml.feature.contrast", f.contrast),
		attribute.Float64("ml.feature.occlusion", f.occlusion),
		attribute.Float64("ml.feature.speed", f.speed),
		attribute.Float64("ml.feature.range", f.reach),
		attribute.String("ml.prediction.class", f.class),
		attribute.Float64("ml.prediction.confidence", f.confidence),
	))
	span.End(trace.WithTimestamp(at.Add(f.latency)))
}
