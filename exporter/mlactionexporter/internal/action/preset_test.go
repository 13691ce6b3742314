// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package action

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPresets reads all that are shipped.
func TestPresets(t *testing.T) {
	require.Contains(t, Presets(), "mlflow_alias")
	for _, name := range Presets() {
		t.Run(name, func(t *testing.T) {
			d, err := Preset(name)
			require.NoError(t, err)
			assert.Equal(t, name, d.Name)
		})
	}
}

func TestUnknownPreset(t *testing.T) {
	_, err := Preset("mlflow_alais")
	require.ErrorContains(t, err, `there is no preset "mlflow_alais"; did you mean mlflow_alias? (there are `)
	_, err = Preset("../presets/mlflow_alias")
	require.ErrorContains(t, err, "there is no preset")
}
