// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// The strings that pass between the clients and the model server. Each has a word that is found
// nowhere else.
const (
	promptText = "promptmarker: what is the weather in Atlantis?"
	answerText = "answermarker: it is sunny."
	cityText   = "citymarker"
)

// refusedModel is answered with 429 (too many requests).
const refusedModel = "gpt-4o"

// A served model: the version that answers when its name is asked for, and where its token counts
// begin. They are so far apart that no sum of one model's could be taken for another's.
type served struct {
	version       string
	input, output int
}

var models = map[string]served{
	"gpt-4o-mini":            {version: "gpt-4o-mini-2024-07-18", input: 1_000, output: 100},
	"gpt-4.1":                {version: "gpt-4.1-2025-04-14", input: 100_000, output: 10_000},
	"text-embedding-3-small": {version: "text-embedding-3-small-2024-01-25", input: 10_000_000},
	refusedModel:             {},
}

// A kind is a way to call the server.
type kind string

const (
	chat       kind = "chat"
	streamed   kind = "streamed chat"
	responses  kind = "responses"
	embeddings kind = "embeddings"
)

// A call is what the server was asked, and what it has answered.
type call struct {
	kind                  kind
	id                    string
	asked, answered       string
	input, output, cached int
	refused               bool
}

// modelServer is an OpenAI-compatible server that notes each call.
type modelServer struct {
	*httptest.Server
	t *testing.T

	mu    sync.Mutex // guards calls
	calls []call
}

func startModelServer(t *testing.T) *modelServer {
	t.Helper()
	s := &modelServer{t: t}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", s.answer(chat))
	mux.HandleFunc("POST /v1/responses", s.answer(responses))
	mux.HandleFunc("POST /v1/embeddings", s.answer(embeddings))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("the model server was asked for %s %s", r.Method, r.URL)
		http.NotFound(w, r)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// log returns the calls so far.
func (s *modelServer) log() []call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// request is what the server reads of the three kinds of requests.
type request struct {
	Model         string `json:"model"`
	Stream        bool   `json:"stream"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	Messages []struct {
		Role string `json:"role"`
	} `json:"messages"`
	Tools []any           `json:"tools"`
	Input json.RawMessage `json:"input"`
}

type object = map[string]any

func (s *modelServer) answer(k kind) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var ask request
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&ask); err != nil {
			s.t.Errorf("the model server got a %s it cannot read: %v", k, err)
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if ask.Stream {
			k := streamed
			s.stream(w, s.note(k, ask), ask)
			return
		}
		c := s.note(k, ask)
		if c.refused {
			write(w, http.StatusTooManyRequests, object{"error": object{
				"message": "Rate limit reached", "type": "requests", "code": "rate_limit_exceeded", "param": nil,
			}})
			return
		}
		switch k {
		case chat:
			write(w, http.StatusOK, completion(c, ask))
		case responses:
			write(w, http.StatusOK, response(c))
		case embeddings:
			write(w, http.StatusOK, vectors(c, ask))
		}
	}
}

// note enters a call in the log. Each has token counts of its own.
func (s *modelServer) note(k kind, ask request) call {
	m, ok := models[ask.Model]
	if !ok {
		s.t.Errorf("the model server was asked for the model %q, which it does not have", ask.Model)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.calls) + 1
	c := call{kind: k, id: fmt.Sprintf("answer-%d", n), asked: ask.Model, answered: m.version, refused: ask.Model == refusedModel}
	if !c.refused {
		offset := map[kind]int{chat: 1, streamed: 2, responses: 3, embeddings: 4}[k]
		c.input, c.cached = m.input+100*offset+n, n
		if m.output > 0 {
			c.output = m.output + 10*offset + n
		}
	}
	s.calls = append(s.calls, c)
	return c
}

// completion answers a chat: with a call of the tool where there is one that has not been called
// yet.
func completion(c call, ask request) object {
	message, finish := object{"role": "assistant", "content": answerText, "refusal": nil}, "stop"
	if len(ask.Tools) > 0 && ask.Messages[len(ask.Messages)-1].Role != "tool" {
		message, finish = object{"role": "assistant", "content": nil, "tool_calls": []object{{
			"id": "tool-" + c.id, "type": "function",
			"function": object{"name": "weather", "arguments": fmt.Sprintf("{%q: %q}", "city", cityText)},
		}}}, "tool_calls"
	}
	return object{
		"id": c.id, "object": "chat.completion", "created": 1_700_000_000, "model": c.answered,
		"choices": []object{{"index": 0, "message": message, "finish_reason": finish, "logprobs": nil}},
		"usage":   usage(c),
	}
}

func usage(c call) object {
	return object{
		"prompt_tokens": c.input, "completion_tokens": c.output, "total_tokens": c.input + c.output,
		"prompt_tokens_details": object{"cached_tokens": c.cached}, "completion_tokens_details": object{"reasoning_tokens": 0},
	}
}

// stream answers a chat with server-sent events: one a word, one that it is the end, and one with
// the usage if it was asked for.
func (s *modelServer) stream(w http.ResponseWriter, c call, ask request) {
	w.Header().Set("Content-Type", "text/event-stream")
	send := func(choices []object, usage object) {
		chunk, err := json.Marshal(object{
			"id": c.id, "object": "chat.completion.chunk", "created": 1_700_000_000, "model": c.answered, "choices": choices, "usage": usage,
		})
		if err != nil {
			s.t.Errorf("the model server cannot write a chunk: %v", err)
		}
		fmt.Fprintf(w, "data: %s\n\n", chunk)
		w.(http.Flusher).Flush()
	}
	for word := range strings.FieldsSeq(answerText) {
		send([]object{{"index": 0, "delta": object{"role": "assistant", "content": word + " "}, "finish_reason": nil}}, nil)
	}
	send([]object{{"index": 0, "delta": object{}, "finish_reason": "stop"}}, nil)
	if ask.StreamOptions.IncludeUsage {
		send([]object{}, usage(c))
	}
	fmt.Fprint(w, "data: [DONE]\n\n")
}

// response answers in the shape of the Responses API.
func response(c call) object {
	return object{
		"id": c.id, "object": "response", "created_at": 1_700_000_000, "status": "completed", "model": c.answered, "error": nil,
		"output": []object{{
			"type": "message", "id": "message-" + c.id, "role": "assistant", "status": "completed",
			"content": []object{{"type": "output_text", "text": answerText, "annotations": []object{}}},
		}},
		"usage": object{
			"input_tokens": c.input, "output_tokens": c.output, "total_tokens": c.input + c.output,
			"input_tokens_details": object{"cached_tokens": c.cached}, "output_tokens_details": object{"reasoning_tokens": 0},
		},
	}
}

// vectors answers with an embedding of each text.
func vectors(c call, ask request) object {
	texts := 1
	var list []string
	if json.Unmarshal(ask.Input, &list) == nil {
		texts = len(list)
	}
	data := make([]object, texts)
	for i := range data {
		data[i] = object{"object": "embedding", "index": i, "embedding": []float64{0.25, -0.5, 1}}
	}
	return object{
		"object": "list", "model": c.answered, "data": data, "usage": object{"prompt_tokens": c.input, "total_tokens": c.input},
	}
}

func write(w http.ResponseWriter, status int, body object) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that has gone away fails by itself
}
