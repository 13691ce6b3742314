// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package action

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/language"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// Arguments completes what a config gives: with are the values of all parameters, whose texts are
// templates over the data of an alert, and secrets those of all secrets, with "" for optional ones
// that are not given. The error joins all that is wrong, each by its key; it has no secrets.
func (d *Definition) Arguments(with map[string]any, secrets map[string]string) (allWith map[string]any, allSecrets map[string]string, err error) {
	var errs []error
	allWith = make(map[string]any, len(d.Parameters))
	for name, p := range d.Parameters {
		if p.Default != nil {
			allWith[name] = *p.Default
		} else if _, ok := with[name]; !ok {
			errs = append(errs, fmt.Errorf("'with.%s' is missing: %s", name, p.Description))
		}
	}
	for name, v := range with {
		if _, ok := d.Parameters[name]; !ok {
			known := slices.Sorted(maps.Keys(d.Parameters))
			errs = append(errs, fmt.Errorf("'with.%s': unknown key%s (allowed: %s)", name, yamldoc.Suggest(name, known), listed(known)))
			continue
		}
		v, err := language.Plain(v)
		if err == nil {
			err = checkValue(v)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("'with.%s': %w", name, err))
		}
		allWith[name] = v
	}
	allSecrets = make(map[string]string, len(d.Secrets))
	for name, s := range d.Secrets {
		allSecrets[name] = secrets[name]
		if secrets[name] == "" && !s.Optional {
			errs = append(errs, fmt.Errorf("'secrets.%s' is missing: %s", name, s.Description))
		}
	}
	for name := range secrets {
		if _, ok := d.Secrets[name]; !ok {
			known := slices.Sorted(maps.Keys(d.Secrets))
			errs = append(errs, fmt.Errorf("'secrets.%s': unknown key%s (allowed: %s)", name, yamldoc.Suggest(name, known), listed(known)))
		}
	}
	for _, name := range d.signs() {
		if _, err := standardwebhooks.NewWebhook(allSecrets[name]); err != nil {
			errs = append(errs, fmt.Errorf("'secrets.%s' must be base64, with or without whsec_ before it, as Standard Webhooks has it", name))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return allWith, allSecrets, errors.Join(errs...)
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// signs are the secrets that sign requests.
func (d *Definition) signs() []string {
	var names []string
	for _, step := range slices.Concat(d.Do, d.Update, d.Resolve) {
		for _, s := range append([]Step{step}, step.Undo...) {
			if s.Sign != "" && !slices.Contains(names, s.Sign) {
				names = append(names, s.Sign)
			}
		}
	}
	return names
}

// checkValue checks the templates in a value of the config. They read the alert's data alone.
func checkValue(v any) error {
	switch v := v.(type) {
	case string:
		t, err := language.ParseTemplate(v)
		if err != nil {
			return fmt.Errorf("is no template: %w", err)
		}
		for _, name := range t.Names() {
			if _, ok := data[name[0]]; !ok {
				all := scope{}.all()
				return fmt.Errorf("there is no %q here%s (there are %s)", name[0], yamldoc.Suggest(name[0], all), listed(all))
			}
		}
	case []any:
		for _, item := range v {
			if err := checkValue(item); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if err := checkValue(v[key]); err != nil {
				return err
			}
		}
	}
	return nil
}
