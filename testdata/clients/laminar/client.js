// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// An application with Laminar's SDK, which brings OpenTelemetry's. Its spans go out as the SDK sends them: over OTLP/gRPC.
import { Laminar, observe } from '@lmnr-ai/lmnr';
import OpenAI from 'openai';

const { OTLP_GRPC, OTLP_HTTP, MODEL_SERVER, PROMPT } = process.env;

const grpc = new URL(OTLP_GRPC);
Laminar.initialize({
  projectApiKey: 'none', baseUrl: grpc.origin.replace(`:${grpc.port}`, ''), grpcPort: Number(grpc.port), httpPort: Number(new URL(OTLP_HTTP).port),
  instrumentModules: { OpenAI },
});

const openai = new OpenAI({ baseURL: MODEL_SERVER, apiKey: 'none', maxRetries: 0 });

const tools = [{
  type: 'function',
  function: { name: 'weather', description: PROMPT, parameters: { type: 'object', properties: { city: { type: 'string' } } } },
}];

const weather = (city) => observe({ name: 'weather', spanType: 'TOOL' }, async (name) => ({ city: name, celsius: 21 }), city);

const agent = (question) => observe({ name: 'weather_agent' }, async (text) => {
  const messages = [{ role: 'user', content: text }];
  for (;;) {
    const answer = await openai.chat.completions.create({ model: 'gpt-4.1', messages, tools });
    const { message } = answer.choices[0];
    messages.push(message);
    if (!message.tool_calls) return message.content;
    for (const call of message.tool_calls) {
      messages.push({ role: 'tool', tool_call_id: call.id, content: JSON.stringify(await weather(JSON.parse(call.function.arguments).city)) });
    }
  }
}, question);

await observe({ name: 'answer_question', metadata: { question: PROMPT } }, async (question) => {
  await openai.chat.completions.create({
    model: 'gpt-4o-mini', temperature: 0.2, messages: [{ role: 'system', content: PROMPT }, { role: 'user', content: question }],
  });
  const stream = await openai.chat.completions.create({
    model: 'gpt-4o-mini', stream: true, stream_options: { include_usage: true }, messages: [{ role: 'user', content: question }],
  });
  for await (const _ of stream);
  await openai.responses.create({ model: 'gpt-4.1', instructions: PROMPT, input: question });
  return agent(question);
}, PROMPT);

const failure = await openai.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: PROMPT }] }).then(() => null, (e) => e);
if (failure?.status !== 429) throw new Error(`the model server has refused nothing: ${failure}`);
await Laminar.shutdown();
console.log('all spans are sent');
