// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// An agent of Strands with a tool. Its spans go out as the SDK sends them: over OTLP/HTTP as JSON.
import { Agent, tool } from '@strands-agents/sdk';
import { OpenAIModel } from '@strands-agents/sdk/models/openai';
import { setupTracer } from '@strands-agents/sdk/telemetry';
import { z } from 'zod';

const { OTLP_HTTP, MODEL_SERVER, SERVICE, PROMPT } = process.env;

process.env.OTEL_SERVICE_NAME = SERVICE;
process.env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT = `${OTLP_HTTP}/v1/traces`;
const provider = setupTracer({ exporters: { otlp: true } });

const weather = tool({
  name: 'weather', description: PROMPT, inputSchema: z.object({ city: z.string() }), callback: ({ city }) => ({ city, celsius: 21 }),
});
const run = (modelId, api, tools = []) => new Agent({
  name: 'weather_agent', systemPrompt: PROMPT, tools, printer: false, retryStrategy: null,
  model: new OpenAIModel({ api, modelId, apiKey: 'none', clientConfig: { baseURL: MODEL_SERVER, maxRetries: 0 } }),
}).invoke(PROMPT);

await run('gpt-4o-mini', 'chat');
await run('gpt-4o-mini', 'responses');
await run('gpt-4.1', 'chat', [weather]);
const failure = await run('gpt-4o', 'chat').then(() => null, (e) => e);
if (!failure) throw new Error('the model server has refused nothing');
await provider.shutdown();
console.log('all spans are sent');
