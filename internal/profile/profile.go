// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package profile holds baselines: the JSON profile of a reference data set that live traffic is
// compared with.
//
// NewNumeric and NewCategorical make columns from values (internal/baseline feeds them from files); Read and Write
// move a Profile from and to JSON; the catalog hands it to the components, which count into its bins.
package profile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// FormatVersion is the version of the JSON layout that this package writes, and the newest it reads.
const FormatVersion = 1

// MaxFileSize is the largest profile that Load reads, in bytes.
const MaxFileSize = 64 << 20

// Type is how the values of a column are compared.
type Type string

// The types of a column.
const (
	// Numeric values are ordered and counted into bins.
	Numeric Type = "numeric"
	// Categorical values are counted one by one; booleans are the categories "false" and "true".
	Categorical Type = "categorical"
)

// Profile describes a reference data set.
type Profile struct {
	// FormatVersion is the layout's version.
	FormatVersion int `json:"format_version"`
	// Name is what the data set is called, for people.
	Name string `json:"name,omitempty"`
	// CreatedAt is when the profile was made.
	CreatedAt time.Time `json:"created_at,omitzero"`
	// From and To are the smallest and largest timestamp in the data, where it has any.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
	// Rows is the number of rows.
	Rows uint64 `json:"rows"`
	// Features are the model's inputs in the order in which it takes them.
	Features []*Column `json:"features"`
	// Prediction is the model's answer: categorical for a classifier, numeric for a regressor; nil if unknown.
	Prediction *Column `json:"prediction,omitempty"`
	// Confidence is the score, 0 to 1, of the answer given; nil if unknown.
	Confidence *Column `json:"confidence,omitempty"`
}

// Column describes one feature, the prediction or the confidence.
type Column struct {
	Name string `json:"name"`
	Type Type   `json:"type"`
	// Count is the number of rows with a value, Missing the number without; NaN and infinities are missing.
	Count   uint64 `json:"count"`
	Missing uint64 `json:"missing"`
	// Numeric is set on a numeric column with at least one value.
	Numeric *NumericColumn `json:"numeric,omitempty"`
	// Categories are the most frequent values of a categorical column, most frequent first, ties by value.
	Categories []Category `json:"categories,omitempty"`
	// Other is the number of rows of a categorical column whose value is not in Categories.
	Other uint64 `json:"other,omitempty"`
}

// NumericColumn is the distribution of a numeric column.
type NumericColumn struct {
	Min  float64 `json:"min"`
	Max  float64 `json:"max"`
	Mean float64 `json:"mean"`
	// StdDev is the population standard deviation (divided by n).
	StdDev float64 `json:"std_dev"`
	// Bounds are the upper-inclusive bounds of the bins (see distribution.Bins), len(Counts)-1 of them.
	Bounds []float64 `json:"bounds"`
	// Counts are the rows in each bin; the first bin is open below, the last one above.
	Counts []uint64 `json:"counts"`
}

// Category is one value of a categorical column.
type Category struct {
	Value string `json:"value"`
	Count uint64 `json:"count"`
}

// Column returns the feature with the given name, or nil.
func (p *Profile) Column(feature string) *Column {
	for _, c := range p.Features {
		if c.Name == feature {
			return c
		}
	}
	return nil
}

// MissingRatio is the share of rows without a value, 0 for an empty column.
func (c *Column) MissingRatio() float64 {
	if c.Count+c.Missing == 0 {
		return 0
	}
	return float64(c.Missing) / float64(c.Count+c.Missing)
}

// Load reads the profile in a file and names the file in errors.
func Load(path string) (*Profile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFileSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxFileSize {
		return nil, fmt.Errorf("%s: more than %d bytes", path, MaxFileSize)
	}
	p, err := Read(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// Read decodes and validates a profile. Unknown keys are errors. Categories that an older version spelt in another way, 1e-07
// for 1e-7, are read as they are spelt now.
func Read(r io.Reader) (*Profile, error) {
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	p := &Profile{}
	if err := dec.Decode(p); err != nil {
		return nil, fmt.Errorf("not a baseline profile: %w", err)
	}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	p.respell()
	return p, nil
}

// respell gives categories the spelling that values have, and adds up those that have become one.
func (p *Profile) respell() {
	for _, c := range append(slices.Clone(p.Features), p.Prediction) {
		if c == nil || !slices.ContainsFunc(c.Categories, func(c Category) bool { return value.Category(c.Value) != c.Value }) {
			continue
		}
		counts := make(map[string]uint64, len(c.Categories))
		for _, category := range c.Categories {
			counts[value.Category(category.Value)] += category.Count
		}
		c.Categories = mostFrequent(counts)
	}
}

// Write encodes the profile as indented JSON with its arrays on one line each; the same profile gives the same bytes.
func (p *Profile) Write(w io.Writer) error {
	data, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(compactArrays(data), '\n'))
	return err
}

// compactArrays puts arrays of numbers on one line: 240 bounds in a column of their own are unreadable.
func compactArrays(data []byte) []byte {
	out := make([]byte, 0, len(data))
	inString, inNumbers := false, false
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch {
		case inString:
			if c == '\\' {
				out = append(out, c)
				i++
				c = data[i]
			} else if c == '"' {
				inString = false
			}
		case c == '"':
			inString = true
		case c == '[':
			next := bytes.TrimLeft(data[i+1:], " \n")
			inNumbers = len(next) > 0 && (next[0] == '-' || next[0] >= '0' && next[0] <= '9')
		case c == ']':
			inNumbers = false
		case inNumbers && c == '\n':
			for i+1 < len(data) && data[i+1] == ' ' {
				i++
			}
			if last := out[len(out)-1]; last != ',' || data[i+1] == ']' {
				continue
			}
			c = ' '
		}
		out = append(out, c)
	}
	return out
}

// Validate returns all violations, each naming the column and the key.
func (p *Profile) Validate() error {
	var errs []error
	if p.FormatVersion < 1 || p.FormatVersion > FormatVersion {
		return fmt.Errorf("format_version: %d is not supported (this version reads 1 to %d)", p.FormatVersion, FormatVersion)
	}
	seen := map[string]bool{}
	for i, c := range p.Features {
		key := fmt.Sprintf("features[%d]", i)
		if c == nil {
			errs = append(errs, fmt.Errorf("%s: must not be null", key))
			continue
		}
		if c.Name == "" {
			errs = append(errs, fmt.Errorf("%s.name: must not be empty", key))
		} else if seen[c.Name] {
			errs = append(errs, fmt.Errorf("%s.name: %q is there twice", key, c.Name))
		}
		seen[c.Name] = true
		errs = append(errs, c.validate(fmt.Sprintf("%s (%s)", key, c.Name)))
	}
	if p.Prediction != nil {
		errs = append(errs, p.Prediction.validate("prediction"))
	}
	if p.Confidence != nil {
		errs = append(errs, p.Confidence.validate("confidence"))
		if p.Confidence.Type == Categorical {
			errs = append(errs, errors.New("confidence.type: must be numeric"))
		}
	}
	return errors.Join(errs...)
}

func (c *Column) validate(key string) error {
	var errs []error
	switch c.Type {
	case Numeric:
		if len(c.Categories) > 0 || c.Other > 0 {
			errs = append(errs, fmt.Errorf("%s.categories: a numeric column has none", key))
		}
		if c.Numeric == nil {
			if c.Count > 0 {
				errs = append(errs, fmt.Errorf("%s.numeric: must be set", key))
			}
			break
		}
		errs = append(errs, c.Numeric.validate(key+".numeric", c.Count))
	case Categorical:
		if c.Numeric != nil {
			errs = append(errs, fmt.Errorf("%s.numeric: a categorical column has none", key))
		}
		sum := c.Other
		seen := map[string]bool{}
		for _, cat := range c.Categories {
			if seen[cat.Value] {
				errs = append(errs, fmt.Errorf("%s.categories: %q is there twice", key, cat.Value))
			}
			seen[cat.Value] = true
			sum += cat.Count
		}
		if sum != c.Count {
			errs = append(errs, fmt.Errorf("%s.count: %d is not the sum of categories and other, %d", key, c.Count, sum))
		}
	default:
		errs = append(errs, fmt.Errorf("%s.type: %q is neither %q nor %q", key, c.Type, Numeric, Categorical))
	}
	return errors.Join(errs...)
}

func (n *NumericColumn) validate(key string, count uint64) error {
	var errs []error
	if _, err := distribution.NewBins(n.Bounds); err != nil {
		errs = append(errs, fmt.Errorf("%s.%w", key, err))
	}
	if len(n.Counts) != len(n.Bounds)+1 {
		errs = append(errs, fmt.Errorf("%s.counts: %d of them, must be one more than the %d bounds", key, len(n.Counts), len(n.Bounds)))
	}
	var sum uint64
	for _, c := range n.Counts {
		sum += c
	}
	if sum != count {
		errs = append(errs, fmt.Errorf("%s.counts: their sum %d is not the column's count %d", key, sum, count))
	}
	if n.Min > n.Max {
		errs = append(errs, fmt.Errorf("%s.min: %v is above max %v", key, n.Min, n.Max))
	}
	if n.StdDev < 0 || math.IsNaN(n.StdDev) {
		errs = append(errs, fmt.Errorf("%s.std_dev: %v is negative", key, n.StdDev))
	}
	return errors.Join(errs...)
}
