// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

type driftConnector struct {
	cfg  *Config
	next consumer.Metrics
}

var _ connector.Metrics = (*driftConnector)(nil)

func newConnector(_ connector.Settings, cfg *Config, next consumer.Metrics) (*driftConnector, error) {
	return &driftConnector{cfg: cfg, next: next}, nil
}

func (c *driftConnector) Start(context.Context, component.Host) error { return nil }

func (c *driftConnector) Shutdown(context.Context) error { return nil }

func (c *driftConnector) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (c *driftConnector) ConsumeMetrics(context.Context, pmetric.Metrics) error { return nil }
