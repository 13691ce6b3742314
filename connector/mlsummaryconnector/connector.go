// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

type summaryConnector struct {
	cfg  *Config
	next consumer.Metrics
}

var _ connector.Traces = (*summaryConnector)(nil)

func newConnector(_ connector.Settings, cfg *Config, next consumer.Metrics) (*summaryConnector, error) {
	return &summaryConnector{cfg: cfg, next: next}, nil
}

func (c *summaryConnector) Start(context.Context, component.Host) error { return nil }

func (c *summaryConnector) Shutdown(context.Context) error { return nil }

func (c *summaryConnector) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (c *summaryConnector) ConsumeTraces(context.Context, ptrace.Traces) error { return nil }
