// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSmallWarning(t *testing.T) {
	assert.Equal(t, "199 rows are fewer than min_samples, 200: ml_drift will give no verdict", SmallWarning(199, 200))
	assert.Contains(t, SmallWarning(200, 200), "200 rows are few: all windows share the reference's error")
	assert.Contains(t, SmallWarning(999, 200), "1000 are enough")
	assert.Empty(t, SmallWarning(1000, 200))
	assert.Contains(t, SmallWarning(1500, 2000), "fewer than min_samples, 2000")
}
