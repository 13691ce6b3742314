// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package jobtest

import (
	"maps"
	"time"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Process is a process that sends spans.
type Process struct {
	// Attributes are the resource's.
	Attributes map[string]any
	// Skew is how far its clock is ahead of the true time.
	Skew time.Duration
	// NoFlags is for an SDK that does not say whether a span's parent is remote, as all did before
	// 2024.
	NoFlags bool
	// ends are the times at which it sends what it has, besides every Export.
	ends []time.Time
}

// NewProcess returns a process of a service.
func NewProcess(service string) *Process {
	return &Process{Attributes: map[string]any{"service.name": service, "telemetry.sdk.language": "go"}}
}

// With returns another process with the same attributes and one more.
func (p *Process) With(key string, value any) *Process {
	q := &Process{Attributes: maps.Clone(p.Attributes), Skew: p.Skew, NoFlags: p.NoFlags}
	q.Attributes[key] = value
	return q
}

// Host returns another process with the same attributes on a host whose clock is ahead by skew.
func (p *Process) Host(name string, skew time.Duration) *Process {
	q := p.With("host.name", name)
	q.Skew = skew
	return q
}

// In sets the environment.
func (p *Process) In(environment string) *Process {
	p.Attributes[mlconv.AttrEnvironment] = environment
	return p
}

// Ends says that the process ends at a time, and sends what it has.
func (p *Process) Ends(at time.Time) { p.ends = append(p.ends, at) }

// sends is when a span that ended at a time arrives.
func (p *Process) sends(end time.Time) time.Time {
	at := end.Truncate(Export).Add(Export)
	for _, e := range p.ends {
		if flush := e.Add(Flush); !e.Before(end) && flush.Before(at) {
			at = flush
		}
	}
	return at
}
