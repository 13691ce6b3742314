// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prediction

import "strings"

// vendors are prefixes of keys by which the libraries that trace calls of generative models are
// told apart where they share an instrumentation scope. What is of the conventions (gen_ai.) is of
// none.
var vendors = [...]string{
	"openinference.", "llm.", "traceloop.", "langfuse.", "langsmith.", "mlflow.", "ai.", "gcp.vertex.", "lk.", "litellm.", "pydantic_ai.", "logfire.",
	"mastra.", "genkit", "lmnr.", "strands.", "crewai.", "haystack.",
}

// markOf returns the bit of a key's vendor, 0 without one.
func markOf(key string) uint32 {
	for i, prefix := range vendors {
		if strings.HasPrefix(key, prefix) {
			return 1 << i
		}
	}
	return 0
}

// library is what made a span: its instrumentation scope, and the vendors of its keys.
type library struct {
	scope uint64
	marks uint32
}
