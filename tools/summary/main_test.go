// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const good = `{"Action":"output","Package":"p","Test":"TestA","Output":"noise\n"}
{"Action":"pass","Package":"p","Test":"TestA/sub"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Elapsed":0.5}
{"Action":"skip","Package":"without/tests"}
`

func TestSummarise(t *testing.T) {
	for _, test := range []struct {
		name, input, prints string
		shared              bool
		want                Counts
		ok                  bool
	}{
		{name: "all is well", input: good, prints: "ok  \tp\t0.500s", want: Counts{Passed: 2}, ok: true},
		{name: "nothing ran", input: `{"Action":"pass","Package":"p"}`},
		{
			name: "a failure is printed", prints: "boom", want: Counts{Passed: 2, Failed: 1},
			input: good + `{"Action":"output","Package":"q","Test":"TestB","Output":"boom\n"}
{"Action":"fail","Package":"q","Test":"TestB"}
{"Action":"fail","Package":"q"}`,
		},
		{
			name: "a package that does not build", prints: "syntax error", want: Counts{Passed: 2, Failed: 1},
			input: good + `{"Action":"build-output","ImportPath":"q","Output":"syntax error\n"}
{"Action":"fail","Package":"q"}`,
		},
		{
			name: "absent data is a reason", prints: "SKIP", want: Counts{Passed: 2, Skipped: 1}, ok: true,
			input: good + `{"Action":"output","Package":"q","Test":"TestC","Output":"../shared is absent\n"}
{"Action":"skip","Package":"q","Test":"TestC"}`,
		},
		{
			name: "unless the data is there", prints: "should not", want: Counts{Passed: 2, Skipped: 1, Wrong: 1}, shared: true,
			input: good + `{"Action":"output","Package":"q","Test":"TestC","Output":"../shared is absent\n"}
{"Action":"skip","Package":"q","Test":"TestC"}`,
		},
		{
			name: "any other skip is wrong", prints: "should not", want: Counts{Passed: 2, Skipped: 1, Wrong: 1},
			input: good + `{"Action":"skip","Package":"q","Test":"TestC"}`,
		},
		{name: "other text passes through", input: "make: hello\n" + good, prints: "make: hello", want: Counts{Passed: 2}, ok: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			counts, err := Summarise(strings.NewReader(test.input), &out, test.shared)
			require.NoError(t, err)
			assert.Equal(t, test.want, counts)
			assert.Equal(t, test.ok, counts.OK())
			assert.Contains(t, out.String(), test.prints)
			assert.NotContains(t, out.String(), "noise")
		})
	}
}

func TestCountsAddUp(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	require.NoError(t, write(one, Counts{Passed: 3}))
	require.NoError(t, write(two, Counts{Passed: 2, Skipped: 1}))
	counts, err := run(one+","+two, nil, nil)
	require.NoError(t, err)
	assert.Equal(t, "5 passed, 0 failed, 1 skipped", counts.String())
}
