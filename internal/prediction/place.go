// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prediction

import "github.com/otelcol-ml/otelcol-ml/mlconv"

// Place is where a service runs, as its resource says; empty fields are not known. Its names may be
// kept once they are cloned.
type Place struct {
	// Namespace, Pod and UID are those of the Kubernetes pod.
	Namespace, Pod, UID string
	// Host is the name of the host.
	Host string
}

// Known is true for a place that names a pod or a host.
func (p *Place) Known() bool { return p.Pod != "" || p.UID != "" || p.Host != "" }

// slot returns where the value of a key belongs, nil for a key that is not about the place.
func (p *Place) slot(key string) *string {
	switch key {
	case mlconv.AttrPodNamespace:
		return &p.Namespace
	case mlconv.AttrPodName:
		return &p.Pod
	case mlconv.AttrPodUID:
		return &p.UID
	case mlconv.AttrHostName:
		return &p.Host
	default:
		return nil
	}
}
