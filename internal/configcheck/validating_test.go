// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package configcheck

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestValidating(t *testing.T) {
	before := os.Args
	t.Cleanup(func() { os.Args = before })
	for _, c := range []struct {
		args []string
		want bool
	}{
		{nil, false},
		{[]string{"validate"}, false},
		{[]string{"otelcol-ml", "--config", "config.yaml"}, false},
		{[]string{"otelcol-ml", "validate", "--config", "config.yaml"}, true},
		{[]string{"otelcol-ml", "--config=config.yaml", "validate"}, true},
	} {
		os.Args = c.args
		assert.Equal(t, c.want, Validating(), c.args)
	}
}
