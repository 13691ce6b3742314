// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package nestinglimitextension

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/otelcol-ml/otelcol-ml/extension/nestinglimitextension/internal/guard"
	"github.com/otelcol-ml/otelcol-ml/internal/loglimit"
	"github.com/otelcol-ml/otelcol-ml/internal/visible"
)

// logEvery is the time between two lines about refused requests.
const logEvery = time.Minute

// nestingLimit is a middleware of servers.
type nestingLimit struct {
	component.StartFunc

	guard     *guard.Guard
	logger    *zap.Logger
	lines     *loglimit.Limiter
	telemetry *telemetry
}

var (
	_ extension.Extension            = (*nestingLimit)(nil)
	_ extensionmiddleware.HTTPServer = (*nestingLimit)(nil)
	_ extensionmiddleware.GRPCServer = (*nestingLimit)(nil)
)

func newExtension(set extension.Settings, cfg *Config) (*nestingLimit, error) {
	set.Logger = visible.Logger(set.Logger)
	t, err := newTelemetry(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	l := &nestingLimit{logger: set.Logger, lines: loglimit.New(logEvery), telemetry: t}
	l.guard = &guard.Guard{MaxDepth: cfg.MaxDepth, Refuse: l.refuse}
	return l, nil
}

// GetHTTPHandler returns the middleware of an HTTP server.
func (l *nestingLimit) GetHTTPHandler(context.Context) (extensionmiddleware.WrapHTTPHandlerFunc, error) {
	return func(_ context.Context, next http.Handler) (http.Handler, error) { return l.guard.Handler(next), nil }, nil
}

// GetGRPCServerOptions returns the middleware of a gRPC server.
func (l *nestingLimit) GetGRPCServerOptions(context.Context) ([]grpc.ServerOption, error) {
	codec, err := l.guard.Codec()
	if err != nil {
		return nil, err
	}
	return []grpc.ServerOption{grpc.ForceServerCodecV2(codec)}, nil
}

// Shutdown ends the extension's telemetry.
func (l *nestingLimit) Shutdown(context.Context) error {
	l.telemetry.Shutdown()
	return nil
}

// refuse counts a request that is refused and returns why it is.
func (l *nestingLimit) refuse(ctx context.Context, protocol, from string) error {
	l.telemetry.addRefused(ctx, protocol)
	if more, ok := l.lines.Allow(protocol, time.Now()); ok {
		l.logger.Warn("A request is refused whose values nest too deep.", zap.String("protocol", protocol), zap.String("from", from),
			zap.Int("max_depth", l.guard.MaxDepth), zap.Int("refused_since_the_last_line", more))
	}
	return fmt.Errorf("values of the request nest deeper than %d levels, the max_depth of the collector's nesting_limit", l.guard.MaxDepth)
}
