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
	"time"
)

// The strings that pass between the clients and the model server. Each has a word that is found
// nowhere else.
const (
	promptText = "promptmarker: what is the weather in Atlantis?"
	answerText = "answermarker: it is sunny."
	cityText   = "citymarker"
)

// canaries are those words.
var canaries = []string{"promptmarker", "answermarker", cityText}

// A served model: the version that answers when its name is asked for, and where its token counts
// begin. They are so far apart that no sum of one model's could be taken for another's.
type served struct {
	version       string
	input, output int
	// refused: it is answered with 429 (too many requests).
	refused bool
	// beside: what was cached or written to the cache is counted beside the input, as Anthropic
	// does, not in it.
	beside bool
	// prices of a million tokens; none for what has no card.
	prices prices
}

type prices struct{ input, cached, written, output float64 }

var models = map[string]served{
	"gpt-4o-mini":            {version: "gpt-4o-mini-2024-07-18", input: 1_000, output: 100, prices: prices{input: 150, cached: 75, output: 600}},
	"gpt-4.1":                {version: "gpt-4.1-2025-04-14", input: 100_000, output: 10_000},
	"text-embedding-3-small": {version: "text-embedding-3-small-2024-01-25", input: 10_000_000, prices: prices{input: 20}},
	"gpt-4o":                 {refused: true},

	"gemini-2.5-flash":       {version: "gemini-2.5-flash-preview-09-2025", input: 2_000, output: 200, prices: prices{input: 300, cached: 30, output: 2500}},
	"gemini-2.5-pro":         {version: "gemini-2.5-pro", input: 200_000, output: 20_000},
	"gemini-2.0-flash":       {refused: true},
	"claude-sonnet-4-5":      {version: "claude-sonnet-4-5-20250929", input: 3_000, output: 300, beside: true, prices: prices{input: 3000, cached: 300, written: 3750, output: 15000}},
	"claude-haiku-4-5":       {version: "claude-haiku-4-5-20251001", input: 300_000, output: 30_000, beside: true},
	"claude-opus-4-1":        {refused: true},
	"amazon.nova-micro-v1:0": {version: "amazon.nova-micro-v1:0", input: 4_000, output: 400, prices: prices{input: 35, output: 140}},
	"anthropic.claude-3-5-haiku-20241022-v1:0": {
		version: "claude-3-5-haiku-20241022", input: 400_000, output: 40_000, beside: true, prices: prices{input: 800, cached: 80, written: 1000, output: 4000},
	},
	"meta.llama3-1-8b-instruct-v1:0": {version: "meta.llama3-1-8b-instruct-v1:0", input: 5_000_000, output: 500_000},
	"amazon.nova-pro-v1:0":           {refused: true},
}

// A kind is a way to call the server.
type kind string

const (
	chat       kind = "chat"
	streamed   kind = "streamed chat"
	responses  kind = "responses"
	embeddings kind = "embeddings"
	messages   kind = "messages"
	generate   kind = "generateContent"
	converse   kind = "Converse"
	invoke     kind = "InvokeModel"
)

// A call is what the server was asked, and what it has answered. Its input has the cached and the
// written tokens in it, in whatever way they are told.
type call struct {
	kind                           kind
	id                             string
	asked, answered                string
	input, output, cached, written int
	refused                        bool
}

// modelServer is a server that speaks as OpenAI's, Anthropic's, Google's and Amazon Bedrock's do,
// and notes each call.
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
	mux.HandleFunc("POST /v1/chat/completions", s.handle(chat))
	mux.HandleFunc("POST /v1/responses", s.handle(responses))
	mux.HandleFunc("POST /v1/embeddings", s.handle(embeddings))
	mux.HandleFunc("POST /v1/messages", s.handle(messages))
	mux.HandleFunc("POST /v1beta/models/{method}", s.handle(generate)) // gemini-2.5-pro:generateContent
	mux.HandleFunc("POST /model/{model}/converse", s.handle(converse))
	mux.HandleFunc("POST /model/{model}/invoke", s.handle(invoke))
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

// request is what the server reads of all kinds of requests.
type request struct {
	Model         string `json:"model"`
	Stream        bool   `json:"stream"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	Messages []struct {
		Role    string          `json:"role"`
		Content json.RawMessage `json:"content"`
	} `json:"messages"`
	// Contents are Google's messages.
	Contents json.RawMessage   `json:"contents"`
	Tools    []json.RawMessage `json:"tools"`
	Input    json.RawMessage   `json:"input"`
}

// asksForTool says whether the answer is a call of the tool: where there is one and it has not been
// called yet.
func (r request) asksForTool() bool {
	if len(r.Tools) == 0 {
		return false
	}
	if len(r.Contents) > 0 {
		return !strings.Contains(string(r.Contents), "functionResponse")
	}
	if len(r.Messages) == 0 {
		return !strings.Contains(string(r.Input), "function_call_output")
	}
	last := r.Messages[len(r.Messages)-1]
	return last.Role != "tool" && !strings.Contains(string(last.Content), "tool_result")
}

type object = map[string]any

func (s *modelServer) handle(k kind) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var ask request
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<20)).Decode(&ask); err != nil {
			s.t.Errorf("the model server got a %s it cannot read: %v", k, err)
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if model := r.PathValue("model"); model != "" {
			ask.Model = model
		}
		if model, method, ok := strings.Cut(r.PathValue("method"), ":"); ok {
			ask.Model, ask.Stream = model, method == "streamGenerateContent"
		}
		noted := k
		if ask.Stream {
			noted = streamed
		}
		c := s.note(noted, ask)
		if c.refused {
			refuse(w, k)
			return
		}
		a := answerOf(c, ask)
		switch {
		case k == chat && ask.Stream:
			events(w, a.chatChunks(ask.StreamOptions.IncludeUsage), false)
		case k == chat:
			write(w, http.StatusOK, a.chat())
		case k == responses && ask.Stream:
			events(w, a.responseEvents(), true)
		case k == responses:
			write(w, http.StatusOK, a.response())
		case k == embeddings:
			write(w, http.StatusOK, vectors(c, ask))
		case k == messages && ask.Stream:
			events(w, a.messageEvents(), true)
		case k == messages:
			write(w, http.StatusOK, a.message())
		case k == generate && ask.Stream:
			events(w, []object{a.content()}, true)
		case k == generate:
			write(w, http.StatusOK, a.content())
		case k == converse:
			write(w, http.StatusOK, a.converse())
		case k == invoke:
			write(w, http.StatusOK, a.invoke())
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
	c := call{kind: k, id: fmt.Sprintf("answer-%d", n), asked: ask.Model, answered: m.version, refused: m.refused}
	if !c.refused {
		offset := 1 + slices.Index([]kind{chat, streamed, responses, embeddings, messages, generate, converse, invoke}, k)
		c.input = m.input + 100*offset + n
		if k != embeddings && !strings.HasPrefix(ask.Model, "amazon.") && !strings.HasPrefix(ask.Model, "meta.") { // those do not tell
			c.cached = n
		}
		if m.beside {
			c.written = 10 + n
		}
		if m.output > 0 {
			c.output = m.output + 10*offset + n
		}
	}
	s.calls = append(s.calls, c)
	return c
}

// refuse says that there were too many requests, in the words of each provider.
func refuse(w http.ResponseWriter, k kind) {
	body := object{"error": object{"message": "Rate limit reached", "type": "requests", "code": "rate_limit_exceeded", "param": nil}}
	switch k {
	case messages:
		body = object{"type": "error", "error": object{"type": "rate_limit_error", "message": "Rate limit reached"}}
	case generate:
		body = object{"error": object{"code": 429, "message": "Rate limit reached", "status": "RESOURCE_EXHAUSTED"}}
	case converse, invoke:
		w.Header().Set("X-Amzn-Errortype", "ThrottlingException")
		body = object{"message": "Rate limit reached"}
	}
	write(w, http.StatusTooManyRequests, body)
}

// An answer is a text, or a call of the tool.
type answer struct {
	call
	tool bool
}

func answerOf(c call, ask request) answer { return answer{call: c, tool: ask.asksForTool()} }

func (a answer) arguments() object { return object{"city": cityText} }

func (a answer) argumentsText() string { return fmt.Sprintf("{%q: %q}", "city", cityText) }

// chat answers in the shape of the Chat Completions API.
func (a answer) chat() object {
	message, finish := object{"role": "assistant", "content": answerText, "refusal": nil}, "stop"
	if a.tool {
		message, finish = object{"role": "assistant", "content": nil, "tool_calls": []object{{
			"id": "tool-" + a.id, "type": "function", "function": object{"name": "weather", "arguments": a.argumentsText()},
		}}}, "tool_calls"
	}
	return object{
		"id": a.id, "object": "chat.completion", "created": 1_700_000_000, "model": a.answered,
		"choices": []object{{"index": 0, "message": message, "finish_reason": finish, "logprobs": nil}},
		"usage":   a.chatUsage(),
	}
}

func (a answer) chatUsage() object {
	return object{
		"prompt_tokens": a.input, "completion_tokens": a.output, "total_tokens": a.input + a.output,
		"prompt_tokens_details": object{"cached_tokens": a.cached}, "completion_tokens_details": object{"reasoning_tokens": 0},
	}
}

// chatChunks are one a word, one that it is the end, and one with the usage if it was asked for.
func (a answer) chatChunks(usage bool) []object {
	chunk := func(choices []object, used object) object {
		return object{"id": a.id, "object": "chat.completion.chunk", "created": 1_700_000_000, "model": a.answered, "choices": choices, "usage": used}
	}
	delta := func(d object, finish any) object {
		return chunk([]object{{"index": 0, "delta": d, "finish_reason": finish}}, nil)
	}
	var chunks []object
	finish := "stop"
	if a.tool {
		finish = "tool_calls"
		chunks = append(chunks, delta(object{"role": "assistant", "content": nil, "tool_calls": []object{{
			"index": 0, "id": "tool-" + a.id, "type": "function", "function": object{"name": "weather", "arguments": a.argumentsText()},
		}}}, nil))
	} else {
		for word := range strings.FieldsSeq(answerText) {
			chunks = append(chunks, delta(object{"role": "assistant", "content": word + " "}, nil))
		}
	}
	chunks = append(chunks, delta(object{}, finish))
	if usage {
		chunks = append(chunks, chunk([]object{}, a.chatUsage()))
	}
	return chunks
}

// response answers in the shape of the Responses API.
func (a answer) response() object {
	item := object{
		"type": "message", "id": "message-" + a.id, "role": "assistant", "status": "completed",
		"content": []object{{"type": "output_text", "text": answerText, "annotations": []object{}}},
	}
	if a.tool {
		item = object{
			"type": "function_call", "id": "item-" + a.id, "call_id": "tool-" + a.id, "status": "completed",
			"name": "weather", "arguments": a.argumentsText(),
		}
	}
	return object{
		"id": a.id, "object": "response", "created_at": 1_700_000_000, "status": "completed", "model": a.answered, "error": nil,
		"output": []object{item},
		"usage": object{
			"input_tokens": a.input, "output_tokens": a.output, "total_tokens": a.input + a.output,
			"input_tokens_details": object{"cached_tokens": a.cached}, "output_tokens_details": object{"reasoning_tokens": 0},
		},
	}
}

// responseEvents are those of a response that is streamed.
func (a answer) responseEvents() []object {
	whole := a.response()
	item := whole["output"].([]object)[0]
	begun := a.response()
	begun["status"], begun["output"], begun["usage"] = "in_progress", []object{}, nil
	list := []object{
		{"type": "response.created", "response": begun},
		{"type": "response.output_item.added", "output_index": 0, "item": item},
	}
	if a.tool {
		list = append(list,
			object{"type": "response.function_call_arguments.delta", "item_id": item["id"], "output_index": 0, "delta": a.argumentsText()},
			object{"type": "response.function_call_arguments.done", "item_id": item["id"], "output_index": 0, "arguments": a.argumentsText()})
	} else {
		list = append(list, object{"type": "response.output_text.delta", "item_id": item["id"], "output_index": 0, "content_index": 0, "delta": answerText})
	}
	list = append(list, object{"type": "response.output_item.done", "output_index": 0, "item": item}, object{"type": "response.completed", "response": whole})
	for i := range list {
		list[i]["sequence_number"] = i
	}
	return list
}

// message answers in the shape of Anthropic's Messages API.
func (a answer) message() object {
	block, reason := object{"type": "text", "text": answerText}, "end_turn"
	if a.tool {
		block, reason = object{"type": "tool_use", "id": "tool-" + a.id, "name": "weather", "input": a.arguments()}, "tool_use"
	}
	return object{
		"id": a.id, "type": "message", "role": "assistant", "model": a.answered,
		"content": []object{block}, "stop_reason": reason, "stop_sequence": nil, "usage": a.messageUsage(),
	}
}

// messageUsage counts what was cached, and what was written to the cache, beside the input.
func (a answer) messageUsage() object {
	return object{
		"input_tokens": a.input - a.cached - a.written, "output_tokens": a.output,
		"cache_read_input_tokens": a.cached, "cache_creation_input_tokens": a.written,
	}
}

func (a answer) messageEvents() []object {
	begun := a.message()
	block := begun["content"].([]object)[0]
	reason := begun["stop_reason"]
	begun["content"], begun["stop_reason"] = []object{}, nil
	usage := a.messageUsage()
	usage["output_tokens"] = 1
	begun["usage"] = usage
	delta := object{"type": "text_delta", "text": answerText}
	start := object{"type": "text", "text": ""}
	if a.tool {
		delta = object{"type": "input_json_delta", "partial_json": a.argumentsText()}
		start = object{"type": "tool_use", "id": block["id"], "name": block["name"], "input": object{}}
	}
	return []object{
		{"type": "message_start", "message": begun},
		{"type": "content_block_start", "index": 0, "content_block": start},
		{"type": "content_block_delta", "index": 0, "delta": delta},
		{"type": "content_block_stop", "index": 0},
		{"type": "message_delta", "delta": object{"stop_reason": reason, "stop_sequence": nil}, "usage": a.messageUsage()},
		{"type": "message_stop"},
	}
}

// content answers in the shape of Gemini's generateContent.
func (a answer) content() object {
	part := object{"text": answerText}
	if a.tool {
		part = object{"functionCall": object{"name": "weather", "args": a.arguments()}}
	}
	return object{
		"responseId": a.id, "modelVersion": a.answered,
		"candidates": []object{{"index": 0, "content": object{"role": "model", "parts": []object{part}}, "finishReason": "STOP"}},
		"usageMetadata": object{
			"promptTokenCount": a.input, "candidatesTokenCount": a.output, "totalTokenCount": a.input + a.output,
			"cachedContentTokenCount": a.cached,
		},
	}
}

// converse answers in the shape of Amazon Bedrock's Converse.
func (a answer) converse() object {
	return object{
		"output":     object{"message": object{"role": "assistant", "content": []object{{"text": answerText}}}},
		"stopReason": "end_turn", "metrics": object{"latencyMs": 1},
		"usage": object{"inputTokens": a.input, "outputTokens": a.output, "totalTokens": a.input + a.output},
	}
}

// invoke answers as the model itself does, which is what Amazon Bedrock's InvokeModel passes on.
func (a answer) invoke() object {
	switch {
	case strings.HasPrefix(a.asked, "anthropic."):
		return a.message()
	case strings.HasPrefix(a.asked, "meta."):
		return object{"generation": answerText, "prompt_token_count": a.input, "generation_token_count": a.output, "stop_reason": "stop"}
	}
	return a.converse()
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

// thinking is what passes between the headers and the first event of a stream. OpenLIT measures in
// whole milliseconds and sends no time that is zero, as that of a model that answers at once may be.
const thinking = 50 * time.Millisecond

// events sends server-sent events, with their types where the protocol names them.
func events(w http.ResponseWriter, list []object, typed bool) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.(http.Flusher).Flush()
	time.Sleep(thinking)
	for _, event := range list {
		text, err := json.Marshal(event)
		if err != nil {
			panic(err) // strings, numbers, lists and maps
		}
		if kind, ok := event["type"]; ok && typed {
			fmt.Fprintf(w, "event: %s\n", kind)
		}
		fmt.Fprintf(w, "data: %s\n\n", text)
		w.(http.Flusher).Flush()
	}
	if !typed {
		fmt.Fprint(w, "data: [DONE]\n\n")
	}
}

func write(w http.ResponseWriter, status int, body object) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that has gone away fails by itself
}
