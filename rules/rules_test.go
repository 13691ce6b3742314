// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package rules_test

import (
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/internal/ruleengine"
	"github.com/otelcol-ml/otelcol-ml/internal/ruletest"
	"github.com/otelcol-ml/otelcol-ml/rules"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

// shipped is one rule of a shipped file.
type shipped struct {
	file string
	rulefmt.Rule
	expr parser.Expr
}

func (s *shipped) name() string { return s.Alert + s.Record }

// ofCheck is the severity, on the pages, of alerts that have that of a check on a card.
const ofCheck = "of the check"

// severity is that of the alert as the pages say it.
func (s *shipped) severity() string {
	if severity := s.Labels["severity"]; severity != "{{ or $labels.ml_contract_severity `warning` }}" {
		return severity
	}
	return ofCheck
}

// readRules reads all shipped rules.
func readRules(t *testing.T) []*shipped {
	t.Helper()
	files, err := fs.Glob(rules.Files, "*.yaml")
	require.NoError(t, err)
	var list []*shipped
	for _, file := range files {
		if strings.HasSuffix(file, "_test.yaml") {
			continue
		}
		content, err := rules.Files.ReadFile(file)
		require.NoError(t, err)
		groups, errs := rulefmt.Parse(content, false, model.UTF8Validation, ruleengine.Parser(), promslog.NewNopLogger())
		require.Empty(t, errs, file)
		for _, group := range groups.Groups {
			for _, rule := range group.Rules {
				expr, err := ruleengine.Parser().ParseExpr(rule.Expr)
				require.NoError(t, err)
				list = append(list, &shipped{file: file, Rule: rule, expr: expr})
			}
		}
	}
	require.NotEmpty(t, list)
	return list
}

// TestUnitTests runs the unit tests of the rules.
func TestUnitTests(t *testing.T) {
	files, err := fs.Glob(rules.Files, "*_test.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			result, err := ruletest.Run(t.Context(), file, ruletest.Options{})
			require.NoError(t, err)
			assert.Empty(t, result.Unmatched)
			assert.NotEmpty(t, result.Tests)
			for _, test := range result.Tests {
				for _, failure := range test.Failures {
					t.Error(failure)
				}
			}
		})
	}
}

// TestEveryAlertIsTested says that the tests of a file have each of its alerts fire, and be silent,
// and name no other.
func TestEveryAlertIsTested(t *testing.T) {
	type tested struct{ fires, silent bool }
	seen := map[string]map[string]*tested{}
	for _, rule := range readRules(t) {
		file := strings.TrimSuffix(rule.file, ".yaml") + "_test.yaml"
		if seen[file] == nil {
			seen[file] = map[string]*tested{}
		}
		if rule.Alert != "" {
			seen[file][rule.Alert] = &tested{}
		}
	}
	for file, alerts := range seen {
		content, err := rules.Files.ReadFile(file)
		require.NoError(t, err, "rules without a test")
		var f struct {
			Tests []struct {
				Alerts []struct {
					Name     string `yaml:"alertname"`
					Expected []any  `yaml:"exp_alerts"`
				} `yaml:"alert_rule_test"`
			}
		}
		require.NoError(t, yaml.Unmarshal(content, &f))
		for _, test := range f.Tests {
			for _, c := range test.Alerts {
				if assert.Contains(t, alerts, c.Name, file) {
					alerts[c.Name].fires = alerts[c.Name].fires || len(c.Expected) > 0
					alerts[c.Name].silent = alerts[c.Name].silent || len(c.Expected) == 0
				}
			}
		}
		for name, is := range alerts {
			assert.True(t, is.fires, "%s: no test in which %s fires", file, name)
			assert.True(t, is.silent, "%s: no test in which %s is silent", file, name)
		}
	}
}

// TestAlertsSayWhatTheyMean checks labels and annotations.
func TestAlertsSayWhatTheyMean(t *testing.T) {
	names := map[string]string{}
	for _, rule := range readRules(t) {
		assert.NotContains(t, names, rule.name(), "%s has a rule of that name, too", names[rule.name()])
		names[rule.name()] = rule.file
		if rule.Alert == "" {
			continue
		}
		assert.Contains(t, []string{"critical", "warning", "info", ofCheck}, rule.severity(), rule.Alert)
		annotations := slices.DeleteFunc(slices.Sorted(maps.Keys(rule.Annotations)), func(name string) bool { return name == "exemplar_query" })
		assert.Equal(t, []string{"description", "runbook_url", "summary"}, annotations, rule.Alert)
		assert.Equal(t, "https://github.com/otelcol-ml/otelcol-ml/blob/main/docs/runbooks/"+rule.Alert+".md", rule.Annotations["runbook_url"])
	}
}

// TestQuietHasAllRules says that no file is left out of the test in which nothing fires.
func TestQuietHasAllRules(t *testing.T) {
	content, err := rules.Files.ReadFile("quiet_test.yaml")
	require.NoError(t, err)
	var f struct {
		RuleFiles []string `yaml:"rule_files"`
	}
	require.NoError(t, yaml.Unmarshal(content, &f))
	files := map[string]bool{}
	for _, rule := range readRules(t) {
		files[rule.file] = true
	}
	assert.Equal(t, slices.Sorted(maps.Keys(files)), f.RuleFiles)
}
