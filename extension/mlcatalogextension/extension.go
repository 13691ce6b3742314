// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcatalogextension

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

type catalogExtension struct {
	cfg *Config
	set atomic.Pointer[catalog.Set]
}

var (
	_ extension.Extension = (*catalogExtension)(nil)
	_ catalog.Catalog     = (*catalogExtension)(nil)
)

func newExtension(_ extension.Settings, cfg *Config) (*catalogExtension, error) {
	e := &catalogExtension{cfg: cfg}
	e.set.Store(catalog.NewSet(nil, nil))
	return e, nil
}

// Snapshot returns the current set.
func (e *catalogExtension) Snapshot() *catalog.Set { return e.set.Load() }

func (e *catalogExtension) Start(context.Context, component.Host) error { return nil }

func (e *catalogExtension) Shutdown(context.Context) error { return nil }
