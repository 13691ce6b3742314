// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// TestCases loads cards of ../shared/data/cases; TestViolations has the same faults.
func TestCases(t *testing.T) {
	for name, want := range map[string][]string{
		"F-card-price": {
			`prices.input_per_million: must be a number, is a text ("0,15"); write 0.15`,
			`prices.output_per_million: -1 must be at least 0`,
			`prices.currency: "dollar" is not a currency of three capital letters (ISO 4217), such as USD or EUR`,
		},
		"F-card-wildcard": {`name: "gpt-*" has a *, but a name is taken as it is written: write one card, and the other names under also_known_as`},
	} {
		t.Run(name, func(t *testing.T) {
			card, err := os.ReadFile(filepath.Join("../../../shared/data/cases", name+".yaml"))
			if os.IsNotExist(err) {
				t.Skip("../shared/data/cases is absent: these inputs are not part of this repository")
			}
			require.NoError(t, err)
			_, err = Load(folder(t, map[string]string{"card.yaml": string(card)}))
			for _, w := range want {
				assert.ErrorContains(t, err, w)
			}
			assert.Len(t, yamldoc.Violations(err), len(want))
		})
	}
}
