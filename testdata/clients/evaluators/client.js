// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// An application whose answers are judged: by evaluators that write OpenTelemetry's gen_ai.evaluation.result, as log records and as events
// of spans, and by OpenInference's, on the judged span and on a later one that links to it. What was said and is to count it prints.
import { createRequire } from 'node:module';
import { getAnnotationAttributes, getEvaluationAttributes, getLLMAttributes } from '@arizeai/openinference-core';
import { OpenInferenceSpanKind, SemanticConventions } from '@arizeai/openinference-semantic-conventions';
import { ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { logs } from '@opentelemetry/api-logs';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { OpenAIInstrumentation } from '@opentelemetry/instrumentation-openai';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

const { OTLP_HTTP, MODEL_SERVER, SERVICE, PROMPT, EXPLANATION } = process.env;

// The spans of calls, as those who judge them later have them.
const calls = [];
const noting = {
  onStart() {},
  onEnd(span) { if (span.attributes['gen_ai.response.id']) calls.push(span); },
  async forceFlush() {},
  async shutdown() {},
};

const resource = resourceFromAttributes({ 'service.name': SERVICE });
const provider = new NodeTracerProvider({
  resource,
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${OTLP_HTTP}/v1/traces` })), noting],
});
provider.register();
const loggers = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${OTLP_HTTP}/v1/logs` }) })] });
logs.setGlobalLoggerProvider(loggers);
registerInstrumentations({ instrumentations: [new OpenAIInstrumentation()] });
const { OpenAI } = createRequire(import.meta.url)('openai');

const openai = new OpenAI({ baseURL: MODEL_SERVER, apiKey: 'none', maxRetries: 0 });
const logger = logs.getLogger('judges');
const tracer = trace.getTracer('judges');
const messages = [{ role: 'user', content: PROMPT }];

// What is to count: of which model, by whom, what.
const said = [];
const say = (model, evaluator, judgement) => said.push({ model, evaluator, ...judgement });

// Attributes of gen_ai.evaluation.result.
const result = (name, { score, label, error }, more) => ({
  'gen_ai.evaluation.name': name,
  ...(score !== undefined && { 'gen_ai.evaluation.score.value': score }),
  ...(label !== undefined && { 'gen_ai.evaluation.score.label': label }),
  ...(error !== undefined && { 'error.type': error }),
  'gen_ai.evaluation.explanation': EXPLANATION,
  ...more,
});
const emit = (attributes, span, timestamp = Date.now()) => logger.emit({
  eventName: 'gen_ai.evaluation.result', attributes, timestamp, context: span ? trace.setSpanContext(ROOT_CONTEXT, span.spanContext()) : ROOT_CONTEXT,
});

// Log records, each on the span of the call that it judges.
for (let i = 0; i < 6; i++) await openai.chat.completions.create({ model: i < 4 ? 'gpt-4o-mini' : 'gpt-4.1', messages });
const model = (span) => span.attributes['gen_ai.request.model'];
for (const [i, span] of calls.entries()) {
  const judgement = { score: [1, 0.25, 0.5, 0.125, 1, 0][i], label: ['relevant', 'partly', 'partly', 'partly', 'relevant', 'not_relevant'][i] };
  emit(result('Relevance', judgement, { 'gen_ai.response.id': span.attributes['gen_ai.response.id'] }), span);
  say(model(span), 'Relevance', judgement);
}
// A score alone, by the id of the response alone: the judge does not know the span.
emit(result('Fluency', { score: 4 }, { 'gen_ai.response.id': calls[0].attributes['gen_ai.response.id'] }));
say(model(calls[0]), 'Fluency', { score: 4 });
// One that is corrected, one that is sent twice, one whose evaluator has failed, and one that says nothing.
const before = Date.now() - 60_000;
emit(result('Fluency', { score: 1 }), calls[1], before);
emit(result('Fluency', { score: 3 }), calls[1]);
say(model(calls[1]), 'Fluency', { score: 3 });
for (let i = 0; i < 2; i++) emit(result('Fluency', { score: 2 }), calls[2], before);
say(model(calls[2]), 'Fluency', { score: 2 });
emit(result('Fluency', { error: 'judge_timeout' }), calls[3]);
say(model(calls[3]), 'Fluency', { error: 'judge_timeout' });
emit({ 'gen_ai.evaluation.name': 'Fluency', 'gen_ai.evaluation.explanation': EXPLANATION }, calls[3]);

// An event on the span of a call that the application traces itself.
const ask = async (body) => (await fetch(`${MODEL_SERVER}/chat/completions`, {
  method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
})).json();
for (const score of [0.5, 0.75]) {
  await tracer.startActiveSpan('chat gpt-4.1', {
    kind: SpanKind.CLIENT, attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-4.1' },
  }, async (span) => {
    const answer = await ask({ model: 'gpt-4.1', messages });
    span.setAttributes({
      'gen_ai.response.model': answer.model, 'gen_ai.response.id': answer.id, 'gen_ai.usage.input_tokens': answer.usage.prompt_tokens,
      'gen_ai.usage.output_tokens': answer.usage.completion_tokens,
    });
    span.addEvent('gen_ai.evaluation.result', result('Groundedness', { score, label: 'grounded' }));
    say('gpt-4.1', 'Groundedness', { score, label: 'grounded' });
    if (score > 0.6) {
      span.addEvent('gen_ai.evaluation.result', result('Safety', { error: 'RateLimitError' }));
      say('gpt-4.1', 'Safety', { error: 'RateLimitError' });
    }
    span.end();
  });
}

// OpenInference's, on the span itself: by two reviewers, in the terms of an annotation, and of the trace, which is no answer.
const kind = SemanticConventions.OPENINFERENCE_SPAN_KIND;
await tracer.startActiveSpan('answer', { attributes: { [kind]: OpenInferenceSpanKind.LLM } }, async (span) => {
  const answer = await ask({ model: 'gpt-4o-mini', messages });
  span.setAttributes(getLLMAttributes({ modelName: answer.model, invocationParameters: { model: 'gpt-4o-mini' } }));
  span.setAttributes(getAnnotationAttributes({
    annotations: [
      { name: 'correctness', score: 1, label: 'correct', annotatorKind: 'HUMAN', identifier: 'reviewer-1', explanation: EXPLANATION },
      { name: 'correctness', score: 0, label: 'incorrect', annotatorKind: 'HUMAN', identifier: 'reviewer-2', metadata: { why: EXPLANATION } },
    ],
  }));
  say('gpt-4o-mini', 'correctness', { kind: 'HUMAN', score: 1, label: 'correct' });
  say('gpt-4o-mini', 'correctness', { kind: 'HUMAN', score: 0, label: 'incorrect' });
  span.setAttributes(getEvaluationAttributes({ evaluations: [{ name: 'helpful', score: 1, explanation: EXPLANATION }], scope: 'trace' }));
  span.end();
});
// And later, on spans that link to the judged one: a judge's, and a user's thumb.
const carry = (span, evaluation, more) => tracer.startSpan('evaluate', {
  root: true, links: [{ context: span.spanContext() }], attributes: { ...getEvaluationAttributes({ evaluations: [evaluation] }), ...more },
}).end();
for (const [i, span] of calls.slice(0, 3).entries()) {
  const score = [0.25, 0.5, 1.5][i];
  carry(span, { name: 'coherence', score, annotatorKind: 'LLM', explanation: EXPLANATION }, { [kind]: OpenInferenceSpanKind.EVALUATOR });
  say(model(span), 'coherence', { kind: 'LLM', score });
}
carry(calls[4], { name: 'user', label: 'thumbs-up', annotatorKind: 'HUMAN' });
say(model(calls[4]), 'user', { kind: 'HUMAN', label: 'thumbs-up' });

const failure = await openai.chat.completions.create({ model: 'gpt-4o', messages }).then(() => null, (e) => e);
if (failure?.status !== 429) throw new Error(`the model server has refused nothing: ${failure}`);
await loggers.shutdown();
await provider.shutdown();
console.log(`said ${JSON.stringify(said)}`);
console.log('all spans are sent');
