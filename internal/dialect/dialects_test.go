// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

type m = map[string]any

// TestDialects reads one span or a few of every embedded table. The spans that the research has kept are read by the golden tests of
// the processor.
func TestDialects(t *testing.T) {
	e := engine(t, Options{})
	covered := map[string]bool{}
	for _, c := range []struct {
		name     string
		dialects []string
		given    given
		want     m
	}{
		{"gen_ai, current", []string{"gen_ai"}, given{name: "chat gpt-4o", attributes: m{
			"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o-2024-08-06",
			"gen_ai.usage.input_tokens": 20, "gen_ai.usage.output_tokens": 5,
			"gen_ai.input.messages":  []any{m{"role": "user", "parts": []any{m{"type": "text", "content": "Grüße!"}}}},
			"gen_ai.output.messages": `[{"role":"assistant","parts":[{"type":"text","content":"Gr\u00fc\u00dfe"}],"finish_reason":"stop"}]`,
		}}, m{
			"ml.model.name": "gpt-4o", "ml.model.version": "gpt-4o-2024-08-06", "ml.llm.input.characters": int64(6), "ml.llm.input.messages": int64(1),
			"ml.llm.output.characters": int64(5), "ml.llm.output.messages": int64(1),
		}},
		{"gen_ai, 1.28", []string{"gen_ai"}, given{name: "chat gemini-pro", attributes: m{
			"gen_ai.operation.name": "chat", "gen_ai.system": "gemini", "gen_ai.request.model": "gemini-pro", "gen_ai.usage.input_tokens": 3,
		}, events: []event{
			{name: "gen_ai.content.prompt", attributes: m{"gen_ai.prompt": `[{"role":"user","content":"hello"}]`}},
			{name: "gen_ai.content.completion", attributes: m{"gen_ai.completion": `[{"role":"assistant","content":"hi"}]`}},
		}}, m{
			"gen_ai.provider.name": "gcp.gemini", "ml.model.name": "gemini-pro",
			"ml.llm.input.characters": int64(5), "ml.llm.input.messages": int64(1), "ml.llm.output.characters": int64(2), "ml.llm.output.messages": int64(1),
		}},
		{"gen_ai, oldest", []string{"gen_ai"}, given{name: "chat gpt-4", attributes: m{
			"gen_ai.system": "openai", "gen_ai.request.model": "gpt-4", "gen_ai.response.model": "gpt-4-0613", "gen_ai.usage.prompt_tokens": 12,
			"gen_ai.usage.completion_tokens": "7", "gen_ai.prompt": "hello", "gen_ai.completion": "hi",
		}}, m{
			"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.usage.input_tokens": int64(12), "gen_ai.usage.output_tokens": int64(7),
			"ml.model.name": "gpt-4", "ml.model.version": "gpt-4-0613", "ml.llm.input.characters": int64(5), "ml.llm.output.characters": int64(2),
		}},
		{"a failed call", []string{"gen_ai"}, given{status: ptrace.StatusCodeError, attributes: m{
			"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "http.response.status_code": 429,
		}}, m{"ml.model.name": "m", "error.type": "429"}},
		{"an agent is no inference", []string{"gen_ai"}, given{attributes: m{
			"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "m", "gen_ai.response.model": "m-1", "gen_ai.usage.prompt_tokens": 46,
		}}, m{"gen_ai.usage.input_tokens": int64(46)}},
		{"openinference, Python streaming", []string{"openinference"}, given{attributes: m{
			"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o-2024-08-06", "llm.provider": "google", "llm.cost.total": 0.25,
		}, events: []event{{name: "First Token Stream Event", after: 250}}}, m{
			"gen_ai.operation.name": "chat", "gen_ai.provider.name": "gcp.gemini", "ml.model.name": "gpt-4o-2024-08-06",
			"gen_ai.response.time_to_first_chunk": 0.25, "ml.prediction.cost": 0.25, "ml.prediction.currency": "USD",
		}},
		{"openinference chain with the model's name", []string{"openinference"}, given{attributes: m{
			"openinference.span.kind": "CHAIN", "llm.model_name": "gpt-4o", "llm.token_count.prompt": 3,
		}}, m{"gen_ai.operation.name": "invoke_workflow", "gen_ai.usage.input_tokens": int64(3)}},
		{"openllmetry, older names", []string{"openllmetry"}, given{name: "openai.completion", attributes: m{
			"llm.request.type": "completion", "gen_ai.system": "OpenAI", "gen_ai.request.model": "davinci", "llm.usage.prompt_tokens": 4,
			"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "abc", "gen_ai.prompt.1.role": "user", "gen_ai.prompt.1.content": "de", "gen_ai.completion.0.content": "f",
		}}, m{
			"gen_ai.operation.name": "text_completion", "gen_ai.provider.name": "OpenAI", "gen_ai.usage.input_tokens": int64(4), "ml.model.name": "davinci",
			"ml.llm.input.characters": int64(5), "ml.llm.input.messages": int64(2), "ml.llm.output.characters": int64(1), "ml.llm.output.messages": int64(1),
		}},
		{"vercel legacy, the call", []string{"vercel_ai"}, given{scope: "ai", name: "ai.generateText.doGenerate", attributes: m{
			"ai.operationId": "ai.generateText.doGenerate", "ai.model.id": "gpt-4o", "ai.model.provider": "openai.chat", "ai.usage.promptTokens": 9, "ai.usage.completionTokens": 3,
			"ai.usage.cachedInputTokens": 2, "ai.response.model": "gpt-4o-1", "ai.response.finishReason": "stop", "ai.response.msToFirstChunk": 120.5, "ai.response.text": "four",
			"ai.prompt.messages": `[{"role":"system","content":"ab"},{"role":"user","content":[{"type":"text","text":"cde"}]}]`, "ai.telemetry.functionId": "f",
		}}, m{
			"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.usage.input_tokens": int64(9), "gen_ai.usage.output_tokens": int64(3),
			"gen_ai.usage.cache_read.input_tokens": int64(2), "gen_ai.response.finish_reasons": []any{"stop"}, "gen_ai.response.time_to_first_chunk": 0.1205,
			"gen_ai.agent.name": "f", "ml.model.name": "gpt-4o", "ml.model.version": "gpt-4o-1",
			"ml.llm.input.characters": int64(5), "ml.llm.input.messages": int64(2), "ml.llm.output.characters": int64(4),
		}},
		{"vercel legacy, the wrapper", []string{"vercel_ai"}, given{scope: "ai", attributes: m{
			"ai.operationId": "ai.generateText", "ai.model.id": "gpt-4o", "ai.model.provider": "amazon-bedrock", "ai.usage.inputTokens": 9,
		}}, m{"gen_ai.operation.name": "invoke_agent", "gen_ai.provider.name": "aws.bedrock", "gen_ai.usage.input_tokens": int64(9)}},
		{"vercel 7, the outer of two embeddings", []string{"vercel_ai"}, given{scope: "gen_ai", attributes: m{
			"gen_ai.operation.name": "embeddings", "gen_ai.request.model": "e",
		}}, m{}},
		{"vercel 7, an outer embedding that lost attributes is not told from an inner one", []string{"vercel_ai"}, given{scope: "gen_ai", droppedAttrs: 1, attributes: m{
			"gen_ai.operation.name": "embeddings", "gen_ai.request.model": "e",
		}}, m{"ml.model.name": "e"}},
		{"mlflow encodes the user's attributes, too", []string{"mlflow", "handwritten"}, given{attributes: m{
			"mlflow.spanType": `"CHAIN"`, "model_name": `"churn"`, "model_version": `"7"`, "confidence": "0.87", "prediction": `"yes"`, "features.age": "41", "features.city": `"Berlin"`,
		}}, m{
			"gen_ai.operation.name": "invoke_workflow", "ml.model.name": "churn", "ml.model.version": "7", "ml.prediction.confidence": 0.87,
			"ml.prediction.class": "yes", "ml.feature.age": int64(41),
		}},
		{"langfuse generation that failed with an unset status", []string{"langfuse"}, given{scope: "langfuse-sdk", attributes: m{
			"langfuse.observation.type": "generation", "langfuse.observation.model.name": "gpt-4o-mini", "langfuse.observation.level": "ERROR", "langfuse.session.id": "s",
			"langfuse.observation.usage_details": `{"input":23,"output":9,"total":32,"input_cached_tokens":5}`, "langfuse.observation.cost_details": `{"total":0.001}`,
			"langfuse.observation.input": `[{"role":"user","content":"hello"}]`, "langfuse.observation.output": `{"role":"assistant","content":"hi"}`,
		}}, m{
			"gen_ai.operation.name": "chat", "gen_ai.conversation.id": "s", "gen_ai.usage.input_tokens": int64(23), "gen_ai.usage.output_tokens": int64(9),
			"gen_ai.usage.cache_read.input_tokens": int64(5), "ml.model.name": "gpt-4o-mini", "ml.prediction.cost": 0.001, "ml.prediction.currency": "USD",
			"error.type": "_OTHER", "ml.llm.input.characters": int64(5), "ml.llm.output.characters": int64(2),
		}},
		{"langsmith failed with the status OK", []string{"langsmith"}, given{scope: "langsmith", status: ptrace.StatusCodeOk, attributes: m{
			"langsmith.span.kind": "llm", "langsmith.metadata.ls_model_name": "claude-3", "langsmith.metadata.ls_provider": "anthropic", "gen_ai.system": "langchain",
			"langsmith.usage_metadata": `{"input_tokens":5,"output_tokens":2,"input_token_details":{"cache_read":1},"output_token_details":{"reasoning":1}}`,
		}, events: []event{{name: "exception", attributes: m{"exception.message": "boom"}}}}, m{
			"gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic", "gen_ai.usage.input_tokens": int64(5), "gen_ai.usage.output_tokens": int64(2),
			"gen_ai.usage.cache_read.input_tokens": int64(1), "gen_ai.usage.reasoning.output_tokens": int64(1), "ml.model.name": "claude-3", "error.type": "_OTHER",
		}},
		{"langchain is no provider", []string{"langsmith"}, given{scope: "langsmith", attributes: m{"langsmith.span.kind": "chain", "gen_ai.system": "langchain"}}, m{"gen_ai.operation.name": "invoke_workflow"}},
		{"openlit by its resource", []string{"openlit"}, given{resource: m{"telemetry.sdk.name": "openlit"}, attributes: m{
			"gen_ai.operation.name": "chat", "gen_ai.system": "mistral", "gen_ai.request.model": "m", "gen_ai.usage.cost": 0.5, "gen_ai.server.time_to_first_token": 0.1,
		}}, m{
			"gen_ai.provider.name": "mistral_ai", "ml.model.name": "m", "ml.prediction.cost": 0.5, "ml.prediction.currency": "USD", "gen_ai.response.time_to_first_chunk": 0.1,
		}},
		{"triton by its keys", []string{"triton"}, given{name: "resnet", attributes: m{"triton.model_name": "resnet", "triton.model_version": 3}}, m{
			"ml.model.name": "resnet", "ml.model.version": "3", "ml.operation.name": "predict",
		}},
		{"triton request without an answer", []string{"triton"}, given{scope: "triton-server", name: "InferRequest", events: []event{{name: "HTTP_RECV_START"}}}, m{"error.type": "_OTHER"}},
		{"triton request that lost events", []string{"triton"}, given{scope: "triton-server", name: "InferRequest", droppedEvents: 1, events: []event{{name: "HTTP_RECV_START"}}}, m{}},
		{"vllm V0, the only span of the call", []string{"vllm"}, given{name: "llm_request", attributes: m{
			"gen_ai.response.model": "llama", "gen_ai.latency.time_to_first_token": 0.1, "gen_ai.usage.prompt_tokens": 4, "gen_ai.usage.completion_tokens": 5,
		}}, m{
			"gen_ai.operation.name": "text_completion", "ml.model.name": "llama", "gen_ai.usage.input_tokens": int64(4), "gen_ai.usage.output_tokens": int64(5),
			"gen_ai.response.time_to_first_chunk": 0.1,
		}},
		{"vllm V0 below a client that is counted", []string{"vllm"}, given{name: "llm_request", child: true, attributes: m{
			"gen_ai.response.model": "llama", "gen_ai.latency.e2e": 1.0, "gen_ai.usage.prompt_tokens": 4,
		}}, m{"gen_ai.usage.input_tokens": int64(4)}},
		{"sglang", []string{"sglang"}, given{scope: "sglang server", name: "Req 12345678", attributes: m{"rid": "r1", "gen_ai.latency.e2e": 0.5, "gen_ai.response.model": "q", "gen_ai.usage.cached_tokens": 2}}, m{
			"gen_ai.operation.name": "text_completion", "ml.model.name": "q", "gen_ai.usage.cache_read.input_tokens": int64(2), "ml.prediction.id": "r1",
		}},
		{"kserve V2 with a version", []string{"open_inference_protocol"}, given{kind: ptrace.SpanKindServer, attributes: m{"url.path": "/v2/models/fraud%20eu/versions/3/infer"}}, m{
			"ml.model.name": "fraud eu", "ml.model.version": "3",
		}},
		{"kserve V1, older HTTP names", []string{"open_inference_protocol"}, given{kind: ptrace.SpanKindServer, attributes: m{"http.target": "/v1/models/iris:predict?x=1"}}, m{"ml.model.name": "iris"}},
		{"a client of kserve", nil, given{kind: ptrace.SpanKindClient, attributes: m{"url.path": "/v1/models/iris:predict"}}, m{}},
		{"some other path", nil, given{kind: ptrace.SpanKindServer, attributes: m{"url.path": "/v1/users/7"}}, m{}},
		{"bentoml by the headers of a runner call", []string{"bentoml"}, given{attributes: m{
			"http.request.header.bento-name": []any{"fraud"}, "http.request.header.bento-version": []any{"abc"},
		}}, m{"ml.model.name": "fraud", "ml.model.version": "abc"}},
		{"ray serve replica", []string{"ray_serve"}, given{name: "replica_handle_request Churn __call__", attributes: m{"deployment": "Churn", "replica_id": "x", "request_id": "r"}}, m{
			"ml.model.name": "Churn", "ml.prediction.id": "r",
		}},
		{"ray serve proxy is a wrapper", []string{"ray_serve"}, given{name: "proxy_http_request", attributes: m{"deployment": "Churn", "request_type": "http"}}, m{}},
		{"a deployment of others", nil, given{name: "rollout", attributes: m{"deployment": "web", "replica_id": "x"}}, m{}},
		{"confidence as a percentage and a text", []string{"handwritten"}, given{attributes: m{"model.name": "x", "confidence": "87.5", "prediction": 1}}, m{
			"ml.model.name": "x", "ml.prediction.confidence": 0.875, "ml.prediction.class": "1",
		}},
		{"features", []string{"handwritten"}, given{attributes: m{
			"model.name": "x", "features.amount": 12.5, "ml.features.age": 4, "features.count": 2, "features.city": "Berlin", "feature.flag": true, "ml.prediction.success": false,
		}}, m{"ml.model.name": "x", "ml.feature.amount": 12.5, "ml.feature.age": int64(4), "error.type": "_OTHER"}},
		{"bare features are flags until asked for", nil, given{attributes: m{"feature.distance": 12.5, "feature.name": "chat"}}, m{}},
		{"airflow 3.0 task that is mapped, by its link", []string{"airflow"}, given{name: "score", attributes: m{
			"airflow.category": "scheduler", "airflow.task.task_id": "score", "airflow.task.dag_id": "d", "airflow.task.state": "upstream_failed", "airflow.task.try_number": "2",
			"airflow.task.log_url": "http://h/dags/d/runs/manual__2026-01-01T00%3A00%3A00%2B00%3A00/tasks/score/mapped/7?try_number=2",
		}}, m{
			"cicd.pipeline.name": "d", "cicd.pipeline.run.id": "manual__2026-01-01T00:00:00+00:00", "cicd.pipeline.task.name": "score", "cicd.pipeline.task.run.result": "skip",
			"ml.stage.cause": "upstream_failed", "ml.stage.attempt": int64(2), "ml.stage.instance": "7",
		}},
		{"airflow task that waits has no result", []string{"airflow"}, given{name: "task_run.wait", status: ptrace.StatusCodeError, attributes: m{
			"airflow.dag_id": "d", "airflow.task_id": "wait", "airflow.task_instance.state": "up_for_reschedule",
		}}, m{"cicd.pipeline.name": "d", "cicd.pipeline.task.name": "wait"}},
		{"an agent in an airflow task speaks two dialects", []string{"airflow", "gen_ai"}, given{attributes: m{
			"airflow.dag_id": "d", "airflow.task_id": "summarise", "airflow.dag_run.run_id": "r", "gen_ai.operation.name": "chat", "gen_ai.request.model": "m",
		}}, m{"cicd.pipeline.name": "d", "cicd.pipeline.run.id": "r", "cicd.pipeline.task.name": "summarise", "ml.model.name": "m"}},
		{"argo cron workflow", []string{"argo"}, given{scope: "workflows-controller", name: "workflow", status: ptrace.StatusCodeError, message: "Error", attributes: m{"name": "nightly-1767225600"}}, m{
			"cicd.pipeline.name": "nightly", "cicd.pipeline.run.id": "nightly-1767225600", "cicd.pipeline.result": "error",
		}},
		{"argo workflow with a name of its own", []string{"argo"}, given{scope: "workflows-controller", name: "workflow", attributes: m{"name": "train-model"}}, m{
			"cicd.pipeline.name": "train-model", "cicd.pipeline.run.id": "train-model",
		}},
		{"prefect run that crashed", []string{"prefect"}, given{scope: "prefect", attributes: m{
			"prefect.run.type": "flow", "prefect.run.id": "r", "prefect.flow.id": "f", "prefect.run.parameter.n": "int",
		}, events: []event{{name: "Running", attributes: m{"prefect.state.type": "RUNNING"}}, {name: "Crashed", attributes: m{"prefect.state.type": "CRASHED"}}}}, m{
			"cicd.pipeline.name": "f", "cicd.pipeline.run.id": "r", "cicd.pipeline.result": "error",
		}},
		{"jenkins unstable", []string{"jenkins"}, given{attributes: m{"ci.pipeline.id": "j", "ci.pipeline.run.number": 3, "ci.pipeline.run.result": "UNSTABLE"}}, m{
			"cicd.pipeline.name": "j", "cicd.pipeline.run.id": "3", "cicd.pipeline.result": "failure",
		}},
		{"dagster step", []string{"dagster"}, given{status: ptrace.StatusCodeError, attributes: m{
			"dagster.job_name": "j", "dagster.run_id": "r", "dagster.step_key": "score[eu]", "dagster.retry_number": 1, "dagster.partition_key": "2026-01-01",
		}, events: []event{{name: "exception", attributes: m{"exception.type": "ValueError"}}}}, m{
			"cicd.pipeline.name": "j", "cicd.pipeline.run.id": "r", "cicd.pipeline.task.name": "score", "ml.stage.instance": "eu", "ml.stage.attempt": int64(2),
			"ml.job.logical_date": "2026-01-01", "cicd.pipeline.task.run.result": "failure", "error.type": "ValueError",
		}},
		{"github job that was cancelled", []string{"cicd"}, given{resource: m{
			"cicd.pipeline.name": "build", "cicd.pipeline.run.task.status": "cancelled", "cicd.pipeline.task.run.url.full": "https://github.com/o/r/actions/runs/12/job/34",
		}, name: "build"}, m{"cicd.pipeline.run.id": "12", "cicd.pipeline.result": "cancellation"}},
		{"github run whose id is a number", []string{"cicd"}, given{name: "build-and-test", resource: m{
			"cicd.pipeline.name": "build-and-test", "cicd.pipeline.run.id": 14460881260, "cicd.pipeline.run.status": "failure",
		}}, m{"cicd.pipeline.run.id": "14460881260", "cicd.pipeline.result": "failure"}},
		{"the conventions' run on the resource", []string{"cicd"}, given{resource: m{"cicd.pipeline.name": "j", "cicd.pipeline.run.id": "r"}}, m{}},
		{"airflow 3.2 task that was skipped, with the status ERROR", []string{"airflow"}, given{name: "task_run.x", status: ptrace.StatusCodeError, attributes: m{
			"airflow.dag_id": "d", "airflow.task_id": "x", "airflow.task_instance.state": "skipped", "airflow.task_instance.map_index": -1,
		}}, m{"cicd.pipeline.name": "d", "cicd.pipeline.task.name": "x", "cicd.pipeline.task.run.result": "skip"}},
		{"airflow 3.2 try that is followed by another, with the status ERROR", []string{"airflow"}, given{name: "task_run.x[3]", status: ptrace.StatusCodeError, attributes: m{
			"airflow.dag_id": "d", "airflow.task_id": "x", "airflow.task_instance.state": "up_for_retry", "airflow.task_instance.map_index": 3, "airflow.task_instance.try_number": 1,
		}}, m{
			"cicd.pipeline.name": "d", "cicd.pipeline.task.name": "x", "cicd.pipeline.task.run.result": "failure", "ml.stage.final": false,
			"ml.stage.instance": "3", "ml.stage.attempt": int64(1),
		}},
		{"airflow 2.10 task that failed with an unset status", []string{"airflow"}, given{name: "x", attributes: m{
			"category": "scheduler", "dag_id": "d", "task_id": "x", "state": "failed", "try_number": 2, "error": true,
			"log_url": "http://h/dags/d/grid?dag_run_id=scheduled__2026-01-01T00%3A00%3A00%2B00%3A00&task_id=x&map_index=5&tab=logs",
		}}, m{
			"cicd.pipeline.name": "d", "cicd.pipeline.run.id": "scheduled__2026-01-01T00:00:00+00:00", "cicd.pipeline.task.name": "x", "cicd.pipeline.task.run.result": "failure",
			"ml.stage.final": true, "ml.stage.instance": "5", "ml.stage.attempt": int64(2),
		}},
		{"airflow 3.2 run, whose status is its outcome", []string{"airflow"}, given{name: "dag_run.d", status: ptrace.StatusCodeError, attributes: m{
			"airflow.dag_id": "d", "airflow.dag_run.run_id": "r", "airflow.dag_run.logical_date": "2026-01-01 00:00:00+00:00",
		}}, m{"cicd.pipeline.name": "d", "cicd.pipeline.run.id": "r", "cicd.pipeline.result": "failure", "ml.job.logical_date": "2026-01-01 00:00:00+00:00"}},
		{"argo step that was omitted, with the status ERROR", []string{"argo"}, given{scope: "workflows-controller", name: "node", status: ptrace.StatusCodeError, message: "Unexpected phase", attributes: m{
			"name": "train-b2f8z", "node_id": "train-b2f8z-4444444444", "node_type": "Pod",
		}}, m{
			"cicd.pipeline.name": "train", "cicd.pipeline.run.id": "train-b2f8z", "cicd.pipeline.task.name": "Pod", "cicd.pipeline.task.run.id": "train-b2f8z-4444444444",
			"cicd.pipeline.task.run.result": "skip", "ml.stage.instance": "4444444444",
		}},
		{"hand-written names that look like Vercel's", []string{"handwritten"}, given{attributes: m{"ai.model.name": "yolo", "ai.model.version": "2", "ai.model.provider": "nvidia"}}, m{
			"ml.model.name": "yolo", "ml.model.version": "2",
		}},
		{"a stage in the vocabulary", []string{"cicd"}, given{attributes: m{
			"cicd.pipeline.name": "j", "cicd.pipeline.run.id": "r", "cicd.pipeline.task.name": "train", "cicd.pipeline.task.run.result": "success",
		}}, m{}},
		{"hand-written stage", []string{"handwritten_jobs"}, given{attributes: m{"pipeline.name": "j", "pipeline.stage": "train", "pipeline.status": "FAILED", "pipeline.run_id": 7}}, m{
			"cicd.pipeline.name": "j", "cicd.pipeline.run.id": "7", "cicd.pipeline.task.name": "train", "cicd.pipeline.task.run.result": "failure",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			added, stats := read(t, e, c.given, nil)
			assert.Equal(t, c.want, added)
			assert.ElementsMatch(t, c.dialects, spoken(e, stats))
			assert.Zero(t, sum(stats.Unreadable))
			assert.Equal(t, len(c.dialects) == 0, stats.Foreign == 1)
			for _, d := range c.dialects {
				covered[d] = true
			}
		})
	}
	for _, name := range e.Names() {
		assert.True(t, covered[name], "no span of %s", name)
	}
}

// TestScopeThatManyShare keeps the scope of OpenTelemetry's own Python instrumentations from being taken for OpenLLMetry.
func TestScopeThatManyShare(t *testing.T) {
	_, stats := read(t, engine(t, Options{}), given{scope: "opentelemetry.instrumentation.flask", attributes: m{"http.route": "/"}}, nil)
	assert.Equal(t, int64(1), stats.Foreign)
}

// TestKept: what is there stays as it is, also where it is wrong.
func TestKept(t *testing.T) {
	e := engine(t, Options{})
	added, _ := read(t, e, given{attributes: m{
		"openinference.span.kind": "LLM", "gen_ai.operation.name": "text_completion", "ml.model.name": "mine", "llm.model_name": "gpt", "llm.token_count.prompt": 5,
		"gen_ai.usage.input_tokens": 4,
	}}, nil)
	assert.Equal(t, m{"ml.model.version": "gpt"}, added)
}

func TestUnreadable(t *testing.T) {
	e := engine(t, Options{MaxJSON: 40})
	deep := ""
	for range 2 * maxDepth {
		deep += "["
	}
	for _, text := range []string{`{"input":`, `{"input":1} x`, `{"input":"a` + "\n" + `"}`, `{"input": 1, "a long text that is not read": 0}`, deep, `{"input":"many"}`, `{"input":1.5}`} {
		added, stats := read(t, e, given{scope: "langfuse-sdk", attributes: m{"langfuse.observation.usage_details": text}}, nil)
		assert.Empty(t, added, text)
		assert.Positive(t, sum(stats.Unreadable), text)
	}
	_, stats := read(t, e, given{scope: "langfuse-sdk", attributes: m{"langfuse.observation.usage_details": "no JSON"}}, nil)
	assert.Zero(t, sum(stats.Unreadable), "a text has no paths")
}

type fakePrices map[string]Price

func (f fakePrices) Price(environment, model, version string) (Price, bool) {
	p, ok := f[environment+"/"+model+"/"+version]
	return p, ok
}

func TestPrice(t *testing.T) {
	e := engine(t, Options{})
	in, out, cached := 2.0, 8.0, 0.5
	call := func(attributes m, p Price) map[string]any {
		attributes["gen_ai.operation.name"], attributes["gen_ai.request.model"], attributes["gen_ai.response.model"] = "chat", "gpt", "gpt-1"
		added, _ := read(t, e, given{resource: m{"deployment.environment.name": "prod"}, attributes: attributes}, fakePrices{"prod/gpt/gpt-1": p})
		delete(added, "ml.model.name")
		delete(added, "ml.model.version")
		return added
	}
	assert.Equal(t, m{"ml.prediction.cost": (1000*2 + 100*8.0) / 1e6, "ml.prediction.currency": "EUR"},
		call(m{"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100}, Price{Input: &in, Output: &out, Currency: "EUR"}))
	assert.Equal(t, m{"ml.prediction.cost": (600*2 + 400*0.5 + 100*8.0) / 1e6, "ml.prediction.currency": "USD"},
		call(m{"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.cache_read.input_tokens": 400, "gen_ai.usage.output_tokens": 100},
			Price{Input: &in, Output: &out, CachedInput: &cached, Currency: "USD"}), "cached tokens are among the input tokens")
	assert.Equal(t, 0.002, call(m{"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.cost": 9.0}, Price{Input: &in, Currency: "USD"})["ml.prediction.cost"], "the card wins over the system")
	assert.Empty(t, call(m{"ml.prediction.cost": 1.0, "ml.prediction.currency": "USD", "gen_ai.usage.input_tokens": 1}, Price{Input: &in, Currency: "EUR"}), "the span wins over the card")
	assert.Empty(t, call(m{"gen_ai.usage.output_tokens": 100}, Price{Input: &in, Currency: "USD"}), "half a price is none")
	assert.Empty(t, call(m{}, Price{Input: &in, Currency: "USD"}), "no tokens, no cost")
	added, _ := read(t, e, given{attributes: m{"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "gpt", "gen_ai.usage.input_tokens": 5}}, fakePrices{"/gpt/": {Input: &in}})
	assert.Empty(t, added, "an agent's tokens are those of its calls")
}

func TestRemoveOriginals(t *testing.T) {
	e := engine(t, Options{RemoveOriginals: true})
	td := given{attributes: m{
		"openinference.span.kind": "LLM", "llm.model_name": "gpt-1", "llm.invocation_parameters": `{"model":"gpt"}`, "llm.token_count.prompt": 5, "llm.token_count.total": 6,
		"llm.input_messages.0.message.role": "user", "llm.input_messages.0.message.content": "hello", "session.id": "s", "features.amount": 2.5, "confidence": 0.5, "x": "y",
	}}.traces(t)
	e.Traces(td, nil, func(*Stats) {})
	assert.Equal(t, m{
		"gen_ai.operation.name": "chat", "gen_ai.conversation.id": "s", "gen_ai.usage.input_tokens": int64(5), "ml.model.name": "gpt", "ml.model.version": "gpt-1",
		"ml.llm.input.characters": int64(5), "ml.llm.input.messages": int64(1), "ml.feature.amount": 2.5, "ml.prediction.confidence": 0.5,
		// What was only measured or read in part, or not read, is still there.
		"llm.invocation_parameters": `{"model":"gpt"}`, "llm.token_count.total": int64(6), "llm.input_messages.0.message.role": "user",
		"llm.input_messages.0.message.content": "hello", "session.id": "s", "x": "y",
	}, firstSpan(td).Attributes().AsRaw())

	td = given{kind: ptrace.SpanKindServer, attributes: m{"url.path": "/v2/models/fraud/infer"}}.traces(t)
	e.Traces(td, nil, func(*Stats) {})
	assert.Equal(t, m{"url.path": "/v2/models/fraud/infer", "ml.model.name": "fraud"}, firstSpan(td).Attributes().AsRaw(), "the path is no dialect's")
}

func TestDropContent(t *testing.T) {
	e := engine(t, Options{DropContent: true})
	td := given{attributes: m{
		"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "secret", "gen_ai.prompt.name": "greeting",
		"gen_ai.output.messages": `[{"role":"assistant","parts":[{"content":"secret"}]}]`, "llm.prompts.0.content": "secret",
	}, events: []event{
		{name: "gen_ai.content.prompt", attributes: m{"gen_ai.prompt": "secret"}},
		{name: "gen_ai.client.inference.operation.details", attributes: m{"gen_ai.input.messages": "secret", "gen_ai.response.id": "r"}},
	}}.traces(t)
	var dropped int64
	e.Traces(td, nil, func(s *Stats) { dropped = s.Dropped })
	span := firstSpan(td)
	assert.Equal(t, m{
		"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.prompt.name": "greeting", "ml.model.name": "m",
		"ml.llm.input.characters": int64(6), "ml.llm.input.messages": int64(1), "ml.llm.output.characters": int64(6), "ml.llm.output.messages": int64(1),
	}, span.Attributes().AsRaw())
	require.Equal(t, 1, span.Events().Len())
	assert.Equal(t, m{"gen_ai.response.id": "r"}, span.Events().At(0).Attributes().AsRaw())
	assert.Equal(t, int64(6), dropped)

	// Content is dropped from spans of no dialect, too.
	td = given{attributes: m{"input.value": "secret", "a": 1}}.traces(t)
	e.Traces(td, nil, func(*Stats) {})
	assert.Equal(t, m{"a": int64(1)}, firstSpan(td).Attributes().AsRaw())
}

func TestBareFeatures(t *testing.T) {
	e := engine(t, Options{BareFeatures: true, Categories: []string{"city", "vip"}, ExcludeFeatures: []string{"debug"}})
	added, stats := read(t, e, given{attributes: m{
		"feature.distance": 12.4, "feature.chips": 1, "feature.name": "chat", "feature.flag": 3, "feature.city": "Berlin", "feature.vip": true, "feature.street": "x", "feature.debug": 1,
	}}, nil)
	assert.Equal(t, m{"ml.feature.distance": 12.4, "ml.feature.chips": int64(1), "ml.feature.city": "Berlin", "ml.feature.vip": true}, added)
	assert.Equal(t, []string{"handwritten"}, spoken(e, stats))
}
