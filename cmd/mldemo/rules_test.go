// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

func TestRuleAlerts(t *testing.T) {
	at := func(name string, severity alert.Severity, state alert.State, feature string) alert.Alert {
		return alert.Alert{
			Name: name, Severity: severity, State: state, Summary: "fraud: drift of " + feature, StartsAt: time.Unix(1, 0),
			Labels:      map[string]string{"ml_model_name": "fraud", "ml_feature_name": feature},
			Annotations: map[string]string{"description": "Score: ks 0.2."},
		}
	}
	other := at("ModelDrift", alert.Critical, alert.Firing, "x")
	other.Labels["ml_model_name"] = "other"
	found := firing([]alert.Alert{
		at("ModelDrift", alert.Warning, alert.Firing, "amount"), at("ModelDrift", alert.Warning, alert.Firing, "over"),
		at("ManyFeaturesDrift", alert.Critical, alert.Firing, ""), at("ModelDrift", alert.Warning, alert.Resolved, "over"),
		at("ModelDrift", alert.Warning, alert.Firing, "amount"), other,
	}, "fraud")
	require.Len(t, found, 2, "one of each that still fires, of this model")
	assert.Equal(t, "ManyFeaturesDrift", found[0].Name, "the worst first")

	var b strings.Builder
	require.NoError(t, printRules(&b, append(found, found...), 100))
	assert.Contains(t, b.String(), "CRITICAL ManyFeaturesDrift: fraud: drift of")
	assert.Contains(t, b.String(), "      Score: ks 0.2.\n")
	assert.Contains(t, b.String(), "and 1 more")
}

func TestWriteRules(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "rules")
	require.NoError(t, writeRules(folder))
	content, err := os.ReadFile(filepath.Join(folder, driftRules))
	require.NoError(t, err)
	assert.Contains(t, string(content), "for: 1s")
	assert.NotContains(t, string(content), "for: 1m")
}
