// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package sources finds all rules: those of rule files, and those that are made of service level objectives, which
// lie in files or on cards of the catalog.
package sources

import (
	"errors"
	"fmt"
	"strings"

	"github.com/prometheus/prometheus/model/rulefmt"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/ruleset"
	"github.com/otelcol-ml/otelcol-ml/internal/slo"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// Sources are the globs of a config.
type Sources struct{ RuleFiles, SLOFiles []string }

// Found is what there is at one moment.
type Found struct {
	// Files are rule files.
	Files []string
	// Generated are the groups of objectives, by the name that they are listed under: slo:files, and slo:cards.
	Generated map[string]*rulefmt.RuleGroups
	// Objectives is their number, Notes what they say that is not carried out.
	Objectives int
	Notes      []string
	// BadCards are the faults in objectives of cards. The other ones are there.
	BadCards error
	// Unmatched are globs without a file.
	Unmatched []string
}

// Names of generated groups.
const (
	fromFiles = "slo:files"
	fromCards = "slo:cards"
)

// Fingerprint returns a text that changes when a file does. What cannot be read is part of it.
func (s Sources) Fingerprint() string {
	var all strings.Builder
	for _, patterns := range [][]string{s.RuleFiles, s.SLOFiles} {
		files, _, err := ruleset.Expand(patterns)
		sum, unreadable := ruleset.Fingerprint(files)
		fmt.Fprintln(&all, sum, err, unreadable)
	}
	return all.String()
}

// Find finds all rules. cards may be nil. The error names every violation in files, with its line where it has one.
func (s Sources) Find(cards *catalog.Set) (Found, error) {
	found := Found{Generated: map[string]*rulefmt.RuleGroups{}}
	var errs []error
	fail := func(key string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("'%s': %w", key, err))
		}
	}
	var err error
	found.Files, found.Unmatched, err = ruleset.Expand(s.RuleFiles)
	fail("rule_files", err)
	for _, pattern := range found.Unmatched {
		if strings.HasPrefix(pattern, ruleset.Builtin) {
			fail("rule_files", fmt.Errorf("%q is no shipped file; there are %s", pattern, strings.Join(ruleset.ShippedNames(), ", ")))
		}
	}
	files, unmatched, err := ruleset.Expand(s.SLOFiles)
	fail("slo_files", err)
	found.Unmatched = append(found.Unmatched, unmatched...)
	for _, violation := range yamldoc.Violations(found.addFiles(files)) {
		fail("slo_files", violation)
	}
	if cards != nil {
		found.BadCards = found.addCards(cards)
	}
	return found, errors.Join(errs...)
}

// addFiles reads files with objectives, which may refer to each other.
func (f *Found) addFiles(names []string) error {
	var files []slo.File
	for _, name := range names {
		content, err := ruleset.Read(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		files = append(files, slo.File{Name: name, Content: content})
	}
	objectives, err := slo.ParseFiles(files)
	if err != nil {
		return err
	}
	return f.generate(fromFiles, objectives)
}

func (f *Found) addCards(cards *catalog.Set) error {
	objectives, err := slo.FromCards(cards)
	return errors.Join(err, f.generate(fromCards, objectives))
}

func (f *Found) generate(name string, objectives []slo.SLO) error {
	if len(objectives) == 0 {
		return nil
	}
	groups, err := slo.RuleGroups(objectives)
	if err != nil {
		return err
	}
	f.Generated[name] = groups
	f.Objectives += len(objectives)
	for i := range objectives {
		for _, note := range objectives[i].Notes {
			f.Notes = append(f.Notes, objectives[i].ID+": "+note)
		}
	}
	return nil
}
