// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/docs/schema"
	"github.com/otelcol-ml/otelcol-ml/internal/convention"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

const tinyBaseline = `{"format_version":1,"rows":1,"features":[{"name":"amount","type":"numeric","count":0,"missing":1},{"name":"country","type":"categorical","count":1,"missing":0,"categories":[{"value":"DE","count":1}]}]}`

func TestViolations(t *testing.T) {
	for _, tt := range []struct {
		name, card string
		want       []string // without the file
	}{
		{"syntax", "kind: model\nname: [x\n", []string{`:2:1: is no YAML: did not find expected ',' or ']'`}},
		{"syntax of the scanner", "kind: model\nname: x\nowner: @me\n", []string{`:3:1: is no YAML: found character that cannot start any token`}},
		{"no mapping", "just words\n", []string{`:1:1: must be a block of keys, is a text`}},
		{"a key twice", "kind: model\nname: x\nname: y\n", []string{`:3:1: name: is there twice, first on line 2`}},
		{"merge key", "kind: model\nname: x\nalerts: {<<: {severity: info}}\n", []string{`:3:10: alerts: keys must be texts; merge keys (<<) are not supported`}},
		{"tag", "kind: model\nname: !!binary aGk=\n", []string{`:2:7: name: the tag !!binary is not supported`, `:2:7: name: must be a text, is empty`}},
		{"kind", "kind: modle\nname: x\n", []string{`:1:7: kind: "modle" is none of model, job; did you mean model?`}},
		{"missing", "owner: x\n", []string{`:1:1: kind: is missing`, `:1:1: name: is missing`}},
		{"unknown key", "kind: model\nname: x\nonwer: me\n", []string{`:3:1: onwer: unknown key; did you mean owner? (allowed: alerts, also_known_as, attributes, baseline, contract, derive, description, drift, environment, feature_views, features, kind, max_batch, models, name, owner, positive_class, prices, segment_features, segments, slos, task, versions)`}},
		{"unknown key below", "kind: model\nname: x\nversions:\n  - {version: a}\n  - {version: b, trained: x}\n", []string{`:5:18: versions[1].trained: unknown key; did you mean trained_at? (allowed: aliases, attributes, baseline, prices, trained_at, version)`}},
		{"a number as text", "kind: model\nname: x\nversions: [{version: 1.10}]\n", []string{`:3:22: versions[0].version: must be a text; write "1.10" in quotes`}},
		{"types", "kind: model\nname: x\nsegments: country\ndrift: {min_samples: many, window: 60, for: 1.5}\nfeatures: {a: {min: low, ignore: 1}}\n", []string{
			`:3:11: segments: must be a list, is a text`,
			`:4:22: drift.min_samples: must be a whole number, is a text ("many")`,
			`:4:36: drift.window: must be a duration such as 1h, or day, week or month, is a number`,
			`:4:45: drift.for: must be a whole number, is a number`,
			`:5:21: features.a.min: must be a number, is a text ("low")`,
			`:5:34: features.a.ignore: must be true or false, is a number`,
		}},
		{"ranges", "kind: model\nname: ''\ndrift: {min_samples: 0, thresholds: {psi: -1}}\nfeatures: {a.b: {max_missing: 1.5, importance: -1}}\nslos: [{name: n, objective: 1, latency_below: 0s}]\n", []string{
			`:2:7: name: must not be empty`,
			`:3:22: drift.min_samples: 0 must be at least 1`,
			`:3:43: drift.thresholds.psi: -1 must be at least 0`,
			`:4:31: features["a.b"].max_missing: 1.5 must be at most 1`,
			`:4:48: features["a.b"].importance: -1 must be at least 0`,
			`:5:29: slos[0].objective: 1 must be below 1`,
			`:5:47: slos[0].latency_below: "0s" must be above 0`,
		}},
		{"not finite", "kind: model\nname: x\nfeatures: {a: {max: .inf}}\n", []string{`:3:21: features.a.max: .inf is no finite number`, `:3:21: features.a.max: must be a number, is empty`}},
		{"durations", "kind: model\nname: x\ndrift: {window: 1 hour, max_window: -1h}\nslos: [{name: n, objective: 0.9, latency_below: 1.2.3s, for: 999999999w}]\n", []string{
			`:3:17: drift.window: "1 hour" is not a duration such as 1h, or day, week or month`,
			`:3:37: drift.max_window: "-1h" is not a duration, such as 90s, 1h30m, 7d or 2w`,
			`:4:49: slos[0].latency_below: "1.2.3s" is not a duration, such as 90s, 1h30m, 7d or 2w`,
			`:4:62: slos[0].for: "999999999w" is no duration, write it as 90s, 1h30m, 7d or 2w`,
		}},
		{"windows", "kind: model\nname: x\ndrift: {window: 90s, max_window: 1m}\n", []string{
			`:3:17: drift.window: 90s must be whole minutes, 1m to 744h, or day, week or month`, `:3:34: drift.max_window: 1m is below window, 90s`,
		}},
		{"methods of tools", "kind: model\nname: x\ndrift: {methods: {numeric: [psi@evidently, fisher, t_test], categorical: [z_test@evidently, ks@evidently, psi@evidentli]}, thresholds: {psi@evidently: 0.2}, method: tfdv}\n", []string{
			`:3:18: drift.methods: has no meaning beside method, "tfdv"`,
			`:3:44: drift.methods.numeric[1]: fisher is not for numeric features, or compares rows themselves: mlprofile score --method fisher computes it of data files`,
			`:3:52: drift.methods.numeric[2]: "t_test" is none of psi, jensen_shannon, kl, ks, wasserstein, chi2, hellinger, l_infinity, total_variation, cramers_v, fisher, g_test, or another tool's, as in docs/methods.md; did you mean g_test?`,
			`:3:52: drift.methods.numeric[2]: t_test is not for numeric features, or compares rows themselves: mlprofile score --method t_test computes it of data files`,
			`:3:93: drift.methods.categorical[1]: ks@evidently is not for categorical features, or compares rows themselves: mlprofile score --method ks@evidently computes it of data files`,
			`:3:107: drift.methods.categorical[2]: "psi@evidentli" is none of psi, jensen_shannon, kl, ks, wasserstein, chi2, hellinger, l_infinity, total_variation, cramers_v, fisher, g_test, or another tool's, as in docs/methods.md; did you mean psi@evidently?`,
		}},
		{"methods", "kind: model\nname: x\ndrift: {methods: {numeric: [ks, kss, ks], categorical: [wasserstein], text: []}, thresholds: {ksi: 1}, reference: [champoin]}\n", []string{
			`:3:33: drift.methods.numeric[1]: "kss" is none of psi, jensen_shannon, kl, ks, wasserstein, chi2, hellinger, l_infinity, total_variation, cramers_v, fisher, g_test, or another tool's, as in docs/methods.md; did you mean ks?`,
			`:3:38: drift.methods.numeric[2]: is there twice, first at [0]`,
			`:3:57: drift.methods.categorical[0]: wasserstein needs numeric values, the feature is categorical`,
			`:3:71: drift.methods.text: unknown key (allowed: categorical, numeric)`,
			`:3:95: drift.thresholds.ksi: unknown key; did you mean ks? (allowed: chi2, hellinger, jensen_shannon, kl, ks, l_infinity, low_confidence, missing, psi, relative_change, total_variation, wasserstein)`,
			`:3:116: drift.reference[0]: "champoin" is none of baseline, champion, previous; did you mean champion?`,
		}},
		{"versions", "kind: model\nname: x\nversions:\n- {version: a, aliases: [b, c]}\n- {version: b, aliases: [c]}\n- {version: a, trained_at: 2026-13-01}\n- {version: d, trained_at: yesterday}\n", []string{
			`:4:26: versions[0].aliases[0]: "b" is the name of versions[1]`,
			`:5:26: versions[1].aliases[0]: "c" is an alias of versions[0], too`,
			`:6:13: versions[2].version: "a" is there twice, first at [0]`,
			`:6:28: versions[2].trained_at: "2026-13-01" is no time of the calendar`,
			`:7:28: versions[3].trained_at: "yesterday" is not a time, such as 2026-11-01T00:00:00Z or 2026-11-01`,
		}},
		{"baseline", "kind: model\nname: x\nbaseline: b.json\nsegment_features: [amuont]\nfeatures:\n  countri: {}\n  amount: {min: 2, max: 1, values: [x]}\n  country: {min: 1, methods: [ks]}\n", []string{
			`:4:20: segment_features[0]: the baseline has no feature "amuont"; did you mean amount?`,
			`:6:12: features.countri: the baseline has no feature "countri"; did you mean country?`,
			`:7:17: features.amount.min: 2 is above max, 1`,
			`:7:36: features.amount.values: is for categorical features, this one is numeric`,
			`:8:18: features.country.min: is for numeric features, this one is categorical`,
			`:8:31: features.country.methods[0]: ks needs numeric values, the feature is categorical`,
		}},
		{"slos", "kind: model\nname: x\nslos:\n- {name: a}\n- {name: a, latency_below: 1s, measure: fpr, objective: 0.9}\n- {name: b, latency_below: 1s}\n- {name: c, measure: recall}\n- {name: d, measure: fpr, max_increase: {}}\n", []string{
			`:4:3: slos[0]: needs either latency_below or measure`,
			`:5:3: slos[1]: needs either latency_below or measure`,
			`:5:10: slos[1].name: "a" is there twice, first at [0]`,
			`:6:3: slos[2]: latency_below needs objective`,
			`:7:3: slos[3]: measure recall needs objective, min or max_decrease`,
			`:8:41: slos[4].max_increase: must have at least 1 of the keys absolute, relative`,
			`:8:41: slos[4].max_increase: needs compared_with`,
		}},
		{"keys of slos", "kind: model\nname: x\nslos:\n- {name: a, measure: recal, min: 0.9}\n- {name: b, measure: recall, max: 0.9}\n- {name: c, measure: evaluator_score, min: 0.8, objective: 0.9, for: 1m}\n- {name: d, measure: fpr, objective: 0.9, max: 0.1}\n- {name: e, measure: coverage}\n- {name: f, measure: fpr, max: 0.1, compared_with: 7d, period: 7d, own_bucket: true}\n- {name: g, measure: fpr, max: 0.1, max_increase: {absolute: 1}, compared_with: 7d}\n", []string{
			`:4:22: slos[0].measure: "recal" is none of errors, missing, false_positive_rate, fpr, false_negative_rate, fnr, recall, precision, accuracy, agreement, evaluator_score, drift, coverage, tokens_per_day, cost_per_day; did you mean recall?`,
			`:5:3: slos[1]: measure recall needs objective, min or max_decrease`,
			`:5:35: slos[1].max: is not for measure recall`,
			`:6:3: slos[2]: measure evaluator_score needs evaluator`,
			`:6:70: slos[2].for: is for a bound, and there is an objective`,
			`:7:48: slos[3].max: stands beside objective, only one of the two can be`,
			`:8:3: slos[4]: measure coverage needs min`,
			`:9:52: slos[5].compared_with: needs max_increase`,
			`:9:64: slos[5].period: needs objective`,
			`:9:80: slos[5].own_bucket: is for latency_below`,
			`:10:51: slos[6].max_increase: stands beside max, only one of the two can be`,
		}},
		{"contracts", "kind: model\nname: x\nfeatures: {f: {min: 0}}\ncontract:\n  checks:\n  - {feature: f}\n  - {min: 1}\n  - {feature: f, attribute: g, min: 2, above: 1, max: 0}\n  - {feature: f, type: [int], pattern: '(', name: a.b}\n  - {feature: f, name: two, required: true, not_missing: true}\n" +
			"  - {feature: f, max: 3}\n  - {statistic: rows, compared_with: 1d}\n  - {feature: f, statistic: quantile, min: 1, max_violations: 0.1, max_increase: 1}\n  - {feature: f, json_schema: {type: objekt}}\n  - {feature: f, json_schema: {$ref: 'file:///etc/passwd'}}\n", []string{
			`:6:3: contract.checks: lines 10 and 10 are both the check "f.two": give one of them a name`,
			`:6:3: contract.checks: lines 8 and 11 are both the check "f.range": give one of them a name`,
			`:6:3: contract.checks: lines 8 and 3 are both the check "f.range": give one of them a name`,
			`:6:5: contract.checks[0]: asks for nothing: it needs one of type, required, not_missing, min, max, above, below, values, not_values, pattern, not_pattern, min_length, max_length, max_age, condition, json_schema, max_missing, max_unseen, statistic, compared_with`,
			`:7:5: contract.checks[1]: needs feature, features or attribute`,
			`:8:5: contract.checks[2]: no number is between 1 and 0`,
			`:8:5: contract.checks[2]: has more than one of feature, features and attribute`,
			`:8:47: contract.checks[2].above: stands beside min, only one of the two can be`,
			`:9:25: contract.checks[3].type[0]: "int" is none of integer, number, string, boolean, array, object, timestamp`,
			":9:40: contract.checks[3].pattern: is no regular expression (RE2): missing closing ): `(`",
			`:9:51: contract.checks[3].name: "a.b" is not a name of letters, digits, _ and -, 64 at most`,
			`:10:24: contract.checks[4].name: is for one check, and the entry has 2: split it, or leave out the name`,
			`:12:38: contract.checks[6].compared_with: needs max_increase or max_decrease`,
			`:13:29: contract.checks[7].statistic: needs quantile`,
			`:13:63: contract.checks[7].max_violations: is for checks of rows`,
			`:13:82: contract.checks[7].max_increase: needs compared_with`,
			`:14:31: contract.checks[8].json_schema: cannot be used: "card:schema#" is not valid against metaschema: jsonschema validation failed with 'https://json-schema.org/draft/2020-12/schema#'; - at '': 'allOf' failed;   - at '/type': 'anyOf' failed;     - at '/type': value must be one of 'array', 'boolean', 'integer', 'null', 'number', 'object', 'string';     - at '/type': got string, want array`,
			`:15:31: contract.checks[9].json_schema: cannot be used: failing loading "file:///etc/passwd": file:///etc/passwd is not in the card, and a schema must not refer to anything else`,
		}},
		{"conditions of contracts", "kind: model\nname: x\ncontract:\n  checks:\n  - {name: a, condition: 'attributes[\"x\"] <'}\n  - {name: b, condition: 'Sqrt(attributes[\"x\"]) > 1'}\n  - {name: c, condition: 'log.body == nil'}\n  - {features: [x], condition: 'true'}\n", []string{
			`:5:26: contract.checks[0].condition: is no OTTL condition on a span: condition has invalid syntax: 1:18: unexpected token "<EOF>" (expected Field ("." Field)*)`,
			`:6:26: contract.checks[1].condition: is no OTTL condition on a span: undefined function "Sqrt"`,
			`:7:26: contract.checks[2].condition: is no OTTL condition on a span: segment "log" from path "log.body" is not a valid path nor a valid OTTL keyword for the span context - review https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/pkg/ottl/contexts/ottlspan to see all valid paths`,
			`:8:32: contract.checks[3].condition: names what it reads itself; feature says where the violation is shown, features is not for it`,
		}},
		{"contracts of jobs", "kind: job\nname: x\nstages: [{name: load}]\ncontract:\n  only_known_features: true\n  checks:\n  - {stage: laod, attribute: ml.stage.rows.out, min: 1}\n  - {statistic: rows, min: 1}\n", []string{
			`:5:24: contract.only_known_features: is for models`,
			`:7:13: contract.checks[0].stage: there is no stage "laod"; did you mean load?`,
			`:8:17: contract.checks[1].statistic: is of many rows, a stage is checked by what its span says`,
		}},
		{"positive class", "kind: model\nname: x\ntask: regression\npositive_class: a\n", []string{`:4:17: positive_class: is for the task binary_classification, not for regression`}},
		{"prices", "kind: model\nname: x\nprices: {output_per_million: -1, currency: usd, cached_input_per_million: 1}\n", []string{
			`:3:30: prices.output_per_million: -1 must be at least 0`, `:3:44: prices.currency: "usd" is not a currency of three capital letters (ISO 4217), such as USD or EUR`, `:3:75: prices.cached_input_per_million: needs input_per_million`,
		}},
		{"a comma in a price", "kind: model\nname: x\nprices: {input_per_million: '0,15', output_per_million: '1.5', cache_write_per_million: 1,5}\n", []string{
			`:3:29: prices.input_per_million: must be a number, is a text ("0,15"); write 0.15`,
			`:3:57: prices.output_per_million: must be a number, is a text ("1.5"); write 1.5`,
			`:3:91: prices.5: unknown key (allowed: cache_write_per_million, cached_input_per_million, currency, from, input_per_million, output_per_million)`,
		}},
		{"a wildcard", "kind: model\nname: gpt-*\nalso_known_as: [a, 'b*']\n---\nkind: job\nname: '*'\n", []string{
			`:2:7: name: "gpt-*" has a *, but a name is taken as it is written: write one card, and the other names under also_known_as, or with * under models`,
			`:3:20: also_known_as[1]: "b*" has a *, but a name is taken as it is written: write one card, and the other names under also_known_as, or with * under models`,
			`:6:7: name: "*" has a *, but a name is taken as it is written: write one card for each job`,
		}},
		{"patterns", "kind: model\nname: x\nmodels: [x, '*', '**', 'y-*']\n---\nkind: model\nname: z\nmodels: ['y-*']\n", []string{
			`:3:10: models[0]: the model "x" without an environment has a card already, FILE:1`,
			`:3:13: models[1]: "*" is every model: write at least one letter beside the *`,
			`:3:18: models[2]: "**" is every model: write at least one letter beside the *`,
			`:7:10: models[0]: the model "y-*" without an environment has a card already, FILE:1`,
		}},
		{"prices with dates", `kind: model
name: x
prices:
  - {from: 2026-01-01, input_per_million: 1}
  - {from: 2026-01-01T00:00:00Z, input_per_million: 2}
  - {input_per_million: 1}
  - {output_per_million: -1}
  - {from: tomorrow, input_per_million: 1}
  - {from: 2026-02-30, input_per_million: 1}
  - {from: 2026-03-01, currency: USD}
  - 5
`, []string{
			`:5:12: prices[1].from: the prices from "2026-01-01T00:00:00Z" on are at [0] already`,
			`:7:5: prices[3]: needs from: the prices at [2] have none, and only one can`,
			`:7:26: prices[3].output_per_million: -1 must be at least 0`,
			`:8:12: prices[4].from: "tomorrow" is not a time, such as 2026-11-01T00:00:00Z or 2026-11-01`,
			`:9:12: prices[5].from: "2026-02-30" is no time of the calendar`,
			`:10:12: prices[6].from: needs input_per_million or output_per_million`,
			`:11:5: prices[7]: must be a block of keys, is a number`,
		}},
		{"prices of another kind", "kind: model\nname: x\nprices: 5\n---\nkind: model\nname: y\nprices: []\n", []string{
			`:3:9: prices: must be a list or a block of keys, is a number`, `:7:9: prices: must have at least 1 item`,
		}},
		{"other names twice", "kind: model\nname: x\nalso_known_as: [x, y]\n---\nkind: model\nname: y\n---\nkind: model\nname: y\nenvironment: e\nalso_known_as: [x]\n", []string{
			`:3:17: also_known_as[0]: the model "x" without an environment has a card already, FILE:1`,
			`:6:7: name: the model "y" without an environment has a card already, FILE:1`,
		}},
		{"the largest batch", "kind: model\nname: x\nmax_batch: 0\n", []string{`:3:12: max_batch: 0 must be at least 1`}},
		{"attributes", "kind: model\nname: x\nattributes: {a.b: [1], '': x}\n", []string{
			`:3:19: attributes["a.b"]: must be true or false or a number or a text, is a list`, `:3:24: attributes[""]: is no good name: it must have 1 to 256 characters`,
		}},
		{"schedule", "kind: job\nname: x\nschedule: 0 25 * * *\nevery: 1h\ntimezone: Europe/Berlinn\n", []string{
			`:3:11: schedule: "0 25 * * *" is no cron expression of five fields (minute, hour, day of month, month, day of week): end of range (25) above maximum (23): 25`,
			`:4:8: every: stands beside schedule, only one of the two can be`,
			`:5:11: timezone: "Europe/Berlinn" is no time zone, write it as Europe/Berlin or UTC`,
		}},
		{"a date that never comes", "kind: job\nname: x\nschedule: 0 0 30 2 *\n", []string{`:3:11: schedule: "0 0 30 2 *" is a date that never comes`}},
		{"a zone in the schedule", "kind: job\nname: x\nschedule: TZ=UTC 0 0 1 2 *\n", []string{`:3:11: schedule: "TZ=UTC 0 0 1 2 *" has a time zone, write it under timezone`}},
		{"every in the schedule", "kind: job\nname: x\nschedule: '@every 1h'\n", []string{`:3:11: schedule: "@every 1h" is an interval, write it under every`}},
		{"an alert that is none", "kind: job\nname: x\nalerts: {disable: [JobSlo]}\n", []string{`:3:20: alerts.disable[0]: "JobSlo" is none of JobFailed, JobCancelled, JobOverdue, JobMissedSchedule, JobSlow, StageFailed, StageMissing, StageOverdue, StageStalled, StageRetried, StageMetric, StageRows, StageNulls, StageFeatures; did you mean JobSlow?`}},
		{"no day", "kind: job\nname: x\naccept_since: 2026-02-31\n", []string{`:3:15: accept_since: "2026-02-31" is no time of the calendar`}},
		{"no schedule", "kind: job\nname: x\nfinish_within: 1h\n", []string{`:3:16: finish_within: needs schedule or every`}},
		{"stages", "kind: job\nname: x\nstages:\n- {name: train, after: [biuld]}\n- {name: build, instances: 2, max_failed: 3}\n- {name: build, metrics: {auc: {min: 1, max: 0.5}}}\n", []string{
			`:4:25: stages[0].after[0]: there is no stage "biuld"; did you mean build?`,
			`:5:43: stages[1].max_failed: 3 is above instances, 2`,
			`:6:10: stages[2].name: "build" is there twice, first at [1]`,
			`:6:38: stages[2].metrics.auc.min: 1 is above max, 0.5`,
		}},
		{"a circle of stages", "kind: job\nname: x\nstages:\n- {name: z}\n- {name: a, after: [b]}\n- {name: b, after: [z, c]}\n- {name: c, after: [a]}\n", []string{
			`:5:20: stages[1].after: goes round in a circle: a after b after c after a`,
		}},
		{"cards twice", "kind: model\nname: x\n---\nkind: job\nname: x\n---\nkind: model\nname: x\nenvironment: e\n---\nkind: model\nname: x\n", []string{
			`:12:7: name: the model "x" without an environment has a card already, FILE:1`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := folder(t, map[string]string{"card.yaml": tt.card, "b.json": tinyBaseline})
			file := filepath.Join(dir, "card.yaml")
			set, err := Load(dir)
			assert.Nil(t, set)
			var got []string
			for _, v := range yamldoc.Violations(err) {
				got = append(got, strings.ReplaceAll(strings.TrimPrefix(v.Error(), file), file, "FILE"))
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestViolationsOfAllFilesAndOfBaselines(t *testing.T) {
	dir := folder(t, map[string]string{
		"a.yaml":     "kind: model\nname: a\nbaseline: bad.json\n",
		"b.yaml":     "kind: model\nname: b\nowner: 1\n---\nkind: model\nname: a\n",
		"c/c.yaml":   "kind: model\nname: c\nbaseline: ../absent.json\nversions: [{version: x, baseline: ../absent.json}]\n",
		"d.yaml":     "kind: model\nname: d\nbaseline: .\n",
		"bad.json":   `{"format_version": 1, "rows": 1, "features": [{"name": "x", "type": "number", "count": 0, "missing": 0}, null]}`,
		"empty.yaml": "# nothing\n---\n---\n",
	})
	_, err := Load(dir)
	var got []string
	for _, v := range yamldoc.Violations(err) {
		got = append(got, strings.ReplaceAll(v.Error(), dir, "DIR"))
	}
	assert.Equal(t, []string{
		`DIR/a.yaml:3:11: baseline: cannot be loaded: DIR/bad.json: features[0] (x).type: "number" is neither "numeric" nor "categorical"; features[1]: must not be null`,
		`DIR/b.yaml:3:8: owner: must be a text; write "1" in quotes`,
		`DIR/b.yaml:6:7: name: the model "a" without an environment has a card already, DIR/a.yaml:1`,
		`DIR/c/c.yaml:3:11: baseline: cannot be loaded: open DIR/absent.json: no such file or directory`,
		`DIR/c/c.yaml:4:35: versions[0].baseline: cannot be loaded: open DIR/absent.json: no such file or directory`,
		`DIR/d.yaml:3:11: baseline: cannot be loaded: open DIR: is no file`,
	}, got)
	assert.ErrorContains(t, err, "a.yaml:3:11")
}

// TestEveryPropertyIsDescribed keeps the schema useful in an editor, and strict.
func TestEveryPropertyIsDescribed(t *testing.T) {
	require.NotEmpty(t, schema.Card)
	n := 0
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			if properties, ok := v["properties"].(map[string]any); ok && !strings.Contains(path, "/if") {
				if path != "" {
					assert.Equal(t, false, v["additionalProperties"], path)
				}
				for name, p := range properties {
					n++
					assert.NotEmpty(t, p.(map[string]any)["description"], path+"/"+name)
				}
			}
			for k, child := range v {
				walk(path+"/"+k, child)
			}
		case []any:
			for _, child := range v {
				walk(path, child)
			}
		}
	}
	walk("", any(schemaSource(t)))
	assert.Greater(t, n, 60)
}

func schemaSource(t *testing.T) map[string]any {
	t.Helper()
	var source map[string]any
	require.NoError(t, json.Unmarshal(schema.Card, &source))
	return source
}

// TestCardsUseEveryKey keeps the cards of TestLoadEveryKey complete: a key that the schema has is
// one that the tests load.
func TestCardsUseEveryKey(t *testing.T) {
	used := map[string]bool{}
	var collect func(v any)
	collect = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, child := range v {
				used[k] = true
				collect(child)
			}
		case []any:
			for _, child := range v {
				collect(child)
			}
		}
	}
	r := &yamldoc.Report{}
	for _, card := range []string{everyModelKey, everyJobKey} {
		docs, _ := yamldoc.Parse("card", []byte(card), documents, r)
		for _, d := range docs {
			collect(d.Value)
		}
	}
	require.Empty(t, r.List())
	used["positive_class"] = true // of another task; in examples/catalog
	used["method"] = true         // which excludes methods: TestMethodOfATool
	for name, def := range schemaSource(t)["$defs"].(map[string]any) {
		properties, _ := def.(map[string]any)["properties"].(map[string]any)
		for key := range properties {
			assert.True(t, used[key], "%s.%s", name, key)
		}
	}
}

// TestSchemaKnowsTheMethods keeps the names in the schema equal to those of the statistics.
func TestSchemaKnowsTheMethods(t *testing.T) {
	defs := schemaSource(t)["$defs"].(map[string]any)
	var want, tools, inList, inBlock []any
	for _, m := range stats.Methods() {
		want = append(want, string(m))
	}
	pattern := regexp.MustCompile(slices.Collect(maps.Keys(defs["thresholds"].(map[string]any)["patternProperties"].(map[string]any)))[0])
	for _, name := range convention.Names() {
		if m, _ := convention.Find(name); m.Binned() || m.Counted() {
			tools = append(tools, name)
			assert.Regexp(t, pattern, name)
		}
	}
	inList = defs["methods"].(map[string]any)["items"].(map[string]any)["enum"].([]any)
	for name := range defs["thresholds"].(map[string]any)["properties"].(map[string]any) {
		inBlock = append(inBlock, name)
	}
	assert.ElementsMatch(t, append(slices.Clone(want), tools...), inList)
	var presets []any
	for _, name := range convention.Presets() {
		presets = append(presets, name)
	}
	drift := defs["drift"].(map[string]any)["properties"].(map[string]any)
	assert.ElementsMatch(t, presets, drift["method"].(map[string]any)["enum"])
	assert.ElementsMatch(t, append(want, "missing", "relative_change", "low_confidence"), inBlock)
}

func TestMethodOfATool(t *testing.T) {
	set, err := Load(folder(t, map[string]string{"card.yaml": "kind: model\nname: x\ndrift: {method: nannyml}\n"}))
	require.NoError(t, err)
	assert.Equal(t, "nannyml", set.Model("", "x").Drift.Method)
}
