// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package cataloghost

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.uber.org/goleak"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

type plain struct {
	component.StartFunc
	component.ShutdownFunc
}

type catalogExtension struct {
	plain
	catalog.Catalog
}

func TestFind(t *testing.T) {
	a, b, other := component.MustNewID("ml_catalog"), component.MustNewIDWithName("ml_catalog", "b"), component.MustNewID("zpages")
	first := &catalogExtension{Catalog: catalog.Empty()}

	c, found, err := Find(host(nil), nil)
	require.NoError(t, err)
	assert.False(t, found)
	assert.NotNil(t, c.Snapshot())

	c, found, err = Find(host{a: first, other: &plain{}}, nil)
	require.NoError(t, err)
	assert.True(t, found)
	assert.Same(t, first.Snapshot(), c.Snapshot())

	_, _, err = Find(host{a: first, b: &catalogExtension{}}, nil)
	assert.EqualError(t, err, "'catalog': ml_catalog and ml_catalog/b are enabled; name the one to use")
	c, found, err = Find(host{a: first, b: &catalogExtension{}}, &a)
	require.NoError(t, err)
	assert.True(t, found)
	assert.Same(t, first.Snapshot(), c.Snapshot())

	_, _, err = Find(host{a: first}, &b)
	assert.EqualError(t, err, `'catalog': extension "ml_catalog/b" is not enabled; list it in service::extensions`)
	_, _, err = Find(host{other: &plain{}}, &other)
	assert.EqualError(t, err, `'catalog': extension "zpages" is not a catalog`)
}
