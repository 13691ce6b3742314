// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// An agent of Google's Agent Development Kit, whose spans go out as the kit sends them: over OTLP/HTTP as JSON.
import { FunctionTool, Gemini, InMemoryRunner, LlmAgent, StreamingMode, maybeSetOtelProviders } from '@google/adk';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { trace } from '@opentelemetry/api';
import { z } from 'zod';

const { OTLP_HTTP, MODEL_SERVER, SERVICE, PROMPT } = process.env;

process.env.GOOGLE_GEMINI_BASE_URL = new URL(MODEL_SERVER).origin;
process.env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT = `${OTLP_HTTP}/v1/traces`;
maybeSetOtelProviders([], resourceFromAttributes({ 'service.name': SERVICE }));

const weather = new FunctionTool({
  name: 'weather', description: PROMPT, parameters: z.object({ city: z.string() }), execute: async ({ city }) => ({ city, celsius: 21 }),
});

const run = async (model, { tools = [], streamingMode = StreamingMode.NONE } = {}) => {
  const agent = new LlmAgent({ name: 'weather_agent', description: PROMPT, instruction: PROMPT, model: new Gemini({ model, apiKey: 'none' }), tools });
  const runner = new InMemoryRunner({ agent, appName: 'answer_question' });
  const session = await runner.sessionService.createSession({ appName: 'answer_question', userId: 'nobody' });
  let last;
  for await (const event of runner.runAsync({
    userId: 'nobody', sessionId: session.id, newMessage: { role: 'user', parts: [{ text: PROMPT }] }, runConfig: { streamingMode },
  })) last = event;
  return last;
};

await run('gemini-2.5-flash');
await run('gemini-2.5-flash', { streamingMode: StreamingMode.SSE });
await run('gemini-2.5-pro', { tools: [weather] });
const failure = await run('gemini-2.0-flash').then((event) => event, (e) => ({ errorCode: e.status }));
if (`${failure?.errorCode}` !== '429') throw new Error(`the model server has refused nothing: ${JSON.stringify(failure)}`);
await trace.getTracerProvider().getDelegate().shutdown();
console.log('all spans are sent');
