// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package slo reads service level objectives, from cards of the catalog and from files in the format
// of OpenSLO and Sloth, and makes the rule groups for Prometheus that measure them and alert on
// them.
//
//	cards ────────────► FromCards ─┐
//	OpenSLO v1, Sloth ► ParseFiles ┴► []SLO (objective) ──► RuleGroups (generate)
package slo

import (
	"errors"
	"fmt"

	"github.com/prometheus/prometheus/model/rulefmt"

	"github.com/otelcol-ml/otelcol-ml/internal/slo/generate"
	"github.com/otelcol-ml/otelcol-ml/internal/slo/objective"
)

// SLO is one objective.
type SLO = objective.SLO

// RuleGroups returns the rule groups of objectives, whose ids must be unique.
func RuleGroups(slos []SLO) (*rulefmt.RuleGroups, error) {
	groups := &rulefmt.RuleGroups{}
	seen := map[string]*SLO{}
	var errs []error
	for i := range slos {
		s := &slos[i]
		if first, ok := seen[s.ID]; ok {
			errs = append(errs, fmt.Errorf("%s:%d: there is an objective %q already, %s:%d", s.File, s.Line, s.ID, first.File, first.Line))
			continue
		}
		seen[s.ID] = s
		groups.Groups = append(groups.Groups, generate.Groups(s)...)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return groups, nil
}
