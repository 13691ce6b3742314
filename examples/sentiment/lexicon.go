// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// farAway is how long the lexicon's answer takes to come.
const farAway = 150 * time.Millisecond

// lexicon is a service that knows the weights of all words. It is far away.
type lexicon struct {
	words map[string]weights
}

func (l lexicon) serve(w http.ResponseWriter, r *http.Request) {
	out := map[string]weights{}
	for _, word := range r.URL.Query()["word"] {
		if of, ok := l.words[word]; ok {
			out[word] = of
		}
	}
	select {
	case <-r.Context().Done():
	case <-time.After(farAway):
		_ = json.NewEncoder(w).Encode(out) // who asked may be gone
	}
}

// askLexicon returns a function that asks the lexicon at the address.
func askLexicon(tracer trace.Tracer, address string) func(context.Context, []string) (map[string]weights, error) {
	client := &http.Client{Timeout: requestTimeout}
	return func(ctx context.Context, words []string) (map[string]weights, error) {
		ctx, span := ask(ctx, tracer, "GET /words")
		defer span.End()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/words?"+url.Values{"word": words}.Encode(), nil)
		if err != nil {
			return nil, err
		}
		body, err := send(client, r)
		if err != nil {
			return nil, err
		}
		var out map[string]weights
		return out, json.Unmarshal(body, &out)
	}
}
