// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/draft"
	"github.com/otelcol-ml/otelcol-ml/internal/contract"
)

// soda reads checks of Soda (SodaCL) of one dataset, a data contract of Soda Core 3, or a reference of
// a distribution check.
func (s *source) soda(path string, data []byte) error {
	for name, v := range s.options.Parameters {
		data = regexp.MustCompile(`\$\{\s*(var\.|VAR\.)?`+regexp.QuoteMeta(name)+`\s*\}`).ReplaceAllLiteral(data, []byte(v))
	}
	doc, err := decodeYAML(path, data)
	if err != nil {
		return err
	}
	top, ok := doc.Value.(map[string]any)
	if !ok {
		return errors.New("is no mapping")
	}
	r := &sodaReader{source: s, dataset: s.options.Dataset, columns: map[string]object{}}
	file := object(top)
	switch {
	case file["dataset"] != nil:
		return r.dataContract(file)
	case file["distribution_type"] != nil, file["distribution reference"] != nil:
		s.item("%s: distribution reference", file.text("column")).
			leave("is what values were like, and no check; mlprofile build makes a baseline of data, which ml_drift compares with")
		return nil
	}
	return r.checksFile(doc.Root, file)
}

// sodaReader reads one file.
type sodaReader struct {
	*source
	// dataset is the one that is read, columns are settings of its columns for all checks.
	dataset string
	columns map[string]object
}

var (
	checksFor  = regexp.MustCompile(`^checks for (.+?)(?:\s*\[(.+)\])?$`)
	settingFor = regexp.MustCompile(`^((?:valid|invalid|missing) [a-z ]+?) for (.+)$`)
)

func (r *sodaReader) checksFile(root *yaml.Node, file object) error {
	for i := 0; i+1 < len(root.Content); i += 2 {
		key := root.Content[i].Value
		if name, ok := strings.CutPrefix(key, "configurations for "); ok && (r.dataset == "" || name == r.dataset) {
			for setting, v := range file.object(key) {
				if m := settingFor.FindStringSubmatch(setting); m != nil {
					if r.columns[m[2]] == nil {
						r.columns[m[2]] = object{}
					}
					r.columns[m[2]][m[1]] = v
				}
			}
		}
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		r.section(root.Content[i].Value, file)
	}
	if r.Stated == 0 {
		return errors.New("has no check")
	}
	return nil
}

// section reads a key of the file.
func (r *sodaReader) section(key string, file object) {
	m := checksFor.FindStringSubmatch(key)
	if m == nil {
		switch {
		case strings.HasPrefix(key, "configurations for "), strings.HasPrefix(key, "variables"):
		default:
			r.item("%s", key).leave("is no list of checks of one dataset")
		}
		return
	}
	name := strings.Trim(m[1], `"'`)
	if r.dataset == "" {
		r.dataset = name
	}
	list := file.list(key)
	if name != r.dataset {
		r.item("%s", key).leave("are %d checks of another dataset, and a card is of one", len(list))
		return
	}
	r.Name = name
	if m[2] != "" {
		r.Note(key, "the filter [%s] is not carried over: the checks are of all rows", m[2])
	}
	for n, v := range list {
		r.check(n, v)
	}
}

// check reads an item of a list: a line, or a line with settings.
func (r *sodaReader) check(n int, v any) {
	switch v := v.(type) {
	case string:
		r.line(v, nil)
	case map[string]any:
		if len(v) != 1 {
			r.item("check %d", n+1).leave("has %d keys and not one", len(v))
			return
		}
		for line, settings := range v {
			m, _ := settings.(map[string]any)
			if m == nil {
				m = map[string]any{}
			}
			r.line(line, m)
		}
	default:
		r.item("check %d", n+1).leave("is no text")
	}
}

// unsupported are beginnings of checks that a card does not have.
var unsupported = []struct{ begins, reason string }{
	{"values in ", "looks values up in another dataset"},
	{"anomaly detection", "learns what is usual; ml_drift does, with a baseline or seasons"},
	{"anomaly score", "learns what is usual; ml_drift does, with a baseline or seasons"},
	{"distribution_difference", "compares distributions; ml_drift does, with the methods of Soda (psi@soda, ks@soda, chi2@soda, wasserstein@soda) and a baseline"},
	{"change ", "compares with the scan before, and does not say how long ago that was; write compared_with"},
	{"group by", "checks each group; ml_drift has segments"},
	{"group evolution", "compares groups with those before"},
	{"reconciliation", "compares two datasets"},
	{"freshness using", "is not of a column that spans have"},
	{"profile ", "is no check"},
	{"discover ", "is no check"},
}

func (r *sodaReader) line(line string, settings object) {
	line = strings.TrimSpace(line)
	if line == "schema" {
		r.schema(settings)
		return
	}
	i := r.item("%s", line)
	if line == "failed rows" {
		i.failedRows(settings)
		return
	}
	for _, u := range unsupported {
		if strings.HasPrefix(line, u.begins) {
			i.leave("%s", u.reason)
			return
		}
	}
	m, err := parseSodaLine(line)
	if err != nil {
		i.leave("%s", err)
		return
	}
	m.settings, m.text = settings, settings.text("name")
	for key, v := range r.columns[m.column] {
		if m.settings == nil {
			m.settings = object{}
		}
		if m.settings[key] == nil {
			m.settings[key] = v
		}
	}
	if m.limits != nil {
		i.metric(m)
		return
	}
	r.levels(i, m)
}

// levels reads the thresholds of a check that warns and fails.
func (r *sodaReader) levels(i *item, m *sodaMetric) {
	seen := false
	for _, level := range []struct{ key, severity string }{{"fail", contract.Critical}, {"warn", contract.Warning}} {
		v := m.settings[level.key]
		if v == nil {
			continue
		}
		seen = true
		text, _ := v.(string)
		when, ok := strings.CutPrefix(strings.TrimSpace(text), "when ")
		if !ok {
			i.leave("%s: is no text that begins with when", level.key)
			continue
		}
		limits, err := parseLimits(when)
		if err != nil {
			i.leave("%s: %s", level.key, err)
			continue
		}
		bad := *m
		if bad.limits = limits.inverse(); bad.limits == nil {
			i.leave("%s: a card bounds what is good, and %q bounds what is bad on both sides", level.key, when)
			continue
		}
		bad.severity, bad.level = level.severity, level.key
		i.metric(&bad)
	}
	if !seen {
		i.leave("has no threshold")
	}
}

// failedRows reads a condition that no row may meet.
func (i *item) failedRows(settings object) {
	if settings["fail query"] != nil {
		i.leave("is a query of SQL")
		return
	}
	text := settings.text("fail condition")
	filter, err := parseFilter(text, true)
	if err != nil {
		i.leave("its fail condition cannot be said in OTTL: %s", err)
		return
	}
	if settings["warn"] != nil || settings["fail"] != nil {
		i.leave("allows a number of rows; write max_violations")
		return
	}
	i.add(draft.Check{Name: "failed_rows", Condition: "not (" + filter + ")", Description: settings.text("name")})
}

// schema reads which columns there must be.
func (r *sodaReader) schema(settings object) {
	for _, level := range []struct{ key, severity string }{{"fail", contract.Critical}, {"warn", contract.Warning}} {
		of := settings.object(level.key)
		keys := make([]string, 0, len(of))
		for key := range of {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			r.item("schema: %s: %s", level.key, key).schema(key, of, level.severity)
		}
	}
}

func (i *item) schema(key string, of object, severity string) {
	names, _ := texts(of[key])
	if slices.ContainsFunc(names, func(s string) bool { return strings.ContainsAny(s, "%*") }) {
		i.leave("names columns by a pattern")
		return
	}
	switch key {
	case "when required column missing":
		for _, name := range names {
			i.add(draft.Check{Feature: name, Required: true, Severity: severity})
		}
	case "when forbidden column present":
		for _, name := range names {
			i.add(draft.Check{Name: "forbidden", Feature: name, Condition: ref(name) + " == nil", Severity: severity})
		}
	case "when wrong column type", "when mismatching columns":
		i.columnTypes(of.object(key), severity, key == "when mismatching columns")
	case "when wrong column index":
		i.leave("is of the order of columns, and spans have none")
	default:
		i.leave("compares with the scan before")
	}
}

func (i *item) columnTypes(columns object, severity string, exact bool) {
	names := make([]string, 0, len(columns))
	for name := range columns {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if exact {
			i.of.OnlyKnown = true
			i.add(draft.Check{Feature: name, Required: true, Severity: severity})
		}
		if kind := columns.text(name); kind != "" {
			i.columnType(name, kind, severity)
		}
	}
}

func (i *item) columnType(column, kind, severity string) {
	types, _ := cardTypes([]string{kind})
	if len(types) == 0 {
		i.leave("no type of a card is meant by %s", quoted([]string{kind}))
		return
	}
	i.add(draft.Check{Feature: column, Types: types, Severity: severity})
}

// dataContract reads a data contract of Soda Core 3.
func (r *sodaReader) dataContract(file object) error {
	r.Name = file.text("dataset")
	columns := file.objects("columns")
	if len(columns) > maxFeatures {
		return fmt.Errorf("has more than %d columns", maxFeatures)
	}
	r.OnlyKnown = len(columns) > 0 && file.text("extra_columns") != "allowed"
	for n, c := range columns {
		name := c.text("name")
		if name == "" {
			r.item("column %d", n+1).leave("it has no name")
			continue
		}
		if c["optional"] != true {
			r.item("%s: column", name).add(draft.Check{Feature: name, Required: true})
		} else {
			r.item("%s: column", name).add(draft.Check{Name: "optional", Feature: name, MaxMissing: new(1.0)})
		}
		if kind := c.text("data_type"); kind != "" {
			r.item("%s: data_type", name).columnType(name, kind, "")
		}
		for _, check := range c.objects("checks") {
			r.contractCheck(name, check)
		}
	}
	for _, check := range file.objects("checks") {
		r.contractCheck("", check)
	}
	for _, key := range []string{"filter_sql", "sql_filter"} {
		if file[key] != nil {
			r.item("%s", key).leave("the checks are of all rows")
		}
	}
	if r.Stated == 0 {
		return errors.New("has no column and no check")
	}
	return nil
}

// contractCheck reads a check of a data contract.
func (r *sodaReader) contractCheck(column string, check object) {
	kind := check.text("type")
	i := r.item("%s", kind)
	if column != "" {
		i.name = column + ": " + kind
	}
	m := &sodaMetric{name: kind, column: column, settings: object{}, text: check.text("name")}
	for key, v := range check {
		m.settings[strings.ReplaceAll(strings.TrimSuffix(key, "_sql"), "_", " ")] = v
	}
	var err error
	if m.limits, err = contractLimits(check); err != nil {
		i.leave("%s", err)
		return
	}
	if unit, ok := freshnessUnits[kind]; ok {
		m.name = "freshness"
		m.limits.scale(unit)
	}
	switch kind {
	case "no_missing_values", "no_invalid_values", "no_duplicate_values":
		m.name = strings.TrimSuffix(strings.TrimPrefix(kind, "no_"), "_values") + "_count"
		m.limits = &limits{high: new(0.0)}
	case "rows_exist":
		m.name, m.limits = "row_count", &limits{low: new(0.0), above: true}
	case "metric_expression", "metric_query", "sql_expression":
		i.leave("is computed by SQL")
		return
	}
	if check["columns"] != nil {
		i.leave("is of several columns together")
		return
	}
	if *m.limits == (limits{}) {
		i.leave("has no threshold")
		return
	}
	i.metric(m)
}
