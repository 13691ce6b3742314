// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// An application with OpenTelemetry's SDK and OpenInference's instrumentation of the OpenAI client. Its spans go out over OTLP/gRPC.
import { context, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { getLLMAttributes, traceAgent, traceChain, traceTool } from '@arizeai/openinference-core';
import { OpenAIInstrumentation } from '@arizeai/openinference-instrumentation-openai';
import OpenAI from 'openai';

const { OTLP_GRPC, MODEL_SERVER, SERVICE, PROMPT } = process.env;

const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ 'service.name': SERVICE, 'deployment.environment.name': 'staging' }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: OTLP_GRPC }))],
});
provider.register();
const instrumentation = new OpenAIInstrumentation();
instrumentation.setTracerProvider(provider);
instrumentation.manuallyInstrument(OpenAI);

const openai = new OpenAI({ baseURL: MODEL_SERVER, apiKey: 'none', maxRetries: 0 });

const tools = [{
  type: 'function',
  function: { name: 'weather', description: PROMPT, parameters: { type: 'object', properties: { city: { type: 'string' } } } },
}];

const weather = traceTool(async (city) => ({ city, celsius: 21 }), { name: 'weather' });

// The agent sums up the tokens of its calls on its own span, as agent frameworks do.
const agent = traceAgent(async (question) => {
  const messages = [{ role: 'user', content: question }];
  const used = { prompt: 0, completion: 0, total: 0 };
  for (;;) {
    const answer = await openai.chat.completions.create({ model: 'gpt-4.1', messages, tools });
    used.prompt += answer.usage.prompt_tokens;
    used.completion += answer.usage.completion_tokens;
    used.total += answer.usage.total_tokens;
    const { message } = answer.choices[0];
    messages.push(message);
    if (!message.tool_calls) {
      trace.getSpan(context.active())?.setAttributes(getLLMAttributes({ modelName: 'gpt-4.1', tokenCount: used }));
      return message.content;
    }
    for (const call of message.tool_calls) {
      const result = await weather(JSON.parse(call.function.arguments).city);
      messages.push({ role: 'tool', tool_call_id: call.id, content: JSON.stringify(result) });
    }
  }
}, { name: 'weather_agent' });

const chain = traceChain(async (question) => {
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
  return agent(question);
}, { name: 'answer_question' });

await chain(PROMPT);
const failure = await openai.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: PROMPT }] }).then(() => null, (e) => e);
if (failure?.status !== 429) throw new Error(`the model server has refused nothing: ${failure}`);
await provider.shutdown();
console.log('all spans are sent');
