// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// reference is what is compared with: a baseline, or a data file.
type reference struct {
	path     string
	baseline *profile.Profile
	data     *dataFile
	opts     baseline.Options
}

// referenceColumn is a column of the reference.
type referenceColumn struct {
	name string
	as   profile.Type
	// profile is set where the reference is a baseline, values where it is a data file.
	profile *profile.Column
	values  columnValues
}

func (f *scoreFlags) openReference(ctx context.Context, o baseline.Options) (*reference, error) {
	r := &reference{path: f.reference, opts: baseline.Options{Types: o.Types}}
	is, err := isBaseline(f.reference)
	if err != nil {
		return nil, err
	}
	if is {
		r.baseline, err = profile.Load(f.reference)
		return r, err
	}
	r.data, err = openData(ctx, f.reference, o, f.weight)
	return r, err
}

// nameAsSpans calls the baseline's answers what a file of spans calls them.
func nameAsSpans(p *profile.Profile) {
	if c := p.Prediction; c != nil {
		c.Name = mlconv.AttrPredictionClass
		if c.Type == profile.Numeric {
			c.Name = mlconv.AttrPredictionValue
		}
	}
	if c := p.Confidence; c != nil {
		c.Name = mlconv.AttrPredictionConfidence
	}
}

// isBaseline tells a baseline from a file of JSON lines by its first bytes.
func isBaseline(path string) (bool, error) {
	if !strings.HasSuffix(strings.ToLower(path), ".json") {
		return false, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return false, err
	}
	return bytes.Contains(head[:n], []byte(`"format_version"`)), nil
}

// names are the columns that --all means.
func (r *reference) names() (names []string) {
	if r.baseline == nil {
		for _, c := range r.data.schema.Columns {
			if !c.IDLike() && c.Type != table.TypeTime && c.Type != table.TypeEmpty && c.Type != table.TypeBytes && c.Name != r.data.weight {
				names = append(names, c.Name)
			}
		}
		return names
	}
	for _, c := range r.baseline.Features {
		names = append(names, c.Name)
	}
	for _, c := range []*profile.Column{r.baseline.Prediction, r.baseline.Confidence} {
		if c != nil {
			names = append(names, c.Name)
		}
	}
	return names
}

func (r *reference) column(name string, override profile.Type) (referenceColumn, error) {
	out := referenceColumn{name: name}
	if override != "" && override != profile.Numeric && override != profile.Categorical {
		return out, fmt.Errorf("--type: %s=%s: neither %s nor %s", name, override, profile.Numeric, profile.Categorical)
	}
	if r.baseline == nil {
		c := r.data.schema.Column(name)
		if c == nil {
			return out, fmt.Errorf("%s: there is no column %q", r.path, name)
		}
		out.as = profile.Categorical
		if c.Type.Numeric() {
			out.as = profile.Numeric
		}
		if override != "" {
			out.as = override
		}
		return out, nil
	}
	out.profile = r.baseline.Column(name)
	for _, c := range []*profile.Column{r.baseline.Prediction, r.baseline.Confidence} {
		if out.profile == nil && c != nil && c.Name == name {
			out.profile = c
		}
	}
	if out.profile == nil {
		return out, fmt.Errorf("%s: the baseline has no column %q", r.path, name)
	}
	out.as = out.profile.Type
	if override != "" && override != out.as {
		return out, fmt.Errorf("--type: the baseline's column %q is %s; build it anew to change that", name, out.as)
	}
	return out, nil
}

// read fills in the values where the reference is a data file.
func (r *reference) read(ctx context.Context, columns []referenceColumn) error {
	if r.data == nil {
		return nil
	}
	wanted := make([]wantedColumn, len(columns))
	for i, c := range columns {
		wanted[i] = wantedColumn{c.name, c.as}
	}
	values, err := r.data.read(ctx, wanted, r.opts) // without the range: it is the current file's
	if err != nil {
		return err
	}
	for i := range columns {
		columns[i].values = values[i]
	}
	return nil
}
