// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// An application with OpenLLMetry's SDK, which brings OpenTelemetry's. Its spans go out as the SDK sends them: over OTLP/HTTP as protobuf.
import * as traceloop from '@traceloop/node-server-sdk';
import OpenAI from 'openai';

const { OTLP_HTTP, MODEL_SERVER, SERVICE, PROMPT } = process.env;

traceloop.initialize({
  appName: SERVICE, baseUrl: OTLP_HTTP, headers: {}, silenceInitializationMessage: true, traceloopSyncEnabled: false,
  instrumentModules: { openAI: OpenAI },
});

const openai = new OpenAI({ baseURL: MODEL_SERVER, apiKey: 'none', maxRetries: 0 });

const tools = [{
  type: 'function',
  function: { name: 'weather', description: PROMPT, parameters: { type: 'object', properties: { city: { type: 'string' } } } },
}];

const weather = (city) => traceloop.withTool({ name: 'weather' }, async (name) => ({ city: name, celsius: 21 }), city);

const agent = (question) => traceloop.withAgent({ name: 'weather_agent' }, async (text) => {
  const messages = [{ role: 'user', content: text }];
  for (;;) {
    const answer = await openai.chat.completions.create({ model: 'gpt-4.1', messages, tools });
    const { message } = answer.choices[0];
    messages.push(message);
    if (!message.tool_calls) return message.content;
    for (const call of message.tool_calls) {
      const result = await weather(JSON.parse(call.function.arguments).city);
      messages.push({ role: 'tool', tool_call_id: call.id, content: JSON.stringify(result) });
    }
  }
}, question);

await traceloop.withWorkflow({ name: 'answer_question', version: 3, associationProperties: { tenant: 'acme' } }, async (question) => {
  await traceloop.withTask({ name: 'summarise' }, async () => {
    await openai.chat.completions.create({
      model: 'gpt-4o-mini', temperature: 0.2,
      messages: [{ role: 'system', content: PROMPT }, { role: 'user', content: question }],
    });
    const stream = await openai.chat.completions.create({
      model: 'gpt-4o-mini', stream: true, stream_options: { include_usage: true }, messages: [{ role: 'user', content: question }],
    });
    for await (const _ of stream);
    await openai.responses.create({ model: 'gpt-4.1', instructions: PROMPT, input: question });
    await openai.embeddings.create({ model: 'text-embedding-3-small', input: [question, 'Paris'] });
  });
  return agent(question);
}, PROMPT);

const failure = await openai.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: PROMPT }] }).then(() => null, (e) => e);
if (failure?.status !== 429) throw new Error(`the model server has refused nothing: ${failure}`);
await traceloop.forceFlush();
console.log('all spans are sent');
