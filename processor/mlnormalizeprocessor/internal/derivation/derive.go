// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package derivation

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/internal/spanottl"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// Outcome is what became of a derivation on a prediction.
type Outcome uint8

// The outcomes. From Failed on they are said in the log.
const (
	// Derived is an attribute that was set.
	Derived Outcome = iota
	// Kept is one that the span had.
	Kept
	// Missing is an expression that gives nothing, or an empty text.
	Missing
	// Failed is an expression that cannot be evaluated: an operand is not there, or divides as 0.
	Failed
	// Unusable is a value that is no number where one is needed, not finite, no place, or of another
	// type than a number, a text or a boolean.
	Unusable
	// Overflow is a place beyond the limit of cells, which is "other".
	Overflow
	// NumOutcomes is how many there are.
	NumOutcomes
)

// String returns the outcome as in the metric ml_normalize_derived.
func (o Outcome) String() string {
	return [...]string{"derived", "kept", "missing", "failed", "unusable", "overflow"}[o]
}

// derive sets the attribute of a span. The error says why it Failed or is Unusable.
func (d *derivation) derive(ctx context.Context, span spanottl.Span, now time.Time) (Outcome, error) {
	attributes := span.GetSpan().Attributes()
	if !d.overwrite {
		if v, ok := attributes.Get(d.name); ok && v.Type() != pcommon.ValueTypeEmpty {
			return Kept, nil
		}
	}
	v, err := d.value.Of(ctx, span)
	switch {
	case err != nil:
		return Failed, err
	case v == nil || v == "":
		return Missing, nil
	case d.cells != nil:
		return d.place(ctx, span, v, now)
	case d.intervals != nil:
		number, err := finite(v)
		if err != nil {
			return Unusable, err
		}
		attributes.PutStr(d.name, d.intervals.of(number))
		return Derived, nil
	default:
		return d.put(attributes, v)
	}
}

// place sets the cell of a latitude.
func (d *derivation) place(ctx context.Context, span spanottl.Span, latitude any, now time.Time) (Outcome, error) {
	longitude, err := d.longitude.Of(ctx, span)
	switch {
	case err != nil:
		return Failed, err
	case longitude == nil || longitude == "":
		return Missing, nil
	}
	y, errY := finite(latitude)
	x, errX := finite(longitude)
	if err := errors.Join(errY, errX); err != nil {
		return Unusable, err
	}
	name, ok := d.cells.of(y, x, now)
	if !ok {
		return Unusable, fmt.Errorf("there is no place at latitude %v, longitude %v", y, x)
	}
	span.GetSpan().Attributes().PutStr(d.name, name)
	if name == otherCell {
		return Overflow, nil
	}
	return Derived, nil
}

// put sets a value as it is; that of a segment is a text, spelt as categories are.
func (d *derivation) put(attributes pcommon.Map, v any) (Outcome, error) {
	switch v := v.(type) {
	case string:
		short, _ := boundedname.Cut(v)
		attributes.PutStr(d.name, short)
	case bool:
		if d.segment {
			attributes.PutStr(d.name, strconv.FormatBool(v))
		} else {
			attributes.PutBool(d.name, v)
		}
	case int64:
		if d.segment {
			attributes.PutStr(d.name, strconv.FormatInt(v, 10))
		} else {
			attributes.PutInt(d.name, v)
		}
	default:
		number, err := finite(v)
		if err != nil {
			return Unusable, err
		}
		if d.segment {
			attributes.PutStr(d.name, value.FormatFloat(number))
		} else {
			attributes.PutDouble(d.name, number)
		}
	}
	return Derived, nil
}

// finite returns a number.
func finite(v any) (float64, error) {
	var number float64
	switch v := v.(type) {
	case int64:
		number = float64(v)
	case float64:
		number = v
	default:
		return 0, fmt.Errorf("it is no number, text or boolean that could be used here, but %T", v)
	}
	if number-number != 0 {
		return 0, fmt.Errorf("%v is not finite", number)
	}
	return number, nil
}
