// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package contentkey knows under which keys spans have content, whatever wrote them: what people ask and
// models answer, documents that were retrieved, arguments of tools. ml_normalize drops it, and ml_action
// leaves it out of what it attaches to incidents. Of the names of OpenTelemetry's conventions package
// conventions knows it.
package contentkey

import (
	_ "embed"
	"strings"
)

// listed are the keys that the tables of dialects and content.yaml list, one a line, with * for any text.
// A test of package dialect keeps it so.
//
//go:embed listed.txt
var listed string

// Listed returns the keys that are content of some system, with * for any text.
func Listed() []string { return strings.Fields(listed) }

// SureWords are the last words of keys that are content wherever they stand, LooseWords are on what
// is of a generative model: its spans and log records.
var (
	SureWords = []string{
		"prompt", "prompts", "completion", "completions", "system_prompt", "systemPrompt", "user_prompt", "userPrompt", "assistant_prompt",
		"system_instruction", "system_instructions", "systemInstruction", "system_message", "user_message", "assistant_message", "user_input", "user_query",
		"input_messages", "output_messages", "inputMessages", "outputMessages", "chat_history", "chatHistory", "conversation_history", "chat_messages",
		"llm_request", "llm_response", "llm_input", "llm_output", "llm_prompt", "model_input", "model_output", "prompt_text", "prompt_template", "response_text",
		"completion_text", "generated_text", "input_text", "output_text", "reasoning_content", "reasoning_text", "thinking",
		"tool_input", "tool_output", "tool_args", "tool_arguments", "tool_result", "tool_results", "tool_response", "tool_calls", "tool_call_args",
		"tool_call_arguments", "tool_call_result", "toolCalls", "toolArgs", "toolResult", "tool_parameters", "function_args", "function_arguments", "function_response",
		"tool_definitions", "toolDefinitions", "available_tools",
		"retrieved_documents", "retrieved_context", "transcript",
	}
	LooseWords = []string{
		"input", "inputs", "output", "outputs", "input_json", "output_json", "input_data", "output_data", "inputValue", "outputValue", "input_value", "output_value",
		"messages", "message", "content", "contents", "text", "texts", "body", "question", "questions", "answer", "answers", "query", "queries",
		"arguments", "args", "kwargs", "parameters", "result", "results", "response", "responses", "request_body", "response_body",
		"instruction", "instructions", "context", "document", "documents", "chunks", "reasoning", "thought", "thoughts", "description",
		"final_result", "final_output", "final_answer", "raw_response", "raw_request", "payload", "events", "tools", "choices", "candidates", "explanation", "summary",
		"backstory", "goal", "expected_output", "image_url", "images", "audio",
	}
)

// LastWord is what follows the last dot, colon or slash of a key.
func LastWord(key string) string {
	for i := len(key) - 1; i >= 0; i-- {
		if c := key[i]; c == '.' || c == ':' || c == '/' {
			return key[i+1:]
		}
	}
	return key
}
