// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mldriftconnector

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// sendTimeout is how long an emission may take, so that a downstream that hangs does not hold up the other one.
const sendTimeout = 30 * time.Second

// emitAlerts emits the alerts that are due, after they were saved.
func (c *driftConnector) emitAlerts(ctx context.Context, now time.Time) {
	if c.logs == nil {
		return
	}
	c.telemetry.alerts(ctx, "overflow", c.alerts.overflow)
	c.telemetry.alerts(ctx, "dropped", c.alerts.TakeLost())
	if c.alerts.overflow > 0 {
		if _, ok := c.limiter.Allow("alerts", now); ok {
			c.logger.Warn("More drifts hold than there is room for alerts: raise 'limits::alerts'",
				zap.Int("limit", c.cfg.Limits.Alerts), zap.Int("without_an_alert", c.alerts.overflow))
		}
	}
	c.alerts.overflow = 0
	if c.alerts.Undelivered() && c.store != nil {
		// A kill must not make a drift begin twice.
		if err := c.save(ctx); err != nil {
			c.logger.Warn("Windows are not saved; the next save tries again", zap.Error(err))
		}
	}
	due := c.alerts.Due(now)
	if len(due) == 0 {
		return
	}
	ld := alert.Logs(due, c.resource, metadata.ScopeName, c.version, now)
	limited, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	err := c.logs.ConsumeLogs(limited, ld)
	switch {
	case err == nil:
		c.alerts.Delivered(now)
		c.telemetry.alerts(ctx, "sent", len(due))
	case consumererror.IsPermanent(err):
		// Nothing else would become of them a second later.
		c.alerts.Delivered(now)
		c.telemetry.alerts(ctx, "refused", len(due))
		c.logger.Error("Alerts were refused; those that hold are emitted again at the next resend", zap.Int("alerts", len(due)), zap.Error(err))
	default:
		c.telemetry.alerts(ctx, "failed", len(due))
		c.logger.Warn("Alerts were not delivered; they are emitted again", zap.Int("alerts", len(due)), zap.Error(err))
	}
}
