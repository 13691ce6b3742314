// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package taker

import (
	"maps"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// older reports whether a state came late: it speaks of a time before the one that is held. A
// firing one does if the held one is the resolution of the same alert or of a later one; a resolved
// one if the held one fires and began after its end.
func older(a, held *alert.Alert) bool {
	switch {
	case a.State == alert.Firing && held.State == alert.Resolved:
		return !a.StartsAt.After(held.StartsAt)
	case a.State == alert.Resolved && held.State == alert.Firing:
		return a.StartsAt.Before(held.StartsAt) && !a.EndsAt.After(held.StartsAt)
	default:
		return false
	}
}

// same reports whether two states of one alert are equal in all that its source says.
func same(a, b *alert.Alert) bool {
	return a.State == b.State && a.Summary == b.Summary && a.StartsAt.Equal(b.StartsAt) && a.EndsAt.Equal(b.EndsAt) &&
		a.TraceID == b.TraceID && a.SpanID == b.SpanID && maps.Equal(a.Annotations, b.Annotations)
}
