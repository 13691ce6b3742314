// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// An application with OpenTelemetry's SDK and its instrumentation of the OpenAI client. Its spans go out over OTLP/HTTP as JSON.
import { createRequire } from 'node:module';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { OpenAIInstrumentation } from '@opentelemetry/instrumentation-openai';
import { logs } from '@opentelemetry/api-logs';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

const { OTLP_HTTP, MODEL_SERVER, SERVICE, PROMPT } = process.env;

const resource = resourceFromAttributes({ 'service.name': SERVICE });
const provider = new NodeTracerProvider({
  resource,
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${OTLP_HTTP}/v1/traces` }))],
});
provider.register();
// What was said goes out as log records.
const logger = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${OTLP_HTTP}/v1/logs` }) })] });
logs.setGlobalLoggerProvider(logger);
registerInstrumentations({ instrumentations: [new OpenAIInstrumentation({ captureMessageContent: true })] });
// What is instrumented is what is required after that.
const { OpenAI } = createRequire(import.meta.url)('openai');

const openai = new OpenAI({ baseURL: MODEL_SERVER, apiKey: 'none', maxRetries: 0 });

const tools = [{
  type: 'function',
  function: { name: 'weather', description: PROMPT, parameters: { type: 'object', properties: { city: { type: 'string' } } } },
}];
const messages = [{ role: 'user', content: PROMPT }];

await openai.chat.completions.create({
  model: 'gpt-4o-mini', temperature: 0.2, messages: [{ role: 'system', content: PROMPT }, { role: 'user', content: PROMPT }],
});
const stream = await openai.chat.completions.create({ model: 'gpt-4o-mini', stream: true, stream_options: { include_usage: true }, messages });
for await (const _ of stream);
await openai.responses.create({ model: 'gpt-4.1', instructions: PROMPT, input: PROMPT });
await openai.embeddings.create({ model: 'text-embedding-3-small', input: [PROMPT, 'Paris'] });
for (;;) {
  const { message } = (await openai.chat.completions.create({ model: 'gpt-4.1', messages, tools })).choices[0];
  messages.push(message);
  if (!message.tool_calls) break;
  for (const call of message.tool_calls) messages.push({ role: 'tool', tool_call_id: call.id, content: '{"celsius": 21}' });
}

const failure = await openai.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: PROMPT }] }).then(() => null, (e) => e);
if (failure?.status !== 429) throw new Error(`the model server has refused nothing: ${failure}`);
await logger.shutdown();
await provider.shutdown();
console.log('all spans are sent');

