// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.uber.org/zap"
)

// The time between two attempts doubles from the first to the last.
const (
	firstWait = 100 * time.Millisecond
	lastWait  = 30 * time.Second
)

// SendUntilTaken sends until the pipeline takes it, refuses it for good or ctx ends; items names
// what is sent.
func SendUntilTaken(ctx context.Context, logger *zap.Logger, items string, send func(context.Context) error) error {
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		err := send(ctx)
		if err == nil {
			return nil
		}
		if consumererror.IsPermanent(err) {
			return fmt.Errorf("%s are lost, the pipeline does not take them: %w", items, err)
		}
		logger.Warn("The pipeline has no room for "+items+", trying again", zap.Duration("in", wait), zap.Error(err))
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("%s are lost, the collector stops before the pipeline takes them: %w", items, err)
		case <-timer.C:
		}
	}
}
