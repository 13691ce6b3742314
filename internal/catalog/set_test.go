// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSetLookup(t *testing.T) {
	anyEnv := &Model{Name: "m"}
	anyEnv.Versions = []*Version{{Model: anyEnv, Version: "1", Aliases: []string{"2", "champion"}}, {Model: anyEnv, Version: "2"}}
	staging := &Model{Name: "m", Environment: "staging"}
	job := &Job{Name: "j", Environment: "staging"}
	other := &Model{Name: "o", AlsoKnownAs: []string{"m", "deployment"}}
	s := NewSet([]*Model{other, anyEnv, staging}, []*Job{job})
	assert.Same(t, other, s.Model("production", "deployment"))
	assert.Same(t, anyEnv, s.Model("production", "m"), "a card's own name wins over another's alias")

	assert.Same(t, anyEnv, s.Model("production", "m"))
	assert.Same(t, anyEnv, s.Model("", "m"))
	assert.Same(t, staging, s.Model("staging", "m"))
	assert.Nil(t, s.Model("", "neither"))
	assert.Same(t, anyEnv.Versions[0], s.Version("production", "m", "champion"))
	assert.Same(t, anyEnv.Versions[1], s.Version("production", "m", "2"), "a version's own name wins over an alias")
	assert.Nil(t, s.Version("staging", "m", "1"), "the card of the environment is the one that counts")
	assert.Nil(t, s.Version("", "m", ""))
	assert.Same(t, job, s.Job("staging", "j"))
	assert.Nil(t, s.Job("", "j"))
	assert.Nil(t, s.Baseline("", "m", "1"))
}
