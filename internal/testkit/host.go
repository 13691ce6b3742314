// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package testkit

import "go.opentelemetry.io/collector/component"

// Host is a host with extensions.
type Host map[component.ID]component.Component

// GetExtensions returns the extensions.
func (h Host) GetExtensions() map[component.ID]component.Component { return h }

// NopExtension is an extension that does nothing. Doubles of extensions embed it.
type NopExtension struct {
	component.StartFunc
	component.ShutdownFunc
}
