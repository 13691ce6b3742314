// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDocs reads the objectives that the page shows.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/slos.md")
	require.NoError(t, err)
	var counts []int
	for _, block := range regexp.MustCompile("(?ms)^```yml\n(.*?)^```$").FindAllStringSubmatch(string(page), -1) {
		var slos []SLO
		if strings.HasPrefix(block[1], "kind: model") {
			slos, err = FromCards(cards(t, block[1]))
		} else {
			slos, err = parse("docs/slos.md", []byte(block[1]))
		}
		require.NoError(t, err)
		generated(t, slos)
		counts = append(counts, len(slos))
	}
	assert.Equal(t, []int{10, 1, 1}, counts)
}

// TestDocsNameEverySeries: the page has each series that is recorded, and each alert.
func TestDocsNameEverySeries(t *testing.T) {
	page, err := os.ReadFile("../../docs/slos.md")
	require.NoError(t, err)
	slos, err := FromCards(cards(t, everyObjective))
	require.NoError(t, err)
	internal := []string{"slo:sli_error:ratio_rate", "slo:measured_", "slo:events", "slo:sample_bad:bool", "slo:slice_bad:ratio"}
	for _, g := range generated(t, slos).Groups {
		for _, r := range g.Rules {
			name := r.Record + r.Alert
			hidden := false
			for _, prefix := range internal {
				hidden = hidden || strings.HasPrefix(name, prefix)
			}
			assert.True(t, hidden || strings.Contains(string(page), "`"+name+"`"), name)
		}
	}
}
