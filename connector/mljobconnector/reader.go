// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"sync"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/job/run"
)

const (
	kindInner   = int(run.KindInner)
	kindRoot    = int(run.KindRoot)
	kindStage   = int(run.KindStage)
	kindMarker  = int(run.KindMarker)
	kindIgnored = kindMarker + 1
)

var readers = sync.Pool{New: func() any { return new(reader) }}

type reader struct {
	spans      []run.Span
	counts     [len(kinds)]int64
	unreadable int64
}

func (r *reader) read(_ ptrace.Traces, _ func(string)) {}

func (r *reader) release() { readers.Put(r) }
