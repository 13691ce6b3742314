// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// A LangChain application with OpenTelemetry's SDK and OpenInference's instrumentation. Its spans go out over OTLP/HTTP as JSON.
import * as CallbackManager from '@langchain/core/callbacks/manager';
import { HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages';
import { RunnableLambda } from '@langchain/core/runnables';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { LangChainInstrumentation } from '@arizeai/openinference-instrumentation-langchain';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { z } from 'zod';

const { OTLP_HTTP, MODEL_SERVER, SERVICE, PROMPT } = process.env;

const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ 'service.name': SERVICE }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${OTLP_HTTP}/v1/traces` }))],
});
provider.register();
new LangChainInstrumentation({ tracerProvider: provider }).manuallyInstrument(CallbackManager);

const model = (name, settings) => new ChatOpenAI({ model: name, apiKey: 'none', maxRetries: 0, configuration: { baseURL: MODEL_SERVER }, ...settings });

const weather = tool(async ({ city }) => ({ city, celsius: 21 }), { name: 'weather', description: PROMPT, schema: z.object({ city: z.string() }) });

const agent = RunnableLambda.from(async (question) => {
  const messages = [new HumanMessage(question)];
  const withTools = model('gpt-4.1').bindTools([weather]);
  for (;;) {
    const answer = await withTools.invoke(messages);
    messages.push(answer);
    if (!answer.tool_calls.length) return answer.content;
    for (const call of answer.tool_calls) {
      const result = await weather.invoke(call.args);
      messages.push(new ToolMessage({ content: JSON.stringify(result), tool_call_id: call.id }));
    }
  }
}).withConfig({ runName: 'weather_agent' });

await RunnableLambda.from(async (question) => {
  await model('gpt-4o-mini', { temperature: 0.2 }).invoke([new SystemMessage(PROMPT), new HumanMessage(question)]);
  for await (const _ of await model('gpt-4o-mini').stream(question));
  await model('gpt-4.1', { useResponsesApi: true }).invoke(question);
  return agent.invoke(question);
}).withConfig({ runName: 'answer_question' }).invoke(PROMPT);

const failure = await model('gpt-4o').invoke(PROMPT).then(() => null, (e) => e);
if (failure?.status !== 429) throw new Error(`the model server has refused nothing: ${failure}`);
await provider.shutdown();
console.log('all spans are sent');
