// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package imported

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// maxClasses is the number of integers up to which a prediction's are classes, as in mlprofile build.
const maxClasses = 20

// Options say what to make of a Source.
type Options struct {
	Name                   string
	Prediction, Confidence string
	Exclude                []string
	// Types are those of columns that are not what the file takes them for.
	Types               map[string]profile.Type
	Bins, MaxCategories int
}

// Build makes a baseline, and sets Left on the columns that cannot be in it. The errors are of options
// that do not fit the file.
func (s *Source) Build(o Options) (*profile.Profile, error) {
	if err := s.exclude(o); err != nil {
		return nil, err
	}
	p := &profile.Profile{FormatVersion: profile.FormatVersion, Name: cmp.Or(o.Name, s.Name), CreatedAt: s.Created, Rows: s.Rows}
	for _, c := range s.Columns {
		built := c.build(o)
		switch {
		case built == nil && (c.Name == o.Prediction || c.Name == o.Confidence):
			return nil, fmt.Errorf("column %q: %s", c.Name, c.Left)
		case built == nil:
		case c.Name == o.Prediction:
			p.Prediction = built
		case c.Name == o.Confidence:
			p.Confidence = built
		default:
			p.Features = append(p.Features, built)
		}
	}
	if len(p.Features) == 0 && p.Prediction == nil && p.Confidence == nil {
		return nil, fmt.Errorf("nothing of the file can be in a baseline: %s", s.firstLeft())
	}
	// What is written is what a reader gets: checked, and with rows held out where values are missing.
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		return nil, err
	}
	read, err := profile.Read(&b)
	if err != nil {
		return nil, fmt.Errorf("what the file says does not make a baseline: %w", err)
	}
	return read, nil
}

func (s *Source) firstLeft() string {
	for _, c := range s.Columns {
		if c.Left != "" {
			return fmt.Sprintf("column %q: %s", c.Name, c.Left)
		}
	}
	return "it has no column"
}

// exclude looks whether all columns that options name are there, and leaves out those that it should.
func (s *Source) exclude(o Options) error {
	columns := make(map[string]*Column, len(s.Columns))
	for _, c := range s.Columns {
		columns[c.Name] = c
	}
	var errs []error
	lookup := func(flag, name string) *Column {
		c := columns[name]
		if c == nil && name != "" {
			errs = append(errs, fmt.Errorf("--%s: there is no column %q", flag, name))
		}
		return c
	}
	lookup("prediction", o.Prediction)
	lookup("confidence", o.Confidence)
	if o.Prediction != "" && o.Prediction == o.Confidence {
		errs = append(errs, fmt.Errorf("--confidence: %q is --prediction", o.Confidence))
	}
	for _, name := range o.Exclude {
		if c := lookup("exclude", name); c != nil {
			c.Left = "named in --exclude"
		}
	}
	for name, t := range o.Types {
		lookup("type", name)
		if t != profile.Numeric && t != profile.Categorical {
			errs = append(errs, fmt.Errorf("--type: %q of %s is neither %q nor %q", t, name, profile.Numeric, profile.Categorical))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// build makes the baseline's column, or sets Left and returns nil.
func (c *Column) build(o Options) *profile.Column {
	if c.Left != "" {
		return nil
	}
	as := c.as(o)
	var problem string
	switch {
	case as == profile.Numeric && c.numbers == nil:
		problem = "the file has no distribution of numbers of it"
	case as == profile.Numeric:
		problem = c.numbers.problem()
	case c.values == nil:
		problem = "the file does not name its values"
	default:
		problem = c.values.problem()
	}
	if problem != "" {
		c.Left = problem
		return nil
	}
	if as == profile.Numeric {
		return c.numbers.column(c.Name, c.Missing, o.Bins)
	}
	c.describeValues()
	return c.values.column(c.Name, c.Missing, o.MaxCategories)
}

// as is the type: as options say, else numeric where there are numbers, but a prediction of few
// integers is a class.
func (c *Column) as(o Options) profile.Type {
	if t, ok := o.Types[c.Name]; ok {
		return t
	}
	few := c.values != nil && c.values.problem() == "" && c.values.complete() && len(c.values.listed) <= maxClasses
	if c.numbers == nil || c.Name == o.Prediction && c.Integral && few {
		return profile.Categorical
	}
	return profile.Numeric
}

func (c *Column) describeValues() {
	v := c.values
	if v.complete() {
		c.Basis = fmt.Sprintf("%d values, all", len(v.listed))
		return
	}
	c.Basis = fmt.Sprintf("%d values of more", len(v.listed))
	c.note("the file names values of %d of %d rows; the others are counted as one", v.sum(), v.count)
	if v.uncertain > 0 {
		c.note("each value may have up to %d rows more than counted: the frequent-items sketch has dropped rare ones", v.uncertain)
	}
}
