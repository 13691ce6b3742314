// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package conventions knows the names of OpenTelemetry's semantic conventions, of all versions, and
// which of them hold no content: what people ask and models answer, and what else may quote it.
package conventions

import (
	_ "embed"
	"slices"
	"strings"
)

// names are the keys of attributes, one a line, in all versions of the conventions that the module
// go.opentelemetry.io/otel has. A template, whose last part is anybody's, ends in *.
//
//go:embed names.txt
var names string

// free are the names whose values are free text, or may quote it.
var free = []string{
	// What people say to a model, and what it answers. Descriptions and stop sequences are parts of
	// prompts.
	"gen_ai.prompt", "gen_ai.completion", "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions",
	"gen_ai.tool.definitions", "gen_ai.tool.description", "gen_ai.tool.call.arguments", "gen_ai.tool.call.result",
	"gen_ai.agent.description", "gen_ai.retrieval.documents", "gen_ai.retrieval.query.text", "gen_ai.evaluation.explanation",
	"gen_ai.request.stop_sequences", "gen_ai.openai.request.response_format",
	// The message of an error quotes what it is about; the last line of a stack is that message.
	"exception.message", "exception.stacktrace", "code.stacktrace", "error.message", "otel.status_description",
	"feature_flag.error.message", "feature_flag.evaluation.error.message", "rpc.jsonrpc.error_message",
	// Queries with their values, and keys that are the data.
	"db.statement", "db.query.text", "db.query.parameter.*", "db.operation.parameter.*", "graphql.document",
	"aws.dynamodb.item_collection_metrics", "aws.s3.delete", "messaging.kafka.message.key", "messaging.kafka.message_key",
	"messaging.rocketmq.message.keys", "messaging.rocketmq.message_keys", "messaging.gcp_pubsub.message.ordering_key",
	"feature_flag.result.value",
	// Addresses with a query, secrets among them.
	"url.full", "url.original", "url.query", "url.fragment", "http.url", "http.target", "browser.document.url.full", "mcp.resource.uri",
	"db.connection_string",
	// Whatever a caller sends along.
	"http.request.header.*", "http.response.header.*", "rpc.request.metadata.*", "rpc.response.metadata.*",
	"rpc.grpc.request.metadata.*", "rpc.grpc.response.metadata.*", "rpc.connect_rpc.request.metadata.*", "rpc.connect_rpc.response.metadata.*",
	// Command lines (claude -p "...") and environments. A title is often the command line.
	"process.command_args", "process.command_line", "process.title", "process.environment_variable.*", "container.command_args", "container.command_line",
	// Annotations hold whole manifests, with the inputs of a step (Argo's template).
	"k8s.cronjob.annotation.*", "k8s.daemonset.annotation.*", "k8s.deployment.annotation.*", "k8s.job.annotation.*", "k8s.namespace.annotation.*",
	"k8s.node.annotation.*", "k8s.persistentvolume.annotation.*", "k8s.persistentvolumeclaim.annotation.*", "k8s.pod.annotation.*",
	"k8s.replicaset.annotation.*", "k8s.service.annotation.*", "k8s.statefulset.annotation.*",
	// What people write.
	"log.record.original", "pprof.profile.comment", "vcs.change.title", "vcs.repository.change.title",
}

// events are the names of events whose name says what happened.
var events = []string{
	"exception", "message", "rpc.message", "feature_flag", "feature_flag.evaluation", "session.start", "session.end",
	"app.crash", "app.jank", "app.screen.click", "app.widget.click", "browser.web_vital", "device.app.lifecycle", "az.resource.log", "azure.resource.log",
	"gen_ai.client.inference.operation.details", "gen_ai.client.operation.exception", "gen_ai.evaluation.result",
}

// All returns every name. One that ends in * stands for all that begin so.
func All() []string { return strings.Fields(names) }

// Free returns the names whose values are free text, or may quote it.
func Free() map[string]bool {
	out := make(map[string]bool, len(free))
	for _, name := range free {
		out[name] = true
	}
	return out
}

// Events returns the names of events.
func Events() []string { return slices.Clone(events) }
