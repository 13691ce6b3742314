// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/expect"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// cardOptions are what a person says of the model beside its baseline.
type cardOptions struct {
	name, environment, owner, version, window, runbook string
	task                                               string
	positiveClass                                      string
	segments, segmentFeatures                          []string
	baseline                                           string
}

func newCard() *cobra.Command {
	var o cardOptions
	var output string
	cmd := &cobra.Command{
		Use:   "card BASELINE",
		Short: "Draft a model's card from its baseline",
		Long: `card prints a first card for the catalog folder. What can be told from the baseline is filled in, the rest is there as
comments. The card names the baseline relative to the folder that the card is in: with -o that is the file's, else the baseline's own.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := profile.Load(args[0])
			if err != nil {
				return err
			}
			folder := filepath.Dir(args[0])
			if output != "-" {
				folder = filepath.Dir(output)
			}
			if o.baseline, err = relative(folder, args[0]); err != nil {
				return err
			}
			card, err := draftCard(p, o)
			if err != nil {
				return err
			}
			if output == "-" {
				_, err = cmd.OutOrStdout().Write(card)
				return err
			}
			f, err := os.OpenFile(output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) // people edit cards: never overwrite one
			if err != nil {
				return err
			}
			_, err = f.Write(card)
			return errors.Join(err, f.Close())
		},
	}
	f := cmd.Flags()
	f.StringVarP(&output, "output", "o", "-", "the file to write, which must not exist; - is the standard output")
	f.StringVar(&o.name, "name", "", "the model, as in ml.model.name; the baseline's name if not given")
	f.StringVar(&o.environment, "environment", "", "deployment.environment.name; any if not given")
	f.StringVar(&o.owner, "owner", "", "who answers for the model")
	f.StringVar(&o.version, "version", "", "the version that the baseline is for; any if not given")
	f.StringVar(&o.task, "task", "", "binary_classification, multiclass or regression; by the prediction if not given")
	f.StringVar(&o.positiveClass, "positive-class", "", "the class that a binary classifier looks for")
	f.StringVar(&o.window, "window", "", "the window of drift: a duration, or day, week, month; the collector's default if not given")
	f.StringVar(&o.runbook, "runbook", "", "address of what to do when the model misbehaves")
	f.StringSliceVar(&o.segments, "segments", nil, "dimensions whose cohorts are watched: what follows ml.segment.")
	f.StringSliceVar(&o.segmentFeatures, "segment-features", nil, "features that are watched in the cohorts, too")
	return cmd
}

// relative returns the path of a file as seen from a folder, with slashes.
func relative(folder, file string) (string, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	if file, err = filepath.Abs(file); err != nil {
		return "", err
	}
	r, err := filepath.Rel(folder, file)
	return filepath.ToSlash(r), err
}

// draftCard writes a card in which everything that a person is likely to add stands as a comment.
func draftCard(p *profile.Profile, o cardOptions) ([]byte, error) {
	var errs []error
	if o.name == "" {
		o.name = p.Name
	}
	if o.name == "" {
		errs = append(errs, errors.New("--name: the baseline has no name; give the model's"))
	}
	tasks := []string{string(catalog.BinaryClassification), string(catalog.Multiclass), string(catalog.Regression), string(catalog.Ranking), string(catalog.Generation)}
	if o.task == "" {
		o.task = guessTask(p)
	} else if !slices.Contains(tasks, o.task) {
		errs = append(errs, fmt.Errorf("--task: %q is none of %s", o.task, strings.Join(tasks, ", ")))
	}
	for _, s := range o.segmentFeatures {
		if p.Column(s) == nil {
			errs = append(errs, fmt.Errorf("--segment-features: the baseline has no feature %q", s))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if o.positiveClass == "" && o.task == string(catalog.BinaryClassification) {
		o.positiveClass = guessPositive(p)
	}

	var b bytes.Buffer
	line := func(key, value, comment string) {
		if value == "" {
			writeLine(&b, "# "+key+":", comment)
			return
		}
		writeLine(&b, key+": "+value, comment)
	}
	fmt.Fprintf(&b, "# A card for the catalog folder. Lines that begin with # are suggestions.\n")
	line("kind", "model", "")
	line("name", scalar(o.name), "ml.model.name on the spans")
	line("environment", orNone(scalar(o.environment), " production"), "deployment.environment.name; without it any")
	line("task", orNone(o.task, " binary_classification"), "binary_classification, multiclass, regression, ranking, generation")
	if o.task == string(catalog.BinaryClassification) || o.task == "" {
		line("positive_class", orNone(scalar(o.positiveClass), " fraud"), "the class that a score speaks of")
	}
	line("owner", orNone(scalar(o.owner), " team@example.com"), "who answers for the model")
	line("baseline", scalar(o.baseline), "relative to this file")
	if o.version != "" {
		fmt.Fprintf(&b, "versions:\n  - version: %s\n    # aliases: [champion]\n    # trained_at: 2026-11-01T00:00:00Z\n", scalar(o.version))
	} else {
		b.WriteString("# versions:                          # one that is not listed is compared with the baseline above\n")
		b.WriteString("#   - {version: \"1\", aliases: [champion], trained_at: 2026-11-01T00:00:00Z, attributes: {ml.model.framework: xgboost}}\n")
	}
	if o.window != "" {
		fmt.Fprintf(&b, "drift: {window: %s}\n", scalar(o.window))
	} else {
		o := drift.DefaultOptions()
		fmt.Fprintf(&b, "# drift: {window: %s, min_samples: %d}   # window: a duration, or day, week, month\n", o.Window, o.MinSamples)
	}
	if len(o.segments) > 0 {
		fmt.Fprintf(&b, "segments: %s\n", flowList(o.segments))
	} else {
		b.WriteString("# segments: [country]                # cohorts: ml.segment.country on the spans\n")
	}
	if len(o.segmentFeatures) > 0 {
		fmt.Fprintf(&b, "segment_features: %s\n", flowList(o.segmentFeatures))
	}
	writeFeatures(&b, p)
	if o.runbook != "" {
		fmt.Fprintf(&b, "alerts: {severity: warning, runbook: %s}\n", scalar(o.runbook))
	} else {
		b.WriteString("# alerts: {severity: warning, runbook: https://example.com/runbooks/model}\n")
	}
	return b.Bytes(), nil
}

// writeFeatures suggests a contract for each feature, as comments: the baseline shows what was, not
// what may be.
func writeFeatures(b *bytes.Buffer, p *profile.Profile) {
	if len(p.Features) == 0 {
		return
	}
	b.WriteString("# features:                          # what the baseline saw, and its contract; mlprofile contract infer has one with slack\n")
	for _, c := range p.Features {
		var parts []string
		switch {
		case c.Numeric != nil:
			parts = append(parts, fmt.Sprintf("min: %g, max: %g", c.Numeric.Min, c.Numeric.Max))
		case c.Type == profile.Categorical && c.Other == 0 && len(c.Categories) > 0 && len(c.Categories) <= 12:
			var values []string
			for _, cat := range c.MostFrequent() {
				values = append(values, cat.Value)
			}
			parts = append(parts, "values: "+flowList(values))
		}
		if c.Count > 0 {
			parts = append(parts, fmt.Sprintf("max_missing: %.2g", expect.MaxMissing(c, min(expect.DefaultRows, float64(p.Rows)))))
		}
		fmt.Fprintf(b, "#   %s: {%s}\n", scalar(c.Name), strings.Join(parts, ", "))
	}
}

// orNone returns the value, or nothing with the example as a suggestion.
func orNone(value, example string) string {
	if value == "" {
		return "\x00" + example
	}
	return value
}

// writeLine writes a line with its comment; a value after a zero byte makes the line a suggestion.
func writeLine(w io.Writer, text, comment string) {
	if key, example, ok := strings.Cut(text, "\x00"); ok {
		text = "# " + strings.TrimSuffix(key, " ") + example
	}
	if comment == "" {
		fmt.Fprintln(w, text)
		return
	}
	fmt.Fprintf(w, "%-36s # %s\n", text, comment)
}

// scalar writes a string as YAML, quoted where needed; empty stays empty.
func scalar(s string) string {
	if s == "" {
		return ""
	}
	return flow(s)
}

// flow writes a string as YAML inside a flow list or after a key.
func flow(s string) string {
	n := yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	if s == "" || strings.ContainsAny(s, ",[]{}#:&*!|>'\"%@`\n\t\x00") || strings.TrimSpace(s) != s {
		n.Style = yaml.DoubleQuotedStyle
	}
	out, err := yaml.Marshal(&n)
	if err != nil {
		return fmt.Sprintf("%q", s)
	}
	return strings.TrimSpace(string(out))
}

func flowList(values []string) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = flow(v)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func guessTask(p *profile.Profile) string {
	switch c := p.Prediction; {
	case p.Calibration != nil && p.Calibration.Positive != "":
		return string(catalog.BinaryClassification)
	case p.Calibration != nil:
		return string(catalog.Multiclass)
	case c == nil || c.Count == 0:
		return ""
	case c.Type == profile.Numeric:
		return string(catalog.Regression)
	case len(c.Categories) <= 2 && c.Other == 0:
		return string(catalog.BinaryClassification)
	default:
		return string(catalog.Multiclass)
	}
}

// guessPositive returns the class that a binary classifier looks for where its scores or its name say
// so.
func guessPositive(p *profile.Profile) string {
	if p.Calibration != nil {
		return p.Calibration.Positive
	}
	if p.Prediction == nil {
		return ""
	}
	for _, c := range p.Prediction.Categories {
		if slices.Contains([]string{"1", "true", "yes", "positive", "fraud", "churn", "spam", "bad", "default"}, strings.ToLower(c.Value)) {
			return c.Value
		}
	}
	return ""
}
