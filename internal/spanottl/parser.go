// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package spanottl

import (
	"sync"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspan"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/ottlfuncs"
	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"
)

// spanContext is a span, with its scope and its resource, as OTTL sees it.
type spanContext = *ottlspan.TransformContext

// parser is the one parser. Without names of contexts in its options it takes paths with the name of
// their context and without. It logs nothing: its caller says what is wrong.
var parser = sync.OnceValues(func() (ottl.Parser[spanContext], error) {
	functions := ottlfuncs.StandardConverters[spanContext]()
	root := ottlfuncs.NewIsRootSpanFactoryNew()
	functions[root.Name()] = root
	return ottlspan.NewParser(functions, component.TelemetrySettings{Logger: zap.NewNop()})
})
