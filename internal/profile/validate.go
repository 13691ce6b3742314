// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"errors"
	"fmt"
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

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
	for i, e := range p.Embeddings {
		errs = append(errs, e.validate(fmt.Sprintf("embeddings[%d]", i), p.Embeddings[:i]))
	}
	errs = append(errs, p.Calibration.validate("calibration"))
	return errors.Join(errs...)
}

func (c *Column) validate(key string) error {
	var errs []error
	switch c.Type {
	case Numeric:
		if len(c.Categories) > 0 || c.Other > 0 || c.HeldOut != nil {
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
		errs = append(errs, c.validateHeldOut(key+".held_out"))
	default:
		errs = append(errs, fmt.Errorf("%s.type: %q is neither %q nor %q", key, c.Type, Numeric, Categorical))
	}
	return errors.Join(errs...)
}

func (c *Column) validateHeldOut(key string) error {
	h := c.HeldOut
	switch {
	case h == nil:
		return nil
	case h.Count > c.Count || h.Count == 0:
		return fmt.Errorf("%s.count: %d is not between 1 and the column's count %d", key, h.Count, c.Count)
	case len(h.Counts) > len(c.Categories):
		return fmt.Errorf("%s.counts: %d of them are more than the %d categories", key, len(h.Counts), len(c.Categories))
	}
	left := h.Count
	for i, n := range h.Counts {
		if n > c.Categories[i].Count {
			return fmt.Errorf("%s.counts[%d]: %d is more than the category's count %d", key, i, n, c.Categories[i].Count)
		}
		if n > left {
			return fmt.Errorf("%s.counts: their sum is more than count, %d", key, h.Count)
		}
		left -= n
	}
	return nil
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
