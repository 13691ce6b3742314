// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package driftalert

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

// An alert whose verdict was lost with its windows is the same alert when it is found again; one
// that has ended is another one.
func TestAlertsBeginOnce(t *testing.T) {
	a := New(Options{Limit: 1000, Resend: time.Minute, KeepResolved: 15 * time.Minute, Severity: alert.Warning})
	change := drift.Change{Result: drift.Result{
		Key: drift.Key{Model: "m", Subject: drift.Feature, Name: "f"}, Reference: "baseline", Verdict: drift.Drift, End: 100,
	}}
	now := time.Unix(100, 0)
	for end := range int64(3) {
		change.End = 100 + end
		a.Observe(nil, []drift.Change{change}, catalog.NewSet(nil, nil), now)
		require.Len(t, a.Due(now), 1)
		assert.Equal(t, now, a.Due(now)[0].StartsAt)
		a.Delivered(now)
	}
	e, _ := a.Get(Drifting{change.Key, "baseline"})
	a.resolve(e, now, now, "over")
	change.End = 100
	a.Holds(&change.Result, catalog.NewSet(nil, nil), now)
	assert.True(t, a.Due(now)[1].StartsAt.After(now), "it would not be told from the one that has ended")
}
