// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package nestinglimitextension

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/extension/nestinglimitextension/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/extension/nestinglimitextension/internal/nesting"
	"github.com/otelcol-ml/otelcol-ml/internal/loglimit"
)

// logEvery is the time between two lines about refused requests.
const logEvery = time.Minute

// nestingLimit is a middleware of servers.
type nestingLimit struct {
	component.StartFunc

	most      int // levels of values
	logger    *zap.Logger
	lines     *loglimit.Limiter
	telemetry *metadata.TelemetryBuilder
	refused   map[string]metric.MeasurementOption
}

var (
	_ extension.Extension            = (*nestingLimit)(nil)
	_ extensionmiddleware.HTTPServer = (*nestingLimit)(nil)
	_ extensionmiddleware.GRPCServer = (*nestingLimit)(nil)
)

func newExtension(set extension.Settings, cfg *Config) (*nestingLimit, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	l := &nestingLimit{
		most: cfg.MaxDepth, logger: set.Logger, lines: loglimit.New(logEvery), telemetry: telemetry, refused: make(map[string]metric.MeasurementOption),
	}
	for _, protocol := range []string{protocolHTTP, protocolGRPC} {
		l.refused[protocol] = metric.WithAttributeSet(attribute.NewSet(attribute.String("protocol", protocol)))
	}
	return l, nil
}

const (
	protocolHTTP = "http"
	protocolGRPC = "grpc"
)

// Shutdown ends the extension's telemetry.
func (l *nestingLimit) Shutdown(context.Context) error {
	l.telemetry.Shutdown()
	return nil
}

// tooDeep counts a request that is refused and returns why it is.
func (l *nestingLimit) tooDeep(ctx context.Context, protocol, from string) error {
	l.telemetry.NestingLimitRefused.Add(ctx, 1, l.refused[protocol])
	if more, ok := l.lines.Allow(protocol, time.Now()); ok {
		l.logger.Warn("A request is refused whose values nest too deep.", zap.String("protocol", protocol), zap.String("from", from),
			zap.Int("max_depth", l.most), zap.Int("refused_since_the_last_line", more))
	}
	return fmt.Errorf("values of the request nest deeper than %d levels, the max_depth of the collector's nesting_limit", l.most)
}

// jsonLevels is the bound for JSON, whose brackets are more than the values that they hold.
func (l *nestingLimit) jsonLevels() int { return nesting.JSONLevels(l.most) }
