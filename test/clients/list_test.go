// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

// A client is one of the applications in testdata/clients, and what its instrumentation says of the
// calls it makes. Where that is less than what happened, the reason is that of the instrumentation;
// the summaries can know no more.
type client struct {
	// name is that of its service, if service does not say another.
	name, service string
	// folder is where it is; env says which way it is to work.
	folder, env string
	// calls are how many calls of each kind it makes.
	calls map[kind]int
	// reports says what the spans tell of a call.
	reports func(call) report
	// varying are metrics whose values are others in every run.
	varying []string
}

// report is what the spans tell of a call: nothing, or that it was made, by which version, and how
// many tokens it took.
type report struct {
	made, version, tokens bool
	// cached, written: they say which of the input tokens came from the provider's cache, and which
	// went to it.
	cached, written bool
	// uncached: the input tokens that they tell are those without.
	uncached bool
	// estimated: the tokens are the client's own guess, not the server's count.
	estimated bool
	// free: they say that it has cost nothing.
	free bool
	// model is how they call the model, if not as the server was asked for it.
	model string
	// errorType is what a refused call is said to have failed with.
	errorType string
}

// all is the report of an instrumentation that tells everything.
var all = report{made: true, version: true, tokens: true, cached: true, written: true}

// openAICalls are those that clients of OpenAI's API make.
var openAICalls = map[kind]int{chat: 4, streamed: 1, responses: 1, embeddings: 1}

var clients = []client{
	{
		name: "openinference", folder: "openinference", calls: openAICalls,
		reports: func(c call) report {
			switch {
			case c.refused: // its span is never ended
				return report{}
			case c.kind == streamed: // its span names no version: it counts with that of the model's last call
				return report{made: true, version: true}
			case c.kind == embeddings:
				return report{made: true}
			}
			return all
		},
	},
	{
		name: "openllmetry", folder: "openllmetry", calls: openAICalls,
		reports: func(c call) report {
			switch {
			case c.refused, c.kind == embeddings: // its span is never ended; embeddings are not instrumented
				return report{}
			case c.kind == streamed:
				return report{made: true, version: true, tokens: true, estimated: true}
			}
			return report{made: true, version: true, tokens: true}
		},
	},
	{name: "vercel-ai", folder: "vercel-ai", calls: openAICalls, reports: vercelReports},
	{name: "vercel-ai-legacy", folder: "vercel-ai", env: "SPANS=legacy", calls: openAICalls, reports: vercelReports},
	{
		name: "google-adk", folder: "google-adk", calls: map[kind]int{generate: 4, streamed: 1},
		reports: func(c call) report {
			if c.refused { // its span ends before anything is put on it
				return report{}
			}
			return report{made: true, tokens: true}
		},
	},
	{
		name: "genkit", folder: "genkit", calls: map[kind]int{chat: 4, streamed: 1},
		reports: func(c call) report {
			return report{made: true, tokens: true, errorType: "429"}
		},
	},
	{
		name: "mastra", folder: "mastra", calls: map[kind]int{chat: 2, streamed: 1, responses: 2},
		reports: func(c call) report { // a refused call ends well, by its status
			return all
		},
	},
	{
		name: "sentry", folder: "sentry", calls: openAICalls,
		reports: func(c call) report {
			if c.refused {
				return report{made: true, errorType: "_OTHER"}
			}
			return all
		},
	},
	{
		name: "strands", folder: "strands", calls: map[kind]int{streamed: 5},
		reports: func(c call) report {
			return report{made: true, tokens: true, cached: true, errorType: "ModelThrottledError"}
		},
	},
	{
		name: "laminar", folder: "laminar", calls: map[kind]int{chat: 4, streamed: 1, responses: 1},
		service: "laminar-tracer-resource", // it has no setting for it
		reports: func(c call) report {
			switch {
			case c.refused: // its span is never ended
				return report{}
			case c.kind == streamed:
				return report{made: true, version: true}
			}
			return report{made: true, version: true, tokens: true}
		},
	},
	{
		name: "aws-sdk", folder: "aws-sdk", calls: map[kind]int{converse: 1, invoke: 3},
		reports: func(c call) report { // of a cache it knows nothing: Anthropic's models count it beside the input
			return report{made: true, tokens: true, uncached: true, errorType: "ThrottlingException"}
		},
	},
	{
		name: "langfuse", folder: "langfuse", calls: openAICalls,
		reports: func(c call) report {
			switch {
			case c.refused:
				return report{made: true, errorType: "_OTHER"}
			case c.kind == embeddings:
				return report{made: true, model: c.answered}
			case c.kind == streamed:
				return report{made: true, tokens: true, cached: true}
			}
			return report{made: true, tokens: true, cached: true, model: c.answered}
		},
	},
	{
		name: "langchain", folder: "langchain", calls: map[kind]int{chat: 4, streamed: 1, responses: 1},
		reports: func(c call) report {
			if c.refused {
				return report{made: true, errorType: "_OTHER"}
			}
			return all
		},
	},
	{
		name: "anthropic", folder: "anthropic", calls: map[kind]int{messages: 4, streamed: 1},
		reports: func(c call) report {
			if c.refused {
				return report{made: true, errorType: "rate_limit_error"}
			}
			return all
		},
	},
	{
		name: "opentelemetry", folder: "opentelemetry", calls: openAICalls,
		reports: func(c call) report {
			if c.refused {
				return report{made: true, errorType: "RateLimitError"}
			}
			return report{made: true, version: true, tokens: true}
		},
	},
	{
		name: "openlit", folder: "openlit", calls: openAICalls,
		reports: func(c call) report {
			switch {
			case c.refused:
				return report{made: true, errorType: "RateLimitError"}
			case c.kind == embeddings:
				return report{made: true, tokens: true}
			case models[c.asked].prices == (prices{}): // what a model costs that it does not know, is 0
				return report{made: true, version: true, tokens: true, cached: true, free: true}
			}
			return all
		},
	},
}

// vercelReports: the SDK tells all but which version has made an embedding.
func vercelReports(c call) report {
	switch {
	case c.refused:
		return report{made: true, errorType: "AI_APICallError"}
	case c.kind == embeddings:
		return report{made: true, tokens: true}
	}
	return all
}
