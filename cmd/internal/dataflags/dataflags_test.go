// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dataflags

import (
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

func TestColumns(t *testing.T) {
	var c Columns
	f := pflag.NewFlagSet("x", pflag.ContinueOnError)
	c.Register(f)
	require.NoError(t, f.Parse([]string{
		"--type", "a=b=numeric", "--from", "2026-11-01", "--to", "2026-11-02T00:00:00Z", "--delimiter", `\t`, "--null", "NA,null", "--features", "a=b,c",
	}))
	o, err := c.Options()
	require.NoError(t, err)
	assert.Equal(t, map[string]profile.Type{"a=b": profile.Numeric}, o.Types)
	assert.Equal(t, 24*time.Hour, o.To.Sub(o.From))
	assert.Equal(t, table.Options{Delimiter: '\t', Null: []string{"NA", "null"}}, o.Table)
	assert.Equal(t, []string{"a=b", "c"}, o.Features)
}

func TestErrorsComeAtOnce(t *testing.T) {
	var c Columns
	f := pflag.NewFlagSet("x", pflag.ContinueOnError)
	c.Register(f)
	require.NoError(t, f.Parse([]string{"--type", "a", "--from", "soon", "--to", "later", "--delimiter", ",,"}))
	_, err := c.Options()
	for _, want := range []string{"--type", "--from", "--to", "--delimiter"} {
		assert.ErrorContains(t, err, want)
	}
}
