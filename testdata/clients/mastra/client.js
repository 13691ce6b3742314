// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// An agent of Mastra with a tool. Its spans go out as its exporter for OpenTelemetry sends them: over OTLP/HTTP as protobuf.
import { createOpenAI } from '@ai-sdk/openai';
import { Agent } from '@mastra/core/agent';
import { Mastra } from '@mastra/core/mastra';
import { createTool } from '@mastra/core/tools';
import { Observability } from '@mastra/observability';
import { OtelExporter } from '@mastra/otel-exporter';
import { z } from 'zod';

const { OTLP_HTTP, MODEL_SERVER, SERVICE, PROMPT } = process.env;

const openai = createOpenAI({ baseURL: MODEL_SERVER, apiKey: 'none' });
const weather = createTool({
  id: 'weather', description: PROMPT, inputSchema: z.object({ city: z.string() }), execute: async ({ city }) => ({ city, celsius: 21 }),
});
const agent = (name, model, tools) => new Agent({ id: name, name, instructions: PROMPT, model, tools, maxRetries: 0 });

const exporter = new OtelExporter({ provider: { custom: { endpoint: `${OTLP_HTTP}/v1/traces`, protocol: 'http/protobuf' } } });
const mastra = new Mastra({
  logger: false,
  agents: {
    plain: agent('plain', openai.chat('gpt-4o-mini')),
    weather: agent('weather_agent', openai('gpt-4.1'), { weather }),
    refused: agent('refused', openai.chat('gpt-4o')),
  },
  observability: new Observability({ configs: { otel: { serviceName: SERVICE, exporters: [exporter] } } }),
});

await mastra.getAgent('plain').generate(PROMPT);
const stream = await mastra.getAgent('plain').stream(PROMPT);
for await (const _ of stream.textStream);
await mastra.getAgent('weather').generate(PROMPT, { maxSteps: 4 });
const failure = await mastra.getAgent('refused').generate(PROMPT).then((r) => r.error, (e) => e);
if (!failure) throw new Error('the model server has refused nothing');
await mastra.shutdown();
console.log('all spans are sent');
process.exit(0);
