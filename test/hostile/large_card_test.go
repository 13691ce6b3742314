//go:build hostile

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLargeCards: files of 1 MB with 85,000 unknown keys, with aliases of aliases, and one in the place
// of a good card are said to be bad within seconds, and the good cards stay.
func TestLargeCards(t *testing.T) {
	s := newSite(t)
	write := func(name, text string) {
		t.Helper()
		require.NoError(t, os.WriteFile(filepath.Join(s.catalog, name), []byte(text), 0o600))
	}
	var unknown strings.Builder
	unknown.WriteString("kind: model\nname: large\n")
	for i := 0; unknown.Len() < 1<<20-64; i++ {
		fmt.Fprintf(&unknown, "k%d: 1\n", i)
	}
	laughs := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for i := range 20 {
		laughs += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i), 10), ","))
	}
	training, err := os.ReadFile(filepath.Join(s.catalog, jobCarded+".yaml"))
	require.NoError(t, err)
	s.under(attack{"large cards", func(t *testing.T, s *site) {
		write("unknown.yaml", unknown.String())
		write("laughs.yaml", strings.Repeat(laughs+"---\n", (1<<20)/(len(laughs)+4)))
		keys := unknown.String()[:900<<10]
		write(jobCarded+".yaml", string(training)+keys[strings.Index(keys, "k0"):strings.LastIndexByte(keys, '\n')+1])
		assert.EventuallyWithT(t, func(c *assert.CollectT) {
			assert.Greater(c, s.own("otelcol_ml_catalog_violations"), 150_000.0)
		}, patience, 50*time.Millisecond)
	}})
	log := s.log()
	assert.Contains(t, log, "unknown.yaml")
	assert.Contains(t, log, "are left out, or stay as they were before")
	assert.Contains(t, log, `"kept": ["job `+jobCarded)
	assert.Less(t, len(log), 4<<20, "what is said of them is bounded")
}
