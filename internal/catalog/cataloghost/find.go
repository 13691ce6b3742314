// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package cataloghost finds the catalog among the extensions of a collector.
package cataloghost

import (
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// Find returns the catalog that a component should read: the extension with the given id, which is
// an error where it is not enabled or is no catalog; without an id the only enabled extension that
// is a catalog. Two are an error that names both. None gives an empty one and found = false, for
// which the component logs one warning (NoCatalogMessage).
func Find(host component.Host, id *component.ID) (c catalog.Catalog, found bool, err error) {
	extensions := host.GetExtensions() // may be nil
	if id != nil {
		e, ok := extensions[*id]
		if !ok {
			return nil, false, fmt.Errorf("'catalog': extension %q is not enabled; list it in service::extensions", id)
		}
		c, ok := e.(catalog.Catalog)
		if !ok {
			return nil, false, fmt.Errorf("'catalog': extension %q is not a catalog", id)
		}
		return c, true, nil
	}
	var names []string
	for eid, e := range extensions {
		if one, ok := e.(catalog.Catalog); ok {
			c = one
			names = append(names, eid.String())
		}
	}
	switch len(names) {
	case 0:
		return catalog.Empty(), false, nil
	case 1:
		return c, true, nil
	default:
		slices.Sort(names)
		return nil, false, fmt.Errorf("'catalog': %s are enabled; name the one to use", strings.Join(names, " and "))
	}
}

// NoCatalogMessage is logged once by a component that found no catalog.
const NoCatalogMessage = "No catalog is enabled: models are known by their spans alone. " +
	"Configure the ml_catalog extension and list it in service::extensions."
