// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package replica

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/config/configretry"
)

func TestBackoffIsBounded(t *testing.T) {
	cfg := configretry.NewDefaultBackOffConfig()
	cfg.InitialInterval = time.Second
	for failures := 1; failures < 200; failures++ {
		wait := backoff(&cfg, failures)
		assert.GreaterOrEqual(t, wait, cfg.InitialInterval/2)
		assert.LessOrEqual(t, wait, cfg.MaxInterval*3/2)
	}
	cfg.Multiplier, cfg.MaxInterval, cfg.RandomizationFactor = 0, 0, 0
	assert.Equal(t, cfg.InitialInterval, backoff(&cfg, 9))
}
