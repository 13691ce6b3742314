// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package lease

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
)

// Elector is what the extension k8s_leader_elector of opentelemetry-collector-contrib gives: it
// calls back when this replica has won the lease, and when it has lost it.
type Elector interface {
	SetCallBackFuncs(onStartLeading func(context.Context), onStopLeading func())
}

// FindElector finds the extension with an id.
func FindElector(host component.Host, id component.ID) (Elector, error) {
	extension, ok := host.GetExtensions()[id]
	if !ok {
		return nil, fmt.Errorf("'leader_elector': extension %q is not enabled; list it in service::extensions", id)
	}
	elector, ok := extension.(Elector)
	if !ok {
		return nil, fmt.Errorf("'leader_elector': extension %q elects no leader", id)
	}
	return elector, nil
}
