// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// An application with Langfuse's SDK and its wrapper of the OpenAI client. Its spans go out as Langfuse's processor makes them, over OTLP/HTTP as JSON.
import { observeOpenAI } from '@langfuse/openai';
import { LangfuseSpanProcessor } from '@langfuse/otel';
import { observe } from '@langfuse/tracing';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import OpenAI from 'openai';

const { OTLP_HTTP, MODEL_SERVER, SERVICE, PROMPT } = process.env;

const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ 'service.name': SERVICE }),
  spanProcessors: [new LangfuseSpanProcessor({
    exporter: new OTLPTraceExporter({ url: `${OTLP_HTTP}/v1/traces` }), publicKey: 'none', secretKey: 'none', baseUrl: 'http://127.0.0.1:9',
  })],
});
provider.register();

const openai = observeOpenAI(new OpenAI({ baseURL: MODEL_SERVER, apiKey: 'none', maxRetries: 0 }), { generationMetadata: { question: PROMPT } });

const tools = [{
  type: 'function',
  function: { name: 'weather', description: PROMPT, parameters: { type: 'object', properties: { city: { type: 'string' } } } },
}];

const weather = observe(async (city) => ({ city, celsius: 21 }), { name: 'weather', asType: 'tool' });

const agent = observe(async (question) => {
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
}, { name: 'weather_agent', asType: 'agent' });

await observe(async (question) => {
  await openai.chat.completions.create({
    model: 'gpt-4o-mini', temperature: 0.2, messages: [{ role: 'system', content: PROMPT }, { role: 'user', content: question }],
  });
  const stream = await openai.chat.completions.create({
    model: 'gpt-4o-mini', stream: true, stream_options: { include_usage: true }, messages: [{ role: 'user', content: question }],
  });
  for await (const _ of stream);
  await openai.responses.create({ model: 'gpt-4.1', instructions: PROMPT, input: question });
  await openai.embeddings.create({ model: 'text-embedding-3-small', input: [question, 'Paris'] });
  return agent(question);
}, { name: 'answer_question' })(PROMPT);

const failure = await openai.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: PROMPT }] }).then(() => null, (e) => e);
if (failure?.status !== 429) throw new Error(`the model server has refused nothing: ${failure}`);
await provider.shutdown();
console.log('all spans are sent');
