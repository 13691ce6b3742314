// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/otelcol-ml/otelcol-ml/internal/contract"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/spanottl"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// modelContract reads the contract of a model, with the checks that stand at its features; nil without
// any check.
func (o object) modelContract(m *Model) *contract.Contract {
	c := o.contract()
	severity := o.severity()
	for _, name := range slices.Sorted(maps.Keys(m.Features)) {
		_, node := o.doc.At(o.at("features", name))
		c.Checks = append(c.Checks, m.Features[name].checks(name, severity, node.Line)...)
	}
	if c.OnlyKnown {
		c.Known = m.known(c.Checks)
		c.Checks = append(c.Checks, contract.Check{Kind: contract.UnknownFeature, Name: string(contract.UnknownFeature), Severity: severity})
	}
	o.onceEach(c.Checks)
	if len(c.Checks) == 0 {
		return nil
	}
	return c
}

// jobContract reads the contract of a job; nil without any check. Its checks are of what spans of
// stages say.
func (o object) jobContract(stages []Stage) *contract.Contract {
	c := o.contract()
	names := make([]string, 0, len(stages))
	for i := range stages {
		names = append(names, stages[i].Name)
	}
	for i, b := range o.block("contract").blocks("checks") {
		if stage := b.text("stage"); stage != "" && len(stages) > 0 && !slices.Contains(names, stage) {
			b.fail([]string{"stage"}, "there is no stage %q%s", yamldoc.Clip(stage), yamldoc.Suggest(stage, names))
		}
		for _, key := range []string{"statistic", "max_missing", "max_unseen"} {
			if b.has(key) {
				o.fail([]string{"contract", "checks", strconv.Itoa(i), key}, "is of many rows, a stage is checked by what its span says")
			}
		}
	}
	if c.OnlyKnown {
		o.fail([]string{"contract", "only_known_features"}, "is for models")
	}
	o.onceEach(c.Checks)
	if len(c.Checks) == 0 {
		return nil
	}
	return c
}

func (o object) severity() string {
	return cmp.Or(o.block("contract").text("severity"), contract.Warning)
}

// contract reads the block of that name.
func (o object) contract() *contract.Contract {
	block := o.block("contract")
	severity := o.severity()
	c := &contract.Contract{OnlyKnown: block.flag("only_known_features")}
	if versions := block.texts("schema_versions"); len(versions) > 0 {
		c.Checks = append(c.Checks, contract.Check{Kind: contract.SchemaVersion, Name: string(contract.SchemaVersion), Severity: severity, Values: versions})
	}
	for _, b := range block.blocks("checks") {
		c.Checks = append(c.Checks, b.checks(severity)...)
	}
	return c
}

// onceEach reports checks with one name.
func (o object) onceEach(checks []contract.Check) {
	seen := make(map[string]int, len(checks))
	for i := range checks {
		c := &checks[i]
		id := c.Stage + "\x00" + c.ID()
		if line, ok := seen[id]; ok {
			o.fail([]string{"contract", "checks"}, "lines %d and %d are both the check %q: give one of them a name", line, c.Line, yamldoc.Clip(c.ID()))
			continue
		}
		seen[id] = c.Line
	}
}

// known are the features that the model may have.
func (m *Model) known(checks []contract.Check) map[string]bool {
	known := map[string]bool{}
	for name := range m.Features {
		known[name] = true
	}
	for i := range checks {
		if f := checks[i].Feature; f != "" {
			known[f] = true
		}
	}
	add := func(p *profile.Profile) {
		if p == nil {
			return
		}
		for i := range p.Features {
			known[p.Features[i].Name] = true
		}
	}
	add(m.Baseline)
	for _, v := range m.Versions {
		add(v.Baseline)
	}
	return known
}

// checks are those that stand at a feature.
func (f Feature) checks(name, severity string, line int) []contract.Check {
	var checks []contract.Check
	add := func(c contract.Check) {
		c.Feature, c.Severity, c.Line = name, severity, line
		c.Name = cmp.Or(c.Statistic, string(c.Kind))
		checks = append(checks, c)
	}
	if f.Min != nil || f.Max != nil {
		add(contract.Check{Kind: contract.Range, Min: f.Min, Max: f.Max})
	}
	if f.Values != nil {
		add(contract.Check{Kind: contract.Values, Values: f.Values})
	}
	if f.MaxMissing != nil {
		add(contract.Check{Kind: contract.Statistic, Statistic: contract.Missing, Max: f.MaxMissing})
	}
	if f.MaxUnseen != nil {
		add(contract.Check{Kind: contract.Statistic, Statistic: contract.Unseen, Max: f.MaxUnseen})
	}
	return checks
}

// checks reads an entry: a check for each key that asks for something, and each feature.
func (o object) checks(severity string) []contract.Check {
	if o.m == nil {
		return nil
	}
	asked := o.asked()
	o.checkEntry(asked)
	_, node := o.doc.At(o.path)
	features := o.texts("features")
	if len(features) == 0 {
		features = []string{o.text("feature")}
	}
	var checks []contract.Check
	for _, feature := range features {
		for _, c := range asked {
			c.Feature, c.Attribute, c.Stage = feature, o.text("attribute"), o.text("stage")
			c.Name = cmp.Or(o.text("name"), c.Statistic, string(c.Kind))
			c.Severity = cmp.Or(o.text("severity"), severity)
			c.Description, c.Line = o.text("description"), node.Line
			if share := o.number("max_violations"); share != nil {
				c.MaxViolations = *share
			}
			checks = append(checks, c)
		}
	}
	return checks
}

// asked returns a check for each thing that an entry asks for.
func (o object) asked() []contract.Check {
	var checks []contract.Check
	add := func(c contract.Check) { checks = append(checks, c) }
	if o.has("statistic") || o.has("compared_with") {
		add(o.statistic())
	} else if low, high, above, below := o.openBounds(); low != nil || high != nil {
		add(contract.Check{Kind: contract.Range, Min: low, Max: high, Above: above, Below: below})
	}
	if types := o.types(); len(types) > 0 {
		add(contract.Check{Kind: contract.Type, Types: types})
	}
	if o.has("required") {
		add(contract.Check{Kind: contract.Required})
	}
	if o.has("not_missing") {
		add(contract.Check{Kind: contract.NotMissing})
	}
	if values := o.categories("values"); values != nil {
		add(contract.Check{Kind: contract.Values, Values: values})
	}
	if values := o.categories("not_values"); values != nil {
		add(contract.Check{Kind: contract.NotValues, Values: values})
	}
	if re := o.regexp("pattern"); re != nil {
		add(contract.Check{Kind: contract.Matches, Pattern: re})
	}
	if re := o.regexp("not_pattern"); re != nil {
		add(contract.Check{Kind: contract.NotMatches, Pattern: re})
	}
	if low, high := o.number("min_length"), o.number("max_length"); low != nil || high != nil {
		if low != nil && high != nil && *low > *high {
			o.fail([]string{"min_length"}, "%v is above max_length, %v", *low, *high)
		}
		add(contract.Check{Kind: contract.Length, Min: low, Max: high})
	}
	if age := o.duration("max_age"); age > 0 {
		add(contract.Check{Kind: contract.Freshness, Age: age})
	}
	if condition := o.text("condition"); condition != "" {
		add(contract.Check{Kind: contract.Condition, Condition: condition, Predicate: o.predicate(condition)})
	}
	if schema := o.jsonSchema(); schema != nil {
		add(contract.Check{Kind: contract.JSONSchema, Schema: schema})
	}
	if limit := o.number("max_missing"); limit != nil {
		add(contract.Check{Kind: contract.Statistic, Statistic: contract.Missing, Max: limit})
	}
	if limit := o.number("max_unseen"); limit != nil {
		add(contract.Check{Kind: contract.Statistic, Statistic: contract.Unseen, Max: limit})
	}
	return checks
}

// askingKeys are those of which an entry needs one.
var askingKeys = []string{
	"type", "required", "not_missing", "min", "max", "above", "below", "values", "not_values", "pattern", "not_pattern",
	"min_length", "max_length", "max_age", "condition", "json_schema", "max_missing", "max_unseen", "statistic", "compared_with",
}

// checkEntry reports what the schema cannot say of an entry.
func (o object) checkEntry(asked []contract.Check) {
	if len(asked) == 0 && !o.anyAsked() {
		o.fail(nil, "asks for nothing: it needs one of %s", strings.Join(askingKeys, ", "))
		return
	}
	if o.has("name") && len(asked) > 1 {
		o.fail([]string{"name"}, "is for one check, and the entry has %d: split it, or leave out the name", len(asked))
	}
	subjects := 0
	for _, key := range []string{"feature", "features", "attribute"} {
		if o.has(key) {
			subjects++
		}
	}
	if subjects > 1 {
		o.fail(nil, "has more than one of feature, features and attribute")
	}
	for i := range asked {
		c := &asked[i]
		switch {
		case c.Kind == contract.Condition && o.has("feature"), c.Kind == contract.Freshness && subjects == 0, c.Statistic == contract.Rows && subjects == 0:
		case c.Kind == contract.Condition && subjects > 0:
			other := "features"
			if o.has("attribute") {
				other = "attribute"
			}
			o.fail([]string{"condition"}, "names what it reads itself; feature says where the violation is shown, %s is not for it", other)
		case c.Kind == contract.Condition:
		case c.Statistic == contract.Rows:
			o.fail([]string{"statistic"}, "rows are of no feature or attribute")
		case c.Kind == contract.Statistic && o.has("attribute"):
			o.fail([]string{"attribute"}, "is for checks of rows; windows are of features")
		case subjects == 0:
			o.fail(nil, "needs feature, features or attribute")
		}
		if c.Kind == contract.Statistic && o.has("max_violations") {
			o.fail([]string{"max_violations"}, "is for checks of rows")
		}
	}
	if o.has("quantile") && o.text("statistic") != contract.Quantile {
		o.fail([]string{"quantile"}, "is for statistic: quantile")
	}
	for _, key := range []string{"max_increase", "max_decrease"} {
		if o.has(key) && !o.has("compared_with") {
			o.fail([]string{key}, "needs compared_with")
		}
	}
}

// anyAsked is true where a key that asks for something is there, though its value is bad.
func (o object) anyAsked() bool {
	return slices.ContainsFunc(askingKeys, o.has)
}

func (o object) statistic() contract.Check {
	c := contract.Check{
		Kind: contract.Statistic, Statistic: o.text("statistic"), ComparedWith: o.duration("compared_with"),
		MaxIncrease: o.number("max_increase"), MaxDecrease: o.number("max_decrease"),
	}
	c.Min, c.Max, c.Above, c.Below = o.openBounds()
	q := o.number("quantile")
	if q != nil {
		c.Quantile = *q
	}
	bounded, changing := c.Min != nil || c.Max != nil, c.MaxIncrease != nil || c.MaxDecrease != nil
	switch {
	case c.Statistic == "":
		o.fail([]string{"compared_with"}, "needs statistic")
	case c.Statistic == contract.Quantile && q == nil:
		o.fail([]string{"statistic"}, "needs quantile")
	case o.has("compared_with") && !changing:
		o.fail([]string{"compared_with"}, "needs max_increase or max_decrease")
	case o.has("compared_with") && bounded:
		o.fail([]string{"compared_with"}, "stands beside min, max, above or below: write two entries")
	case !o.has("compared_with") && !bounded:
		o.fail([]string{"statistic"}, "needs min, max, above or below")
	}
	return c
}

// openBounds reads min or above, and max or below.
func (o object) openBounds() (low, high *float64, above, below bool) {
	low, high = o.number("min"), o.number("max")
	for _, pair := range [][2]string{{"min", "above"}, {"max", "below"}} {
		if o.has(pair[0]) && o.has(pair[1]) {
			o.fail([]string{pair[1]}, "stands beside %s, only one of the two can be", pair[0])
		}
	}
	if b := o.number("above"); b != nil {
		low, above = b, true
	}
	if b := o.number("below"); b != nil {
		high, below = b, true
	}
	if low != nil && high != nil && (*low > *high || *low == *high && (above || below)) {
		o.fail(nil, "no number is between %v and %v", *low, *high)
	}
	return low, high, above, below
}

func (o object) types() []string {
	one := o.text("type")
	if one == "" {
		return o.texts("type")
	}
	if !slices.Contains(contract.Types, one) {
		o.fail([]string{"type"}, "%q is none of %s%s", yamldoc.Clip(one), strings.Join(contract.Types, ", "), yamldoc.Suggest(one, contract.Types))
	}
	return []string{one}
}

// categories reads a list of values as categories; nil if there is none.
func (o object) categories(key string) []string {
	list, _ := o.m[key].([]any)
	var values []string
	for _, v := range list {
		switch v := v.(type) {
		case string:
			values = append(values, value.Category(v))
		case int64:
			values = append(values, strconv.FormatInt(v, 10))
		case float64:
			values = append(values, value.FormatFloat(v))
		case bool:
			values = append(values, strconv.FormatBool(v))
		}
	}
	return values
}

func (o object) regexp(key string) *regexp.Regexp {
	s := o.text(key)
	if s == "" || len(s) > 4096 {
		return nil
	}
	re, err := regexp.Compile(s)
	if err != nil {
		o.fail([]string{key}, "is no regular expression (RE2): %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		return nil
	}
	return re
}

// predicate compiles an OTTL condition.
func (o object) predicate(condition string) contract.Predicate {
	compiled, err := spanottl.NewCondition(condition)
	if err != nil {
		o.fail([]string{"condition"}, "is no OTTL condition on a span: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
		return nil
	}
	return compiled
}

// jsonSchema compiles a schema, which cannot refer to other files or addresses.
func (o object) jsonSchema() *jsonschema.Schema {
	if !o.has("json_schema") {
		return nil
	}
	data, err := json.Marshal(o.m["json_schema"])
	if err == nil {
		var source any
		if source, err = jsonschema.UnmarshalJSON(bytes.NewReader(data)); err == nil {
			c := jsonschema.NewCompiler()
			c.UseLoader(noLoader{})
			if err = c.AddResource(schemaURL, source); err == nil {
				var schema *jsonschema.Schema
				if schema, err = c.Compile(schemaURL); err == nil {
					return schema
				}
			}
		}
	}
	o.fail([]string{"json_schema"}, "cannot be used: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	return nil
}

// schemaURL is what errors call the schema.
const schemaURL = "card:schema"

// noLoader refuses to read what a schema refers to.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("%s is not in the card, and a schema must not refer to anything else", url)
}
