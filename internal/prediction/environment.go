// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prediction

import (
	"cmp"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// EnvironmentNames are what a span, or a resource, says of its environment.
type EnvironmentNames struct{ newer, older string }

// Slot returns where the value of a key belongs, nil for a key that is not about the environment.
func (n *EnvironmentNames) Slot(key string) *string {
	switch key {
	case mlconv.AttrEnvironment:
		return &n.newer
	case mlconv.AttrOlderEnvironment:
		return &n.older
	default:
		return nil
	}
}

// Environment returns deployment.environment.name, or else the older deployment.environment.
func (n *EnvironmentNames) Environment() string { return cmp.Or(n.newer, n.older) }
