// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/boundedfile"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// MaxFileSize is the largest profile that Load reads, in bytes.
const MaxFileSize = 64 << 20

// Load reads the profile in a file and names the file in errors.
func Load(path string) (*Profile, error) {
	data, err := boundedfile.Read(path, MaxFileSize)
	if _, large := errors.AsType[*boundedfile.TooLargeError](err); large {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err != nil {
		return nil, err
	}
	p, err := Read(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// Read decodes and validates a profile. Unknown keys are errors. Categories that an older version
// spelt in another way, 1e-07 for 1e-7, are read as they are spelt now.
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
	for _, c := range p.columns() {
		c.holdOutListed()
	}
	return p, nil
}

// columns are all that are set.
func (p *Profile) columns() []*Column {
	columns := slices.Clone(p.Features)
	for _, c := range []*Column{p.Prediction, p.Confidence} {
		if c != nil {
			columns = append(columns, c)
		}
	}
	return columns
}

// respell gives categories the spelling that values have, and adds up those that have become one.
// What such a column holds out is drawn anew.
func (p *Profile) respell() {
	for _, c := range p.columns() {
		if !slices.ContainsFunc(c.Categories, func(c Category) bool { return value.Category(c.Value) != c.Value }) {
			continue
		}
		counts := make(map[string]uint64, len(c.Categories))
		for _, category := range c.Categories {
			counts[value.Category(category.Value)] += category.Count
		}
		c.Categories, c.HeldOut = mostFrequent(counts), nil
	}
}
