// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package derive

import (
	"errors"

	"github.com/otelcol-ml/otelcol-ml/internal/jsonscan"
)

// errNumber is returned for an element that is no number.
var errNumber = errors.New("an element is no number")

// AddJSON adds the elements of a JSON array of numbers, or the members of an object of numbers.
func (v *Vector) AddJSON(s string) error {
	p := jsonscan.New(s)
	next := func() error {
		scalar, err := p.Scalar()
		if err != nil {
			return err
		}
		x, ok := scalar.Number()
		if !ok {
			return errNumber
		}
		v.Add(x)
		return nil
	}
	var err error
	if p.Peek() == '{' {
		err = p.Object(func(string) error { return next() })
	} else {
		err = p.Array(func(int) error { return next() })
	}
	if err == nil {
		err = p.End()
	}
	if err != nil {
		v.lost = true
	}
	return err
}
