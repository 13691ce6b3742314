// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package catalogtest has a catalog for tests of what uses one: an extension with a set of cards.
package catalogtest

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// ID is the catalog's in a host.
var ID = component.MustNewID("ml_catalog")

// Extension is a catalog extension whose set a test replaces with Store.
type Extension struct {
	testkit.NopExtension
	atomic.Pointer[catalog.Set]
}

// NewExtension returns a catalog with a set. A nil set stands for a catalog that has not loaded
// any.
func NewExtension(set *catalog.Set) *Extension {
	e := &Extension{}
	e.Store(set)
	return e
}

// Snapshot returns the set.
func (e *Extension) Snapshot() *catalog.Set { return e.Load() }

// Host returns a host with a catalog of the given models.
func Host(models ...*catalog.Model) testkit.Host {
	return testkit.Host{ID: NewExtension(catalog.NewSet(models, nil))}
}

// Load returns the set of cards as people write them, in YAML.
func Load(tb testing.TB, cards string) *catalog.Set {
	tb.Helper()
	dir := tb.TempDir()
	require.NoError(tb, os.WriteFile(filepath.Join(dir, "cards.yaml"), []byte(cards), 0o600))
	set, err := catalog.Load(dir)
	require.NoError(tb, err)
	return set
}
