// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// TestLargeFiles: a file of the largest size that is read, whatever is in it, is read in a time that
// grows with its size and not with the square of it, which is minutes; and what is said of it is
// bounded.
func TestLargeFiles(t *testing.T) {
	full := func(start, format string) string {
		var b strings.Builder
		b.WriteString(start)
		for i := 0; b.Len() < maxFileSize-64; i++ {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	const model, job = "kind: model\nname: fraud\n", "kind: job\nname: train\n"
	var laughs strings.Builder
	laughs.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := range 20 {
		fmt.Fprintf(&laughs, "a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i), 10), ","))
	}
	for name, c := range map[string]struct {
		text string
		// want is the first violation, listed how many are listed; none means that the file is good.
		want   string
		listed int
	}{
		"unknown keys":       {full(model, "k%d: 1\n"), "unknown key (allowed: alerts", 101},
		"features":           {full(model+"features:\n", "  f%d: {type: numeric}\n"), "", 0},
		"misspelt features":  {full(model+"features:\n", "  f%d: {tipe: 1}\n"), "did you mean type?", 101},
		"versions":           {full(model+"versions:\n", "  - {version: '%d'}\n"), "", 0},
		"the same version":   {full(model+"versions:\n", "  - {version: '1'} # %d\n"), "is there twice, first at [0]", 101},
		"a chain of stages":  {full(job+"stages:\n", "  - {name: s%[1]d, after: [s%[1]d]}\n"), "goes round in a circle: s0 after s0", 1},
		"cards without name": {full("", "---\nkind: model\nowner: o%d\n"), "name: is missing", 101},
		"the same card":      {full("", "---\nkind: model\nname: a\nowner: o%d\n"), "has a card already, x.yaml:2", 101},
		"the same key":       {full(model, "a: %d\n"), "a: is there twice, first on line 3", 101},
		"aliases of aliases": {laughs.String(), "kind: is missing", 3},
		"many of these":      {strings.Repeat(laughs.String()+"---\n", maxFileSize/(laughs.Len()+4)), "kind: is missing", 13},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := ReadFile("x.yaml", []byte(c.text))
			assert.Less(t, time.Since(start), time.Minute)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			violations := yamldoc.Violations(err)
			assert.Len(t, violations, c.listed)
			assert.ErrorContains(t, violations[0], c.want)
			if c.listed > yamldoc.MaxViolations {
				assert.ErrorContains(t, violations[len(violations)-1], "more violations, which are not listed")
				assert.Greater(t, yamldoc.Count(err), 20_000)
			}
			assert.Less(t, len(err.Error()), 100<<10)
		})
	}
}

// TestLongChains: a circle of as many stages as fit, and a chain of them, are followed without
// growing deep.
func TestLongChains(t *testing.T) {
	var b strings.Builder
	b.WriteString("kind: job\nname: train\nstages:\n  - {name: s0}\n")
	for i := 1; b.Len() < maxFileSize-64; i++ {
		fmt.Fprintf(&b, "  - {name: s%d, after: [s%d]}\n", i, i-1)
	}
	start := time.Now()
	_, err := ReadFile("x.yaml", []byte(b.String()))
	require.NoError(t, err)
	circle := strings.Replace(b.String(), "{name: s0}", "{name: s0, after: [s20000]}", 1)
	_, err = ReadFile("x.yaml", []byte(circle))
	require.ErrorContains(t, err, "goes round in a circle")
	assert.Less(t, len(err.Error()), 10<<10)
	assert.Less(t, time.Since(start), time.Minute)
}
