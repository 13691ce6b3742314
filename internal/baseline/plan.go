// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package baseline

import (
	"errors"
	"fmt"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// Plan is what becomes of the columns of a data set.
type Plan struct {
	Schema *table.Schema
	// Columns are all columns, in the order of the file.
	Columns []*PlannedColumn
	// Features are those that are features, in the order of the model.
	Features []*PlannedColumn
	// Prediction, Confidence and Timestamp are nil where there is none.
	Prediction, Confidence, Timestamp *PlannedColumn
	// Label and Scores are those of the calibration, Label is nil where there is none. Positive is
	// the class of the score of a binary model, Classes are those of Scores.
	Label    *PlannedColumn
	Scores   []*PlannedColumn
	Classes  []string
	Positive string
	// Warnings are what is odd about the data set as a whole.
	Warnings []string
}

// NewPlan decides what becomes of each column and returns everything that is wrong with the options
// at once.
func NewPlan(schema *table.Schema, o Options) (*Plan, error) {
	p := &planner{plan: &Plan{Schema: schema}, options: o, byName: map[string]*PlannedColumn{}}
	for _, c := range schema.Columns {
		planned := &PlannedColumn{Column: c, Role: RoleNone}
		p.byName[c.Name] = planned
		p.plan.Columns = append(p.plan.Columns, planned)
	}
	p.assignNamed()
	p.assignCalibration()
	p.excludeAndInclude()
	p.overrideTypes()
	p.assignFeatures()
	p.decide()
	p.noteAnswer()
	p.check()
	return p.plan, errors.Join(p.errs...)
}

// planner makes a plan.
type planner struct {
	plan    *Plan
	options Options
	byName  map[string]*PlannedColumn
	errs    []error
}

func (p *planner) fail(format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf(format, args...))
}

// column returns the column that a flag names; nil where it names none.
func (p *planner) column(flag, name string) *PlannedColumn {
	if name == "" {
		return nil
	}
	c := p.byName[name]
	if c == nil {
		p.fail("%s: there is no column %q; there are %s", flag, name, list(p.plan.Schema.Names()))
	}
	return c
}

// assign gives the column that a flag names a role.
func (p *planner) assign(flag, name string, role Role) *PlannedColumn {
	c := p.column(flag, name)
	if c == nil {
		return nil
	}
	if c.Role != RoleNone {
		p.fail("%s: column %q is the %s already", flag, name, c.Role)
		return nil
	}
	c.Role = role
	return c
}

// assignNamed gives the columns that are not features their roles.
func (p *planner) assignNamed() {
	p.plan.Prediction = p.assign("prediction", p.options.Prediction, RolePrediction)
	p.plan.Confidence = p.assign("confidence", p.options.Confidence, RoleConfidence)
	p.plan.Timestamp = p.assign("timestamp", p.options.Timestamp, RoleTimestamp)
	if c := p.plan.Timestamp; c != nil {
		if err := c.AsTimestamp(); err != nil {
			p.fail("timestamp: column %q: %w", c.Name, err)
		}
	}
}

func (p *planner) excludeAndInclude() {
	for _, name := range p.options.Exclude {
		c := p.column("exclude", name)
		if c == nil {
			continue
		}
		if c.Role != RoleNone {
			p.fail("exclude: column %q is the %s", name, c.Role)
		}
		c.excluded = true
		c.note("excluded")
	}
	for _, d := range p.options.Derived {
		if c := p.column("derive", d.Column); c != nil && c.Role == RoleNone && !c.excluded &&
			!slices.Contains(p.options.Features, d.Column) && !slices.Contains(p.options.Include, d.Column) {
			c.excluded = true
			c.note("%s are derived from it", list(d.names()))
		}
	}
	for _, name := range p.options.Include {
		c := p.column("include", name)
		if c == nil {
			continue
		}
		if c.Role != RoleNone || c.excluded {
			p.fail("include: column %q is the %s, or excluded", name, c.Role)
		}
		c.included = true
	}
}

func (p *planner) overrideTypes() {
	for name, t := range p.options.Types {
		c := p.column("type", name)
		if c == nil {
			continue
		}
		switch t {
		case profile.Numeric:
			c.AsNumbers()
		case profile.Categorical:
			c.AsTexts()
		default:
			p.fail("type: %s=%s: neither %s nor %s", name, t, profile.Numeric, profile.Categorical)
		}
		c.As = t
	}
}

// assignFeatures makes features of the columns that are named, or of all that are left and describe
// rows.
func (p *planner) assignFeatures() {
	for _, name := range p.options.Features {
		if c := p.assign("features", name, RoleFeature); c != nil {
			p.plan.Features = append(p.plan.Features, c)
		}
	}
	for _, c := range p.plan.Columns {
		if c.Role != RoleNone || c.excluded || p.options.Features != nil && !c.included {
			continue
		}
		if c.As != "" || c.included || c.describes() {
			c.Role = RoleFeature
			p.plan.Features = append(p.plan.Features, c)
		}
	}
}

// decide sets how the values of each column are compared.
func (p *planner) decide() {
	for _, c := range p.plan.Columns {
		if c.Type == table.TypeBytes && c.Role != RoleNone {
			p.fail("column %q: bytes that are no text cannot be counted", c.Name)
		}
		c.decide()
	}
	if c := p.plan.Confidence; c != nil {
		switch {
		case c.As == profile.Categorical:
			p.fail("confidence: column %q is not numeric", c.Name)
		case c.Present > 0 && (c.Min < 0 || c.Max > 1):
			c.warn("from %g to %g: a confidence is between 0 and 1", c.Min, c.Max)
		}
	}
}

// check says what is wrong with the options beside the columns they name.
func (p *planner) check() {
	o := &p.options
	if p.plan.Timestamp == nil && (!o.From.IsZero() || !o.To.IsZero()) {
		p.fail("from, to: a timestamp column is needed")
	}
	if o.Bins < 0 || o.Bins > distribution.DefaultBins {
		p.fail("bins: %d is not between 1 and %d", o.Bins, distribution.DefaultBins)
	}
	if o.MaxCategories < 0 {
		p.fail("max-categories: %d is negative", o.MaxCategories)
	}
	names := map[string]bool{}
	for _, c := range p.plan.Features {
		names[c.Name] = true
	}
	for _, d := range o.Derived {
		for _, name := range d.names() {
			if names[name] {
				p.fail("derive: there is another feature %q", name)
			}
			names[name] = true
		}
	}
	if len(p.errs) == 0 && len(names) == 0 && p.plan.Prediction == nil && p.plan.Confidence == nil && p.plan.Label == nil {
		p.fail("no column is left to profile")
	}
}
