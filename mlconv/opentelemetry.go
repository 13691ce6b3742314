// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlconv

// Names of OpenTelemetry that are used as they are.
const (
	// AttrServiceName (string) is the service that sent the spans, on the resource. Example:
	// "checkout".
	AttrServiceName = "service.name"
	// AttrServiceInstance (string) is the collector whose change detectors a metric is of, on the
	// resource. Example: "627cc493-f310-47de-96bd-71410b7dec09".
	AttrServiceInstance = "service.instance.id"
	// AttrPodNamespace (string) is the Kubernetes namespace in which the service runs, on the resource;
	// on a point of ml.model.placement that of the model. Example: "shop".
	AttrPodNamespace = "k8s.namespace.name"
	// AttrPodName (string) is the pod in which the service runs, on the resource; on a point that of
	// the model. Example: "assistant-6d5c9f7b8-x2x7k".
	AttrPodName = "k8s.pod.name"
	// AttrPodUID (string) is the UID of that pod. Example: "275ecb36-5aa8-4c2a-9c47-d8bb681b9aff".
	AttrPodUID = "k8s.pod.uid"
	// AttrHostName (string) is the host on which the service runs, on the resource; on a point that of
	// the model. Example: "gpu-node-1".
	AttrHostName = "host.name"
	// AttrOlderEnvironment (string) is read where deployment.environment.name is absent. Example:
	// "production".
	AttrOlderEnvironment = "deployment.environment"
	// AttrErrorType (string) is the kind of failure that the span ended with. Example: "timeout".
	AttrErrorType = "error.type"
	// AttrEventName (string) is the name of an event, on a log record of an SDK that has no field for
	// it. Example: "ml.ground_truth".
	AttrEventName = "event.name"
	// AttrLogRecordUID (string) is the id of a log record: two with the same one are one that came
	// twice. Example: "0f5a3c1e9d7b4a6682b1c0d4e5f60718".
	AttrLogRecordUID = "log.record.uid"
	// EventException (event) is the name of a span event that is an exception.
	EventException = "exception"
	// AttrExceptionType (string) is the type of an exception, on its event. Example: "ValueError".
	AttrExceptionType = "exception.type"
	// AttrExceptionMessage (string) is the message of an exception, on its event. Example: "no such
	// column".
	AttrExceptionMessage = "exception.message"
	// AttrGenAIOperation (string) is what a generative model, an agent or a tool was asked to do.
	// Example: "chat".
	AttrGenAIOperation = "gen_ai.operation.name"
	// AttrGenAIRequestModel (string) is the model that was asked for. Example: "gpt-5".
	AttrGenAIRequestModel = "gen_ai.request.model"
	// AttrGenAIResponseModel (string) is the model that answered. Example: "gpt-5-2026-10-01".
	AttrGenAIResponseModel = "gen_ai.response.model"
	// AttrGenAIFinishReasons (string[]) is why each answer ended. Example: ["stop"].
	AttrGenAIFinishReasons = "gen_ai.response.finish_reasons"
	// AttrGenAITimeToFirstChunk (double, s, 0..) is the time from the request to the first chunk of
	// a streamed answer. Example: 0.31.
	AttrGenAITimeToFirstChunk = "gen_ai.response.time_to_first_chunk"
	// AttrGenAIInputTokens (int, {token}, 0..) is the tokens that the model was given, those of a
	// cache included. Example: 412.
	AttrGenAIInputTokens = "gen_ai.usage.input_tokens"
	// AttrGenAIOutputTokens (int, {token}, 0..) is the tokens that the model gave back. Example:
	// 96.
	AttrGenAIOutputTokens = "gen_ai.usage.output_tokens"
	// AttrGenAICacheReadTokens (int, {token}, 0..) is the input tokens that came from a cache.
	// Example: 256.
	AttrGenAICacheReadTokens = "gen_ai.usage.cache_read.input_tokens"
	// AttrGenAICacheCreationTokens (int, {token}, 0..) is the input tokens that were written to a
	// cache. Example: 128.
	AttrGenAICacheCreationTokens = "gen_ai.usage.cache_creation.input_tokens"
	// AttrGenAIReasoningTokens (int, {token}, 0..) is the output tokens that were spent on
	// reasoning. Example: 64.
	AttrGenAIReasoningTokens = "gen_ai.usage.reasoning.output_tokens"
	// EventGenAIEvaluation (event) is the name of an event that says what an evaluator thinks of an
	// answer.
	EventGenAIEvaluation = "gen_ai.evaluation.result"
	// AttrGenAIEvaluationName (string) is the evaluator, or what it judges. Example: "Relevance".
	AttrGenAIEvaluationName = "gen_ai.evaluation.name"
	// AttrGenAIEvaluationScore (double) is the score that the evaluator has given. Example: 4.0.
	AttrGenAIEvaluationScore = "gen_ai.evaluation.score.value"
	// AttrGenAIEvaluationLabel (string) is the score in a word. Example: "pass".
	AttrGenAIEvaluationLabel = "gen_ai.evaluation.score.label"
	// AttrGenAIResponseID (string) is the provider's name for the answer. Example: "chatcmpl-123".
	AttrGenAIResponseID = "gen_ai.response.id"
	// AttrGenAITokenType (string) is input or output, on a point. Example: "input".
	AttrGenAITokenType = "gen_ai.token.type"
)
