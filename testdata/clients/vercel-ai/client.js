// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// An application with the Vercel AI SDK and OpenTelemetry's. Its spans go out over OTLP/HTTP as JSON.
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { createOpenAI } from '@ai-sdk/openai';
import { LegacyOpenTelemetry, OpenTelemetry } from '@ai-sdk/otel';
import { embed, generateText, registerTelemetry, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';

const { OTLP_HTTP, MODEL_SERVER, SERVICE, PROMPT, SPANS } = process.env;

const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ 'service.name': SERVICE, 'service.version': '0.9.0' }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${OTLP_HTTP}/v1/traces` }))],
});
provider.register();
// Its spans are those of version 7, or those that versions 4 to 6 have made.
registerTelemetry(SPANS === 'legacy' ? new LegacyOpenTelemetry() : new OpenTelemetry());

const openai = createOpenAI({ baseURL: MODEL_SERVER, apiKey: 'none' });
const telemetry = { functionId: 'answer-question' };
const common = { instructions: PROMPT, prompt: PROMPT, maxRetries: 0, telemetry };

await generateText({ model: openai.chat('gpt-4o-mini'), temperature: 0.2, ...common });

const stream = streamText({ model: openai.chat('gpt-4o-mini'), ...common });
for await (const _ of stream.textStream);

// The SDK's own default, which is the Responses API.
await generateText({ model: openai('gpt-4.1'), ...common });

// An agent: a call that asks for the tool, the tool, and a call that answers.
const agent = await generateText({
  model: openai.chat('gpt-4.1'), stopWhen: stepCountIs(4), ...common,
  tools: {
    weather: tool({
      description: PROMPT,
      inputSchema: z.object({ city: z.string() }),
      execute: async ({ city }) => ({ city, celsius: 21 }),
    }),
  },
});
if (agent.steps.length !== 2) throw new Error(`the agent has taken ${agent.steps.length} steps`);

await embed({ model: openai.embedding('text-embedding-3-small'), value: PROMPT, maxRetries: 0, telemetry });

const failure = await generateText({ model: openai.chat('gpt-4o'), ...common }).then(() => null, (e) => e);
if (failure?.statusCode !== 429) throw new Error(`the model server has refused nothing: ${failure}`);
await provider.shutdown();
console.log('all spans are sent');
