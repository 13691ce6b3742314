// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/ruleengine"
)

// FuzzParse: whatever a file says, it is an error or rules whose expressions Prometheus reads.
func FuzzParse(f *testing.F) {
	example, err := os.ReadFile("testdata/openslo-ratio-timeslices.yaml")
	require.NoError(f, err)
	f.Add(example)
	f.Add([]byte(openSLO))
	f.Add([]byte("version: prometheus/v1\nservice: s\nslos:\n- {name: a, objective: 99, sli: {events: {error_query: 'rate(a[{{.window}}]) # b', total_query: 'sum(rate(a[{{.window}}]))'}}}\n"))
	f.Add([]byte("version: prometheus/v1\nservice: s\nslos:\n- {name: 'a\"\\n', objective: 99, sli: {raw: {error_ratio_query: 'rate(a[{{.window}}])'}}}\n"))
	f.Add([]byte("apiVersion: sloth.slok.dev/v1\nkind: AlertWindows\nspec: {sloPeriod: 7d, page: {quick: {errorBudgetPercent: 8, shortWindow: 5m, longWindow: 1h}}}\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		slos, err := parse("f", content)
		if err != nil {
			return
		}
		groups, err := RuleGroups(slos)
		if err != nil {
			return
		}
		for _, g := range groups.Groups {
			for _, r := range g.Rules {
				_, err := ruleengine.Parser().ParseExpr(r.Expr)
				require.NoError(t, err, r.Expr)
			}
		}
	})
}
