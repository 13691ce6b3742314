// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package promlog gives Prometheus' packages a logger that writes to the collector's.
package promlog

import (
	"context"
	"log/slog"

	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"
)

// New returns a logger that writes what is a warning or worse to the collector's log. The rest, such as
// the compaction of every block, is for who asks for the debug level.
func New(logger *zap.Logger) *slog.Logger {
	return slog.New(quiet{zapslog.NewHandler(logger.Core())})
}

// quiet makes debug records of informative ones.
type quiet struct{ slog.Handler }

func level(of slog.Level) slog.Level {
	if of < slog.LevelWarn {
		return slog.LevelDebug
	}
	return of
}

func (h quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return h.Handler.Enabled(ctx, level(l))
}

func (h quiet) Handle(ctx context.Context, r slog.Record) error {
	r.Level = level(r.Level)
	return h.Handler.Handle(ctx, r)
}

func (h quiet) WithAttrs(attrs []slog.Attr) slog.Handler { return quiet{h.Handler.WithAttrs(attrs)} }

func (h quiet) WithGroup(name string) slog.Handler { return quiet{h.Handler.WithGroup(name)} }
