// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
)

// empty is what a component reads without a catalog.
type empty struct{ set *Set }

func (e empty) Snapshot() *Set { return e.set }

// Empty returns a catalog without cards.
func Empty() Catalog { return empty{set: NewSet(nil, nil)} }

// Find returns the catalog that a component should read: the extension with the given id, which is an error
// where it is not enabled or is no catalog; without an id the only enabled extension that is a Catalog.
// Two are an error that names both. None gives Empty and found = false, for which the component logs one
// warning (NoCatalogMessage).
func Find(host component.Host, id *component.ID) (c Catalog, found bool, err error) {
	extensions := host.GetExtensions() // may be nil
	if id != nil {
		e, ok := extensions[*id]
		if !ok {
			return nil, false, fmt.Errorf("'catalog': extension %q is not enabled; list it in service::extensions", id)
		}
		c, ok := e.(Catalog)
		if !ok {
			return nil, false, fmt.Errorf("'catalog': extension %q is not a catalog", id)
		}
		return c, true, nil
	}
	var names []string
	for eid, e := range extensions {
		if one, ok := e.(Catalog); ok {
			c = one
			names = append(names, eid.String())
		}
	}
	switch len(names) {
	case 0:
		return Empty(), false, nil
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
