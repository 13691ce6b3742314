// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/nearest"
)

// eventInterval is the time between two lines on the same event.
const eventInterval = time.Hour

// event says once an hour what happened, of which model, and what to do about it.
func (c *driftConnector) event(ev *drift.Event, now time.Time) {
	text, key := describe(ev)
	if text == "" {
		return
	}
	before, ok := c.events.Allow(key, now)
	if !ok {
		return
	}
	fields := []zap.Field{zap.String("event", ev.Kind.String()), zap.Uint64("times", ev.Count)}
	put := func(key, value string) {
		if value != "" {
			fields = append(fields, zap.String(key, value))
		}
	}
	k := &ev.Key
	put("kind", ev.Item)
	put("model", k.Model)
	put("version", k.Version)
	put("role", k.Role)
	put("environment", k.Environment)
	put("segment", k.Segment)
	put("feature", k.Name)
	if k.Subject != drift.Predictions {
		put("subject", k.Subject.String())
	}
	if ev.Kind == drift.NotCounted {
		put("outcome", ev.Outcome.String())
	}
	if ev.Kind == drift.UnknownFeature {
		put("did_you_mean", c.nearestFeature(k))
	}
	if before > 0 {
		fields = append(fields, zap.Int("lines_left_out", before))
	}
	c.logger.Warn(text, fields...)
}

// nearestFeature is the name of a feature of the baseline that an unknown one is nearly the same as.
func (c *driftConnector) nearestFeature(k *drift.Key) string {
	base := c.catalog.Snapshot().Baseline(k.Environment, k.Model, k.Version)
	if base == nil {
		return ""
	}
	names := make([]string, 0, len(base.Features))
	for _, f := range base.Features {
		names = append(names, f.Name)
	}
	name, _ := nearest.Name(k.Name, names)
	return name
}

// describe returns the line on an event, and what limits it: events of one kind on one model or version share a line.
func describe(ev *drift.Event) (text, key string) {
	k := &ev.Key
	model := ev.Kind.String() + "/" + ev.Item + "/" + k.Environment + "/" + k.Model
	switch ev.Kind {
	case drift.GivenAway:
		return "A place was unused for an hour and is given to another: raise 'limits' if this one should be kept", model
	case drift.NoRoom:
		switch ev.Item {
		case "model":
			return "There is no room for one more model: its predictions are counted with those of others, as overflow. Raise 'limits::models'", ev.Item
		case "version":
			return "There is no room for one more version of the model: its predictions are counted with those of others, as overflow. Raise 'limits::versions'", model
		case "producer":
			return "There is no room for one more ml_summary: what it sends again is counted again. Raise 'limits::producers'", ev.Item
		case "category":
			return "There is no room for one more category: it is counted with others, as overflow. Raise 'limits::categories'", model + "/" + k.Name
		case "use":
			return "There is no room for one more service or error type: it is counted with others, as overflow", model
		}
		return "There is no room for one more " + ev.Item + ": its points are dropped. Raise 'limits::" + ev.Item + "s'", model
	case drift.UnknownFeature:
		return "The model's baseline does not have this feature: it is passed on, and not compared", model + "/" + k.Name
	case drift.NotCounted:
		if ev.Outcome == drift.BoundsMismatch {
			return "The data's bins or type are not the baseline's: they are passed on, but not compared. " +
				"Do ml_summary and ml_drift read the same catalog?", model + "/" + k.Subject.String() + "/" + k.Name
		}
		return "Points are in no window", model + "/" + ev.Outcome.String()
	case drift.NameCut:
		return "Names longer than 256 bytes are cut", model
	case drift.Renewed:
		return "The windows start afresh, as the bins or categories are others now", model + "/" + k.Subject.String() + "/" + k.Name
	case drift.Categorized:
		return "Words came for a feature that was numeric: it is categorical from now on, and its numbers are one category. " +
			"A baseline decides the type beforehand", model + "/" + k.Name
	}
	return "", ""
}
