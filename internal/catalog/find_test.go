// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
)

type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

type plain struct {
	component.StartFunc
	component.ShutdownFunc
}

type catalogExtension struct {
	plain
	empty
}

func TestFind(t *testing.T) {
	a, b, other := component.MustNewID("ml_catalog"), component.MustNewIDWithName("ml_catalog", "b"), component.MustNewID("zpages")
	first := &catalogExtension{empty: empty{NewSet(nil, nil)}}

	c, found, err := Find(host(nil), nil)
	require.NoError(t, err)
	assert.False(t, found)
	assert.NotNil(t, c.Snapshot())

	c, found, err = Find(host{a: first, other: &plain{}}, nil)
	require.NoError(t, err)
	assert.True(t, found)
	assert.Same(t, first.set, c.Snapshot())

	_, _, err = Find(host{a: first, b: &catalogExtension{}}, nil)
	assert.EqualError(t, err, "'catalog': ml_catalog and ml_catalog/b are enabled; name the one to use")
	c, found, err = Find(host{a: first, b: &catalogExtension{}}, &a)
	require.NoError(t, err)
	assert.True(t, found)
	assert.Same(t, first.set, c.Snapshot())

	_, _, err = Find(host{a: first}, &b)
	assert.EqualError(t, err, `'catalog': extension "ml_catalog/b" is not enabled; list it in service::extensions`)
	_, _, err = Find(host{other: &plain{}}, &other)
	assert.EqualError(t, err, `'catalog': extension "zpages" is not a catalog`)
}

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
