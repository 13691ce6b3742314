// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package comparison

import (
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/ranking"
)

// Rule is how a window is judged.
type Rule struct {
	// Options are those of ml_drift.
	Options drift.Options
	// Card is the model's card; nil without one. Its baselines are not looked at.
	Card *catalog.Model
	// DesignEffect is by how many times fewer independent values than values there are, of all
	// subjects; 0 takes what clusters of rows say, or 1 without any.
	DesignEffect float64
}

// New judges a window beside the reference that it was counted for.
func New(reference Side, w *Window, rule Rule) (*Comparison, error) {
	if err := w.checkRows(); err != nil {
		return nil, err
	}
	model := catalog.Model{Name: "model"}
	if rule.Card != nil {
		model = *rule.Card
	}
	model.Baseline, model.Versions = w.profile, nil
	key := drift.Key{Environment: model.Environment, Model: model.Name}
	designs := w.designs(rule.DesignEffect)
	set := catalog.NewSet([]*catalog.Model{&model}, nil)
	results, err := rule.Options.Judge(set, w.deltas(key), designs.of)
	if err != nil {
		return nil, err
	}
	out := &Comparison{
		FormatVersion: FormatVersion, Reference: reference, Current: w.Side, pictures: map[string]*picture{},
		Settings: settingsOf(&rule, &model), designs: designs,
	}
	columns := make(map[drift.Key]*profile.Column, len(w.columns))
	for _, c := range w.columns {
		columns[c.key(drift.Key{})] = c.column
		out.pictures[c.subject.String()+"/"+c.column.Name] = newPicture(c)
	}
	ranks := ranksOf(set, results)
	for i := range results {
		r := &results[i]
		of := drift.Key{Subject: r.Key.Subject, Name: r.Key.Name}
		if of.Subject == drift.Missing {
			of.Subject = drift.Feature
		}
		s := newSubject(r, columns[of], out.Settings.MinSamples)
		s.Rank = ranks[r.Key]
		out.Subjects = append(out.Subjects, s)
	}
	out.Notes = append(out.Notes, w.notes...)
	out.addNotes(w, &model)
	out.finish()
	return out, nil
}

// ranksOf are the places of those that drift, as ml_drift ranks them; 1 is the first.
func ranksOf(set *catalog.Set, results []drift.Result) map[drift.Key]int {
	ranked := ranking.New(set)
	for i := range results {
		ranked.Add(&results[i])
	}
	out := map[drift.Key]int{}
	for _, items := range ranked.Lists {
		for i := range items {
			out[items[i].Result.Key] = items[i].Rank
		}
	}
	return out
}

// settingsOf are those of a rule, and of the card that it has.
func settingsOf(rule *Rule, model *catalog.Model) Settings {
	s := Settings{Significance: rule.Options.Significance, MinSamples: rule.Options.MinSamples, Card: model.File}
	if model.Drift.MinSamples > 0 {
		s.MinSamples = model.Drift.MinSamples
	}
	return s
}

// deltas are what ml_summary would have sent of the window.
func (w *Window) deltas(model drift.Key) (out []drift.Delta) {
	for _, c := range w.columns {
		out = append(out, c.deltas(c.key(model))...)
	}
	return append(out, w.segmentDeltas(model)...)
}

// designs are the design effects of a window.
type designs struct {
	clusters string // what they were estimated from; empty for nothing
	all      float64
	each     map[drift.Key]float64
}

// designs returns the given design effect of all subjects, or where that is 0 what clusters say.
func (w *Window) designs(given float64) *designs {
	d := &designs{all: max(given, 1)}
	if given > 0 || w.clusters.column == nil {
		return d
	}
	d.clusters, d.each = w.clusters.describe(), map[drift.Key]float64{}
	for _, c := range w.columns {
		key := c.key(drift.Key{})
		d.each[key] = c.clusters.values()
		if key.Subject == drift.Feature {
			key.Subject = drift.Missing
			d.each[key] = c.clusters.missing()
		}
	}
	return d
}

func (d *designs) of(key drift.Key) float64 {
	if one, ok := d.each[key]; ok {
		return one
	}
	return d.all
}

// most is the largest design effect.
func (d *designs) most() float64 {
	out := d.all
	for _, one := range d.each {
		out = max(out, one)
	}
	return out
}
