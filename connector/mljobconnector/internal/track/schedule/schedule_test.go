// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

func berlin(t *testing.T) *time.Location {
	l, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	return l
}

func TestOf(t *testing.T) {
	assert.Nil(t, Of(nil))
	assert.Nil(t, Of(&catalog.Job{}))
	assert.Nil(t, Of(&catalog.Job{Schedule: "0 25 * * *"}))
	assert.Equal(t, "0 3 * * * Europe/Berlin", Of(&catalog.Job{Schedule: "0 3 * * *", Timezone: berlin(t)}).String())
	assert.Equal(t, "0 3 * * * UTC", Of(&catalog.Job{Schedule: "0 3 * * *"}).String())
	assert.False(t, Of(&catalog.Job{Schedule: "@daily"}).Interval())
	every := Of(&catalog.Job{Every: 90 * time.Minute})
	assert.True(t, every.Interval())
	assert.Equal(t, "every 1h30m0s", every.String())
}

// The slots around the two nights in 2026 on which clocks in Berlin change: 29 March (02:00 becomes
// 03:00) and 25 October (03:00 becomes 02:00).
func TestSlotsOverClockChanges(t *testing.T) {
	for _, c := range []struct {
		name, expression, after string
		slots                   []string
	}{
		{
			"daily at three, forward", "0 3 * * *", "2026-03-28T00:00:00+01:00",
			[]string{"2026-03-28T03:00:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T03:00:00+02:00"},
		},
		{
			"daily at three, back", "0 3 * * *", "2026-10-24T00:00:00+02:00",
			[]string{"2026-10-24T03:00:00+02:00", "2026-10-25T03:00:00+01:00", "2026-10-26T03:00:00+01:00"},
		},
		{
			"in the hour that is missing", "30 2 * * *", "2026-03-28T00:00:00+01:00",
			[]string{"2026-03-28T02:30:00+01:00", "2026-03-30T02:30:00+02:00"},
		},
		{
			"in the hour that comes twice: once", "30 2 * * *", "2026-10-24T12:00:00+02:00",
			[]string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"},
		},
		{
			"hourly, forward", "0 * * * *", "2026-03-29T01:30:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-29T04:00:00+02:00"},
		},
		{
			"hourly, back", "0 * * * *", "2026-10-25T01:30:00+02:00",
			[]string{"2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := Of(&catalog.Job{Schedule: c.expression, Timezone: berlin(t)})
			at, err := time.Parse(time.RFC3339, c.after)
			require.NoError(t, err)
			for _, want := range c.slots {
				at = s.Next(at)
				assert.Equal(t, want, at.Format(time.RFC3339))
			}
		})
	}
}

func TestInterval(t *testing.T) {
	s := Of(&catalog.Job{Every: time.Hour})
	at := time.Date(2026, 11, 22, 3, 7, 5, 0, time.UTC)
	assert.Equal(t, at.Add(time.Hour), s.Next(at))
	assert.Equal(t, 5*time.Minute, s.Early(at))
	assert.Equal(t, 15*time.Minute, s.Skew(at))
	assert.Equal(t, "2026-11-22 03:07:05 UTC", s.Format(at))
}

func TestEarly(t *testing.T) {
	at := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	assert.Equal(t, 5*time.Minute, Of(&catalog.Job{Schedule: "0 3 * * *"}).Early(at))
	assert.Equal(t, time.Hour, Of(&catalog.Job{Schedule: "0 3 * * *"}).Skew(at))
	assert.Equal(t, 15*time.Second, Of(&catalog.Job{Schedule: "* * * * *"}).Early(at))
	assert.Equal(t, "2026-11-22 04:00 CET", Of(&catalog.Job{Schedule: "0 3 * * *", Timezone: berlin(t)}).Format(at))
}

// A date that never comes has no slot, rather than one far away.
func TestNever(t *testing.T) {
	s := Of(&catalog.Job{Schedule: "0 0 30 2 *"})
	at := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	assert.True(t, s.Next(at).IsZero())
	assert.Equal(t, 5*time.Minute, s.Early(at))
}
