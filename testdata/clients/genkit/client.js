// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// A flow of Genkit with a tool. Its spans go out over OTLP/HTTP as JSON.
import { openAICompatible, compatOaiModelRef } from '@genkit-ai/compat-oai';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { Resource } from '@opentelemetry/resources';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { genkit, z } from 'genkit';
import { enableTelemetry, flushTracing } from 'genkit/tracing';

const { OTLP_HTTP, MODEL_SERVER, SERVICE, PROMPT } = process.env;

await enableTelemetry({
  resource: new Resource({ 'service.name': SERVICE }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${OTLP_HTTP}/v1/traces` }))],
  autoDetectResources: false,
});

const ai = genkit({ plugins: [openAICompatible({ name: 'openai', apiKey: 'none', baseURL: MODEL_SERVER, maxRetries: 0 })] });
const model = (name) => compatOaiModelRef({ name: `openai/${name}` });

const weather = ai.defineTool(
  { name: 'weather', description: PROMPT, inputSchema: z.object({ city: z.string() }) }, async ({ city }) => ({ city, celsius: 21 }),
);

const answer = ai.defineFlow('answer_question', async (question) => {
  await ai.generate({ model: model('gpt-4o-mini'), system: PROMPT, prompt: question, config: { temperature: 0.2 } });
  const { stream, response } = ai.generateStream({ model: model('gpt-4o-mini'), prompt: question });
  for await (const _ of stream);
  await response;
  const { text } = await ai.generate({ model: model('gpt-4.1'), prompt: question, tools: [weather] });
  return text;
});

await answer(PROMPT);
const failure = await ai.generate({ model: model('gpt-4o'), prompt: PROMPT }).then(() => null, (e) => e);
if (failure?.status !== 'RESOURCE_EXHAUSTED') throw new Error(`the model server has refused nothing: ${failure}`);
await flushTracing();
console.log('all spans are sent');
process.exit(0); // Genkit would go on trying to send its traces to a server of its own
