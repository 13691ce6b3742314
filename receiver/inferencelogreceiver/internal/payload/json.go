// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package payload

import (
	"errors"

	"github.com/otelcol-ml/otelcol-ml/internal/jsonscan"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// cell reads a scalar that is a cell. The strings that protobuf's JSON mapping has for numbers that
// JSON cannot write are missing values, as the bare words are.
func cell(p *jsonscan.Scanner) (value.Value, error) {
	c, err := p.Scalar()
	if c.Kind() == value.Text {
		switch c.Text() {
		case "NaN", "Infinity", "-Infinity":
			c = value.Value{}
		}
	}
	return c, err
}

// explain makes an *Error of what the scanner says about the place where it stands. Any other error
// stays as it is.
func explain(p *jsonscan.Scanner, err error) error {
	var broken jsonscan.Error
	switch {
	case !errors.As(err, &broken):
		return err
	case broken == jsonscan.ErrTooShort:
		return failf(BadPayload, "the JSON ends too early, at byte %d", p.Offset())
	case broken == jsonscan.ErrTooDeep:
		return failf(BadPayload, "the JSON nests deeper than %d", jsonscan.MaxDepth)
	default:
		return failf(BadPayload, "no JSON at byte %d, %q", p.Offset(), excerpt(p))
	}
}

// excerpt returns the first bytes of what is next.
func excerpt(p *jsonscan.Scanner) string {
	rest := p.Rest()
	return rest[:min(len(rest), 8)]
}
