// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package describe

import "github.com/otelcol-ml/otelcol-ml/internal/drift"

// Event returns the line on an event, and what limits it: events of one kind on one model or
// version share a line.
func Event(ev *drift.Event) (text, key string) {
	k := &ev.Key
	model := ev.Kind.String() + "/" + ev.Item + "/" + k.Environment + "/" + k.Model
	switch ev.Kind {
	case drift.GivenAway:
		return "A place that was not used any more is given to another: raise 'limits', or add a card, if this one should be kept", model
	case drift.NoRoom:
		switch ev.Item {
		case "model":
			return "There is no room for one more model: its predictions are counted with those of others, as overflow. Add a card, which reserves a place, or raise 'limits::models'", ev.Item
		case "version":
			return "There is no room for one more version of the model: its predictions are counted with those of others, as overflow. List it on the model's card, which reserves a place, or raise 'limits::versions'", model
		case "producer":
			return "There is no room for one more ml_summary: what it sends again is counted again. Raise 'limits::producers'", ev.Item
		case "series":
			return "There is no room for one more series that nobody vouches for: its points are dropped. List the version on the model's card, or raise " +
				"'limits::series'", ev.Item
		case "flush":
			return "Flushes that have begun and never end take all the memory there is for telling points from their repetitions: the oldest are " +
				"forgotten, and what of them is sent again is counted again. Who sends them?", ev.Item
		case "category":
			return "There is no room for one more category: it is counted with others, as overflow. Raise 'limits::categories'", model + "/" + k.Name
		case "embedding":
			return "There is no room for one more attribute whose vectors are added up: its points are dropped; a version has 8 at most", model + "/" + k.Name
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
		return "Names longer than 256 bytes are cut, and those that are no valid UTF-8 repaired", model
	case drift.Renewed:
		return "The windows start afresh, as the bins or categories are others now", model + "/" + k.Subject.String() + "/" + k.Name
	case drift.Categorized:
		return "Words came for a feature that was numeric: it is categorical from now on, and its numbers are one category. " +
			"A baseline decides the type beforehand", model + "/" + k.Name
	case drift.NotJudged:
		return "A check of a contract is not judged: what is counted does not say its statistic, for the type of this feature or in windows of " +
			"this length", model + "/" + ev.Item + "/" + k.Name
	case drift.Saturated:
		return "One bin or category has more than 4,294,967,295 values in a window: it is counted no further, and the scores are wrong. " +
			"Shorten 'window'", model + "/" + k.Subject.String() + "/" + k.Name
	}
	return "", ""
}

// Advice is what to do about a reason for which there is no verdict.
var Advice = map[drift.Reason]string{
	drift.Learning:     "the baseline is being learned",
	drift.Mismatch:     "the values cannot be compared with the baseline's; ml_summary and ml_drift must read the same catalog",
	drift.NoReference:  "there is nothing to compare with; name a baseline on the model's card, or let ml_drift 'learn' one",
	drift.FewReference: "the reference has too few values",
	drift.Few:          "there are too few values; the window grows up to 'max_window', or lower 'min_samples'",
}
