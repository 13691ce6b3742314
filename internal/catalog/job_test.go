// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestJobOfToday reads what a card turns off and accepts.
func TestJobOfToday(t *testing.T) {
	set, err := Load(folder(t, map[string]string{"j.yaml": everyJobKey}))
	require.NoError(t, err)
	j := set.Job("staging", "j")
	require.NotNil(t, j)
	assert.Equal(t, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), j.AcceptSince)
	assert.True(t, j.Disabled("JobSlow"))
	assert.False(t, j.Disabled("JobFailed"))
	assert.False(t, set.Job("staging", "k").Disabled("JobSlow"))
}
