// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// An application with Sentry's SDK, whose spans of the OpenAI client go to Sentry and, over OTLP/HTTP as JSON, to the collector.
import * as Sentry from '@sentry/node';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-node';
import OpenAI from 'openai';

const { OTLP_HTTP, MODEL_SERVER, SERVICE, PROMPT } = process.env;

process.env.OTEL_SERVICE_NAME = SERVICE;
const processor = new BatchSpanProcessor(new OTLPTraceExporter({ url: `${OTLP_HTTP}/v1/traces` }));
Sentry.init({
  dsn: 'http://none@127.0.0.1:9/1', // the discard port: nothing listens there
  transport: () => ({ send: async () => ({}), flush: async () => true }),
  tracesSampleRate: 1, sendDefaultPii: true, defaultIntegrations: false,
  openTelemetrySpanProcessors: [processor],
});

const openai = Sentry.instrumentOpenAiClient(new OpenAI({ baseURL: MODEL_SERVER, apiKey: 'none', maxRetries: 0 }), { recordInputs: true, recordOutputs: true });

const tools = [{
  type: 'function',
  function: { name: 'weather', description: PROMPT, parameters: { type: 'object', properties: { city: { type: 'string' } } } },
}];

const weather = (city) => Sentry.startSpan(
  { name: 'execute_tool weather', op: 'gen_ai.execute_tool', attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'weather', 'gen_ai.tool.input': city } },
  async () => ({ city, celsius: 21 }),
);

const agent = (question) => Sentry.startSpan({ name: 'invoke_agent weather_agent', op: 'gen_ai.invoke_agent', attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'weather_agent' } }, async () => {
  const messages = [{ role: 'user', content: question }];
  for (;;) {
    const answer = await openai.chat.completions.create({ model: 'gpt-4.1', messages, tools });
    const { message } = answer.choices[0];
    messages.push(message);
    if (!message.tool_calls) return message.content;
    for (const call of message.tool_calls) {
      messages.push({ role: 'tool', tool_call_id: call.id, content: JSON.stringify(await weather(JSON.parse(call.function.arguments).city)) });
    }
  }
});

await Sentry.startSpan({ name: 'answer_question' }, async () => {
  await openai.chat.completions.create({
    model: 'gpt-4o-mini', temperature: 0.2, messages: [{ role: 'system', content: PROMPT }, { role: 'user', content: PROMPT }],
  });
  const stream = await openai.chat.completions.create({
    model: 'gpt-4o-mini', stream: true, stream_options: { include_usage: true }, messages: [{ role: 'user', content: PROMPT }],
  });
  for await (const _ of stream);
  await openai.responses.create({ model: 'gpt-4.1', instructions: PROMPT, input: PROMPT });
  await openai.embeddings.create({ model: 'text-embedding-3-small', input: [PROMPT, 'Paris'] });
  await agent(PROMPT);
});

const failure = await openai.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: PROMPT }] }).then(() => null, (e) => e);
if (failure?.status !== 429) throw new Error(`the model server has refused nothing: ${failure}`);
await processor.forceFlush();
console.log('all spans are sent');
process.exit(0);
