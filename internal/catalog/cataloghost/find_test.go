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
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFind(t *testing.T) {
	a, b, other := component.MustNewID("ml_catalog"), component.MustNewIDWithName("ml_catalog", "b"), component.MustNewID("zpages")
	first := catalogtest.NewExtension(catalog.NewSet(nil, nil))

	c, found, err := Find(testkit.Host(nil), nil)
	require.NoError(t, err)
	assert.False(t, found)
	assert.NotNil(t, c.Snapshot())

	c, found, err = Find(testkit.Host{a: first, other: testkit.NopExtension{}}, nil)
	require.NoError(t, err)
	assert.True(t, found)
	assert.Same(t, first.Snapshot(), c.Snapshot())

	_, _, err = Find(testkit.Host{a: first, b: catalogtest.NewExtension(nil)}, nil)
	assert.EqualError(t, err, "'catalog': ml_catalog and ml_catalog/b are enabled; name the one to use")
	c, found, err = Find(testkit.Host{a: first, b: catalogtest.NewExtension(nil)}, &a)
	require.NoError(t, err)
	assert.True(t, found)
	assert.Same(t, first.Snapshot(), c.Snapshot())

	_, _, err = Find(testkit.Host{a: first}, &b)
	assert.EqualError(t, err, `'catalog': extension "ml_catalog/b" is not enabled; list it in service::extensions`)
	_, _, err = Find(testkit.Host{other: testkit.NopExtension{}}, &other)
	assert.EqualError(t, err, `'catalog': extension "zpages" is not a catalog`)
}
