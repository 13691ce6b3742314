// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/otelcol-ml/otelcol-ml/internal/trainingjob"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/replay"
)

// writeCard puts the baseline and a card into a catalog's folder. The card comes last, so that what
// it names is there.
func (d *demo) writeCard(folder, name string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := replaceFile(folder, name+".json", d.profile.Write); err != nil {
		return err
	}
	card := map[string]any{
		"kind": "model", "name": d.model, "owner": "demo@example.com", "baseline": name + ".json",
		"drift": map[string]any{"window": d.span.window(), "season": "none"},
	}
	if d.plan != nil && d.plan.Label != nil {
		card["task"], card["positive_class"] = "binary_classification", d.plan.Positive
	}
	for _, s := range d.segments() {
		card["segments"] = []string{s.Dimension}
		card["segment_features"] = []string{"amount"}
	}
	return replaceFile(folder, name+".yaml", func(w io.Writer) error {
		if _, err := io.WriteString(w, "# Written by make demo; delete it when you like.\n"); err != nil {
			return err
		}
		enc := yaml.NewEncoder(w)
		return errors.Join(enc.Encode(card), enc.Close())
	})
}

// replaceFile writes a file in a folder, all of it or nothing.
func replaceFile(folder, name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(folder, ".mldemo-*")
	if err != nil {
		return err
	}
	err = errors.Join(write(f), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(folder, name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// segments are the cohorts of the generated data.
func (d *demo) segments() []replay.Segment {
	if d.data != "" {
		return nil
	}
	return []replay.Segment{{Dimension: "country", Column: "country"}}
}

// writeCards writes the cards of the demo's model and job.
func (d *demo) writeCards(folder string) error {
	if err := d.writeCard(folder, "demo"); err != nil || d.job == "" {
		return err
	}
	return d.jobCard(folder, "demo_job")
}

// jobCard writes a card for the training job: whom to tell, and which stages there are.
func (d *demo) jobCard(folder, file string) error {
	stages := make([]map[string]any, len(trainingjob.Stages))
	for i, stage := range trainingjob.Stages {
		stages[i] = map[string]any{"name": stage}
		if i > 0 {
			stages[i]["after"] = []string{trainingjob.Stages[i-1]}
		}
	}
	return replaceFile(folder, file+".yaml", func(w io.Writer) error {
		if _, err := io.WriteString(w, "# Written by make demo; delete it when you like.\n"); err != nil {
			return err
		}
		enc := yaml.NewEncoder(w)
		return errors.Join(enc.Encode(map[string]any{"kind": "job", "name": d.job, "owner": "demo@example.com", "stages": stages}), enc.Close())
	})
}
