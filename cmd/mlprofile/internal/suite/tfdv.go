// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/draft"
	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/protolayout"
	"github.com/otelcol-ml/otelcol-ml/internal/contract"
)

// maxFeatures is the number of features of a schema.
const maxFeatures = 10_000

var anomaliesHead = regexp.MustCompile(`(?m)^\s*baseline\s*(:\s*)?[{<]`)

// tfdv reads a schema of TensorFlow Data Validation as text, or the one in a file of anomalies.
func (s *source) tfdv(data []byte) error {
	schema, err := parseSchema(s, data)
	if err != nil {
		return err
	}
	features := schema.All("feature")
	if len(features) == 0 {
		return errors.New("has no feature")
	}
	if len(features) > maxFeatures {
		return fmt.Errorf("has more than %d features", maxFeatures)
	}
	t := &tfdvSchema{source: s, Node: schema}
	t.OnlyKnown = true // a column that the schema does not have is an anomaly
	for _, f := range features {
		t.feature("", f)
	}
	for _, kind := range []protolayout.Name{"sparse_feature", "weighted_feature"} {
		for _, f := range schema.All(kind) {
			s.item("%s: %s", f.Text("name"), kind).leave("is made of other features, which are checked by themselves")
		}
	}
	if schema.Has("dataset_constraints") {
		t.dataset(schema.Sub("dataset_constraints"))
	}
	if n := len(schema.All("tensor_representation_group")); n > 0 {
		s.item("tensor_representation_group").leave("says how tensors are made, not what data must be like")
	}
	return nil
}

// parseSchema decodes the text. A field that a newer version of the schema has is said.
func parseSchema(s *source, data []byte) (protolayout.Node, error) {
	d := schemaDescriptor()
	anomalies := anomaliesHead.Match(data)
	if anomalies {
		d = anomaliesDescriptor()
	}
	m, err := protolayout.ParseText(d, data, anomalies)
	if err != nil && strings.Contains(err.Error(), "unknown field") {
		first := err
		if m, err = protolayout.ParseText(d, data, true); err == nil {
			s.item("fields of the schema").leave("some are not known here, the first is: %s", first)
		}
	}
	if err != nil {
		return protolayout.Node{}, err
	}
	n := protolayout.Node{Message: m}
	if anomalies {
		return n.Sub("baseline"), nil
	}
	return n, nil
}

// tfdvSchema is a schema that is being read.
type tfdvSchema struct {
	*source
	protolayout.Node
}

// validated are the stages of features that TFDV validates.
var validated = []string{"UNKNOWN_STAGE", "BETA", "PRODUCTION", "VALIDATION_DERIVED"}

// tfdvFeature is a feature of a schema.
type tfdvFeature struct {
	protolayout.Node
	of   *tfdvSchema
	name string
	// tolerance is the share of values that may be outside of the domain.
	tolerance float64
}

func (t *tfdvSchema) feature(parent string, n protolayout.Node) {
	f := &tfdvFeature{Node: n, of: t, name: parent + n.Text("name")}
	if stage := n.Enum("lifecycle_stage"); n.Bool("deprecated") || !slices.Contains(validated, stage) {
		if n.Bool("deprecated") {
			stage = "deprecated"
		}
		f.item("feature").leave("its stage is %s: TFDV does not validate it", stage)
		if parent == "" { // it may be there
			t.OnlyKnown = false
		}
		return
	}
	f.domainMass()
	optional := !f.here()
	f.presence(optional)
	f.typeAndCount()
	f.domain()
	f.comparators()
	f.rest()
}

func (f *tfdvFeature) item(what string) *item { return f.of.item("%s: %s", f.name, what) }

// here says whether the feature is in the environment that the contract is for.
func (f *tfdvFeature) here() bool {
	in, out := f.Texts("in_environment"), f.Texts("not_in_environment")
	if len(in) == 0 && len(out) == 0 {
		return true
	}
	i := f.item("environments")
	environment := f.of.options.Environment
	if environment == "" {
		i.leave("a card has none: it may be missing everywhere; --schema-environment names the one that the contract is for")
		return false
	}
	known := slices.Contains(in, environment) || slices.Contains(f.of.Texts("default_environment"), environment)
	if known && !slices.Contains(out, environment) {
		i.carry()
		return true
	}
	i.leave("it is not in the environment %s, and may be missing", environment)
	return false
}

// presence reads how often there must be a value.
func (f *tfdvFeature) presence(optional bool) {
	if f.Has("group_presence") {
		f.item("group_presence").leave("is of a feature inside of another one")
	}
	if !f.Has("presence") || optional {
		return
	}
	p := f.Sub("presence")
	share, count := p.Float("min_fraction"), p.Int("min_count")
	if p.Has("min_fraction") && share > 0 {
		f.fraction(f.item("presence.min_fraction"), share)
	}
	switch i := f.count(p); {
	case i == nil:
	case share > 0 && count == 1:
		i.carry() // a share above 0 is at least one
	case count == 1:
		i.add(draft.Check{Name: "not_empty", Feature: f.name, Statistic: contract.Missing, Below: new(1.0)})
	case f.of.options.Rows > 0:
		if i.add(draft.Check{Name: "min_count", Feature: f.name, MaxMissing: new(max(0, 1-float64(count)/f.of.options.Rows))}) {
			i.note("%d values are taken as a share of the %g rows of --rows", count, f.of.options.Rows)
		}
	default:
		i.leave("is %d values; a card has shares of rows, which --rows makes of it", count)
	}
}

// fraction reads the share of examples that must have the feature. Without a number of values the feature
// may be there and empty, as the missing cells of a CSV file are in tf.Example.
func (f *tfdvFeature) fraction(i *item, share float64) {
	low, _, _ := f.valueCount()
	empty := low == nil || *low == 0
	switch {
	case share < 1:
		if i.add(draft.Check{Feature: f.name, MaxMissing: new(rest(share))}) && empty {
			i.note("a feature that is there and empty is missing here, and not in TFDV, as there is no value_count")
		}
	case empty:
		if i.add(draft.Check{Feature: f.name, Required: true}) {
			i.note("the value may be missing, as there is no value_count: only the feature must be there")
		}
	default:
		i.add(draft.Check{Feature: f.name, NotMissing: true})
	}
}

// count is the item of a number of values; nil where there is none.
func (f *tfdvFeature) count(p protolayout.Node) *item {
	if p.Int("min_count") <= 0 {
		return nil
	}
	return f.item("presence.min_count")
}

var tfdvTypes = map[string]string{"BYTES": contract.String, "INT": contract.Integer, "FLOAT": contract.Number, "STRUCT": contract.Object}

// typeAndCount reads the type, and how many values a row has of it.
func (f *tfdvFeature) typeAndCount() {
	low, high, single := f.valueCount()
	if f.Has("value_counts") {
		f.item("value_counts").leave("is of lists of lists")
	} else if low == nil && f.Has("shape") {
		f.item("shape").leave("has a dimension without a size, or a large one")
	}
	kind := tfdvTypes[f.Enum("type")]
	if kind != "" {
		i := f.item("type")
		if single {
			i.add(draft.Check{Feature: f.name, Types: []string{kind}})
		} else if i.add(draft.Check{Feature: f.name, Types: []string{contract.Array}}) {
			i.note("of a list the type of the values is not checked, here %s", kind)
		}
	}
	if !single && (low != nil || high != nil) {
		f.item("value_count").add(draft.Check{Feature: f.name, MinLength: low, MaxLength: high})
	}
}

// valueCount is how many values a row may have; single is true where that is one.
func (f *tfdvFeature) valueCount() (low, high *int64, single bool) {
	single = true
	if f.Has("value_counts") {
		return nil, nil, false
	}
	if f.Has("value_count") {
		v := f.Sub("value_count")
		if v.Int("min") > 0 {
			low = new(v.Int("min"))
		}
		if v.Int("max") > 0 {
			high = new(v.Int("max"))
		}
		single = (low == nil || *low == 1) && high != nil && *high == 1
	}
	if f.Has("shape") {
		n := int64(1)
		for _, d := range f.Sub("shape").All("dim") {
			size := d.Int("size")
			if size < 0 || size > 0 && n > math.MaxInt32/size {
				return nil, nil, false
			}
			n *= size
		}
		low, high, single = &n, &n, n == 1
	}
	return low, high, single
}

// domainMass reads which share of values may be outside of the domain.
func (f *tfdvFeature) domainMass() {
	if c := f.Sub("distribution_constraints"); f.Has("distribution_constraints") && c.Has("min_domain_mass") {
		f.tolerance = rest(c.Float("min_domain_mass"))
	}
}

// rows adds a check of a domain.
func (f *tfdvFeature) rows(i *item, c draft.Check) {
	c.Feature, c.MaxViolations = f.name, f.tolerance
	if i.add(c) && f.tolerance > 0 {
		i.note("min_domain_mass is a share of the values, max_violations one of the rows, missing values among them")
	}
}

// domain reads which values are good.
func (f *tfdvFeature) domain() {
	switch name := f.Text("domain"); {
	case f.Has("domain"):
		f.namedDomain(name)
	case f.Has("string_domain"):
		f.stringDomain(f.Sub("string_domain"))
	case f.Has("int_domain"):
		f.intDomain(f.Sub("int_domain"))
	case f.Has("float_domain"):
		f.floatDomain(f.Sub("float_domain"))
	case f.Has("bool_domain"):
		f.boolDomain(f.Sub("bool_domain"))
	case f.Has("time_domain"), f.Has("time_of_day_domain"):
		f.timeDomain()
	case f.Has("struct_domain"):
		f.structDomain(f.Sub("struct_domain"))
	}
	for _, semantic := range []protolayout.Name{"natural_language_domain", "image_domain", "mid_domain", "url_domain"} {
		if f.Has(semantic) {
			f.item(string(semantic)).leave("is about what values mean; a card has patterns and sets")
		}
	}
}

func (f *tfdvFeature) namedDomain(name string) {
	for _, kind := range []struct {
		field protolayout.Name
		read  func(protolayout.Node)
	}{{"string_domain", f.stringDomain}, {"int_domain", f.intDomain}, {"float_domain", f.floatDomain}} {
		for _, d := range f.of.All(kind.field) {
			if d.Text("name") == name {
				kind.read(d)
				return
			}
		}
	}
	f.item("domain").leave("the schema has no domain %q", name)
}

func (f *tfdvFeature) stringDomain(d protolayout.Node) {
	values := d.Texts("value")
	i := f.item("string_domain")
	if len(values) == 0 {
		i.leave("it has no values")
		return
	}
	list := make([]any, len(values))
	for n, v := range values {
		list[n] = v
	}
	f.rows(i, draft.Check{Values: list})
}

func (f *tfdvFeature) intDomain(d protolayout.Node) {
	var c draft.Check
	if d.Has("min") {
		c.Min = new(float64(d.Int("min")))
	}
	if d.Has("max") {
		c.Max = new(float64(d.Int("max")))
	}
	i := f.item("int_domain")
	switch {
	case c.Min == nil && c.Max == nil:
		i.carry() // says only that numbers are whole, or categories
	case f.Enum("type") == "BYTES":
		i.leave("bounds numbers that are spelt as texts; a card's bounds are of numbers")
	default:
		f.rows(i, c)
	}
}

func (f *tfdvFeature) floatDomain(d protolayout.Node) {
	var c draft.Check
	if d.Has("min") {
		c.Min = new(d.Float("min"))
	}
	if d.Has("max") {
		c.Max = new(d.Float("max"))
	}
	i := f.item("float_domain")
	switch {
	case c.Min == nil && c.Max == nil:
		i.carry()
	case f.Enum("type") == "BYTES":
		i.leave("bounds numbers that are spelt as texts; a card's bounds are of numbers")
	default:
		f.rows(i, c)
	}
	if d.Bool("disallow_nan") {
		i := f.item("float_domain.disallow_nan")
		if i.add(draft.Check{Name: "not_nan", Feature: f.name, NotMissing: true}) {
			i.note("NaN is a missing value here: a value that is not there breaks the check, too")
		}
	}
	if d.Bool("disallow_inf") && (c.Min == nil || c.Max == nil) {
		f.item("float_domain.disallow_inf").leave("an infinity counts as missing here")
	}
}

func (f *tfdvFeature) boolDomain(d protolayout.Node) {
	i := f.item("bool_domain")
	values := []any{int64(0), int64(1)}
	if d.Has("true_value") || d.Has("false_value") {
		values = []any{d.Text("false_value"), d.Text("true_value")}
	}
	f.rows(i, draft.Check{Values: values})
}

func (f *tfdvFeature) timeDomain() {
	i, d := f.item("time_domain"), f.Sub("time_domain")
	if f.Has("time_of_day_domain") {
		i, d = f.item("time_of_day_domain"), f.Sub("time_of_day_domain")
	}
	if !d.Has("string_format") {
		i.leave("says in which unit numbers are times, not which are good")
		return
	}
	pattern, err := strftimePattern(d.Text("string_format"))
	if err != nil {
		i.leave("%s", err)
		return
	}
	f.rows(i, draft.Check{Pattern: pattern})
}

// structDomain reads features inside of a feature: their names have dots.
func (f *tfdvFeature) structDomain(d protolayout.Node) {
	for _, inner := range d.All("feature") {
		f.of.item("%s.%s", f.name, inner.Text("name")).leave("is inside of another feature; a card checks those by a json_schema")
	}
}

// comparators become thresholds of drift: that of skew, or else that of drift between spans.
func (f *tfdvFeature) comparators() {
	for _, name := range []protolayout.Name{"skew_comparator", "drift_comparator"} {
		if !f.Has(name) {
			continue
		}
		c := f.Sub(name)
		for _, m := range []struct {
			field  protolayout.Name
			method string
		}{{"infinity_norm", "l_infinity@tfdv"}, {"jensen_shannon_divergence", "jsd@tfdv"}, {"normalized_abs_difference", "normalized_absolute_difference@tfdv"}} {
			if !c.Has(m.field) || !c.Sub(m.field).Has("threshold") {
				continue
			}
			f.threshold(f.item(string(name)+"."+string(m.field)), name, m.method, c.Sub(m.field).Float("threshold"))
		}
	}
}

func (f *tfdvFeature) threshold(i *item, comparator protolayout.Name, method string, v float64) {
	if method == "normalized_absolute_difference@tfdv" {
		i.leave("compares numbers of rows, and windows have as many as there are")
		return
	}
	if refused := f.of.Threshold(f.name, method, v); refused != "" {
		i.leave("%s: the one of skew_comparator is taken", refused)
		return
	}
	i.carry()
	if comparator == "drift_comparator" {
		i.note("is taken against the references that the card names, the baseline first; drift: {reference: [previous]} compares with the window before")
	}
}

// rest says what else a feature has.
func (f *tfdvFeature) rest() {
	if f.Has("unique_constraints") {
		u := f.Sub("unique_constraints")
		c := draft.Check{Feature: f.name, Statistic: contract.Distinct}
		if u.Has("min") {
			c.Min = new(float64(u.Int("min")))
		}
		if u.Has("max") {
			c.Max = new(float64(u.Int("max")))
		}
		if c.Min != nil || c.Max != nil {
			f.item("unique_constraints").add(c)
		}
	}
	for _, name := range []protolayout.Name{"validation_derived_source", "sequence_metadata"} {
		if f.Has(name) {
			f.item(string(name)).leave("says how the feature is made, not what it must be like")
		}
	}
}

// dataset reads how many rows there must be.
func (t *tfdvSchema) dataset(d protolayout.Node) {
	c := draft.Check{Statistic: contract.Rows}
	if d.Has("min_examples_count") {
		c.Min = new(float64(d.Int("min_examples_count")))
	}
	if d.Has("max_examples_count") {
		c.Max = new(float64(d.Int("max_examples_count")))
	}
	if c.Min != nil || c.Max != nil {
		t.item("dataset_constraints: examples").add(c)
	}
	for _, name := range []protolayout.Name{"num_examples_drift_comparator", "num_examples_version_comparator"} {
		if d.Has(name) {
			t.item("dataset_constraints: %s", name).leave("compares with the data before, and does not say how long ago that was; write compared_with")
		}
	}
}
