// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// An application with OpenLIT's SDK, which brings OpenTelemetry's. Its spans go out as the SDK sends them: over OTLP/HTTP as JSON.
import openlit from 'openlit';
import OpenAI from 'openai';

const { OTLP_HTTP, MODEL_SERVER, SERVICE, PROMPT } = process.env;

await openlit.default.init({
  applicationName: SERVICE, environment: 'staging', otlpEndpoint: OTLP_HTTP, disableBatch: true, pricingJson: {}, instrumentations: { openai: OpenAI },
});

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
console.log('all spans are sent');
