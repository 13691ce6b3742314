// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"errors"
	"fmt"
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/derive"
)

// Embedding is the centroid of the vectors of an attribute.
type Embedding struct {
	// Name is the attribute.
	Name string `json:"name"`
	// Count is the number of vectors.
	Count uint64 `json:"count"`
	// Centroid is their mean.
	Centroid []float64 `json:"centroid"`
}

// Embedding returns that of an attribute, or nil.
func (p *Profile) Embedding(name string) *Embedding {
	for _, e := range p.Embeddings {
		if e.Name == name {
			return e
		}
	}
	return nil
}

func (e *Embedding) validate(key string, before []*Embedding) error {
	if e == nil {
		return fmt.Errorf("%s: must not be null", key)
	}
	var errs []error
	if e.Name == "" {
		errs = append(errs, fmt.Errorf("%s.name: must not be empty", key))
	}
	for _, o := range before {
		if o != nil && o.Name == e.Name {
			errs = append(errs, fmt.Errorf("%s.name: %q is there twice", key, e.Name))
		}
	}
	if n := len(e.Centroid); n == 0 || n > derive.MaxDimensions || e.Count == 0 {
		errs = append(errs, fmt.Errorf("%s.centroid: must be 1 to %d numbers, of one vector at least; there are %d, of %d", key, derive.MaxDimensions, n, e.Count))
	}
	for i, x := range e.Centroid {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			errs = append(errs, fmt.Errorf("%s.centroid[%d]: %v is not finite", key, i, x))
			break
		}
	}
	return errors.Join(errs...)
}
