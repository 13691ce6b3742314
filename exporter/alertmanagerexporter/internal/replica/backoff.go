// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package replica

import (
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/config/configretry"
)

// backoff returns how long to wait after so many failures in a row, from 1.
func backoff(cfg *configretry.BackOffConfig, failures int) time.Duration {
	wait, most := float64(cfg.InitialInterval), float64(max(cfg.MaxInterval, cfg.InitialInterval))
	for range min(failures-1, 64) {
		wait = min(wait*max(cfg.Multiplier, 1), most)
	}
	return time.Duration(wait * (1 + cfg.RandomizationFactor*(2*rand.Float64()-1)))
}
