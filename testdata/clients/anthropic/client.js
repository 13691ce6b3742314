// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// An application with OpenTelemetry's SDK and OpenInference's instrumentation of Anthropic's client. Its spans go out over OTLP/HTTP as JSON.
import Anthropic from '@anthropic-ai/sdk';
import { AnthropicInstrumentation } from '@arizeai/openinference-instrumentation-anthropic';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

const { OTLP_HTTP, MODEL_SERVER, SERVICE, PROMPT } = process.env;

const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ 'service.name': SERVICE }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${OTLP_HTTP}/v1/traces` }))],
});
provider.register();
const instrumentation = new AnthropicInstrumentation();
instrumentation.setTracerProvider(provider);
instrumentation.manuallyInstrument(Anthropic);

const anthropic = new Anthropic({ baseURL: new URL(MODEL_SERVER).origin, apiKey: 'none', maxRetries: 0 });
const ask = (model, more) => anthropic.messages.create({ model, max_tokens: 100, messages: [{ role: 'user', content: PROMPT }], ...more });

await ask('claude-sonnet-4-5', { system: PROMPT, temperature: 0.2 });
for await (const _ of await ask('claude-sonnet-4-5', { stream: true }));

const tools = [{ name: 'weather', description: PROMPT, input_schema: { type: 'object', properties: { city: { type: 'string' } } } }];
const messages = [{ role: 'user', content: PROMPT }];
for (;;) {
  const answer = await ask('claude-haiku-4-5', { messages, tools });
  messages.push({ role: 'assistant', content: answer.content });
  const calls = answer.content.filter((block) => block.type === 'tool_use');
  if (!calls.length) break;
  messages.push({
    role: 'user',
    content: calls.map((call) => ({ type: 'tool_result', tool_use_id: call.id, content: JSON.stringify({ ...call.input, celsius: 21 }) })),
  });
}

const failure = await ask('claude-opus-4-1').then(() => null, (e) => e);
if (failure?.status !== 429) throw new Error(`the model server has refused nothing: ${failure}`);
await provider.shutdown();
console.log('all spans are sent');
