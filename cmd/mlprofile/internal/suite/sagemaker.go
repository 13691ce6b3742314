// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"errors"
	"fmt"

	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/draft"
	"github.com/otelcol-ml/otelcol-ml/internal/contract"
)

// placeholderDomain is what SageMaker writes as a domain where it has looked for none.
const placeholderDomain = "preproc-not-YET-supported-for-csv-json"

var sageMakerTypes = map[string]string{"Integral": contract.Integer, "Fractional": contract.Number, "String": contract.String}

// sageMaker reads constraints.json of Model Monitor ("Schema for Constraints" of its documentation).
func (s *source) sageMaker(data []byte) error {
	v, err := decodeJSON(data)
	if err != nil {
		return err
	}
	top, _ := v.(map[string]any)
	file := object(top)
	features := file.objects("features")
	if len(features) == 0 {
		return errors.New("has no feature")
	}
	if len(features) > maxFeatures {
		return fmt.Errorf("has more than %d features", maxFeatures)
	}
	config := file.object("monitoring_config")
	s.OnlyKnown = config.text("evaluate_constraints") != "Disabled" // extra_column_check
	for n, f := range features {
		name := f.text("name")
		if name == "" {
			s.item("feature %d", n+1).leave("it has no name")
			continue
		}
		s.sageMakerFeature(name, f, monitoring{f.overrides(), config})
	}
	return nil
}

// overrides are the settings of a feature, of which the name has two spellings.
func (o object) overrides() object {
	for _, key := range []string{"monitoringConfigOverrides", "monitoring_config_overrides"} {
		if m := o.object(key); m != nil {
			return m
		}
	}
	for _, key := range []string{"string_constraints", "num_constraints"} {
		if m := o.object(key).object("monitoring_config_overrides"); m != nil {
			return m
		}
	}
	return nil
}

// monitoring are settings, those of the feature before those of all.
type monitoring [2]object

func (m monitoring) text(key string) string {
	if v := m[0].text(key); v != "" {
		return v
	}
	return m[1].text(key)
}

// share is a threshold, 1 by default.
func (m monitoring) share(key string) float64 {
	for _, o := range m {
		if v := o.number(key); v != nil {
			return *v
		}
	}
	return 1
}

func (s *source) sageMakerFeature(name string, f object, config monitoring) {
	if config.text("evaluate_constraints") == "Disabled" {
		s.item("%s", name).leave("evaluate_constraints is Disabled")
		return
	}
	if s.OnlyKnown {
		s.item("%s: missing_column_check", name).add(draft.Check{Feature: name, Required: true})
	}
	if kind := f.text("inferred_type"); kind != "" {
		i := s.item("%s: inferred_type", name)
		if t := sageMakerTypes[kind]; t != "" {
			share := config.share("datatype_check_threshold")
			i.shares(draft.Check{Feature: name, Types: []string{t}, MaxViolations: rest(share)}, "datatype_check_threshold")
		} else {
			i.leave("the type %s is none of a card", kind)
		}
	}
	if v := f.number("completeness"); v != nil {
		i := s.item("%s: completeness", name)
		if *v >= 1 {
			i.add(draft.Check{Feature: name, NotMissing: true})
		} else {
			i.add(draft.Check{Feature: name, MaxMissing: new(rest(*v))})
		}
	}
	if f.object("num_constraints")["is_non_negative"] == true {
		s.item("%s: num_constraints.is_non_negative", name).add(draft.Check{Feature: name, Min: new(0.0)})
	}
	if domains := f.object("string_constraints").list("domains"); len(domains) > 0 {
		i := s.item("%s: string_constraints.domains", name)
		if len(domains) == 1 && domains[0] == placeholderDomain {
			i.leave("SageMaker has written a placeholder: it has looked for no values")
		} else {
			share := config.share("domain_content_threshold")
			i.shares(draft.Check{Feature: name, Values: domains, MaxViolations: rest(share)}, "domain_content_threshold")
		}
	}
	s.sageMakerDrift(name, f.text("inferred_type"), config)
}

// shares adds a check of rows, of which a share may break it by a threshold.
func (i *item) shares(c draft.Check, threshold string) {
	if i.add(c) && c.MaxViolations > 0 {
		i.note("%s is a share of the values, max_violations one of the rows, missing values among them", threshold)
	}
}

// sageMakerDrift reads the thresholds of the distance from the baseline.
func (s *source) sageMakerDrift(name, kind string, config monitoring) {
	of := monitoring{config[0].object("distribution_constraints"), config[1].object("distribution_constraints")}
	if of[0] == nil && of[1] == nil {
		return
	}
	on := of.text("perform_comparison") == "Enabled"
	for _, o := range of {
		if v, ok := o["enable_comparisons"].(bool); ok {
			on = on || v
		}
	}
	if !on {
		return
	}
	i := s.item("%s: distribution_constraints", name)
	method, key := "ks", "comparison_threshold"
	if kind == "String" {
		method = "l_infinity"
		if of.text("categorical_drift_method") == "ChiSquared" {
			i.leave("its threshold is of the p-value of ChiSquared; card thresholds are of effects")
			return
		}
		if of[0].number("categorical_comparison_threshold") != nil || of[1].number("categorical_comparison_threshold") != nil {
			key = "categorical_comparison_threshold"
		}
	}
	if of[0].number(key) == nil && of[1].number(key) == nil {
		i.leave("it has no threshold")
		return
	}
	if refused := s.Threshold(name, method, of.share(key)); refused != "" {
		i.leave("%s", refused)
		return
	}
	i.carry()
	if of.text("comparison_method") == "Robust" {
		i.note("comparison_method is Robust: SageMaker corrects the distance for small samples in its own way, ml_drift by p-values")
	}
}
