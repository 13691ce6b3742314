// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// An application with OpenTelemetry's SDK and its instrumentation of the AWS SDK, which calls Amazon Bedrock. Its spans go out over OTLP/HTTP as JSON.
import { createRequire } from 'node:module';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { AwsInstrumentation } from '@opentelemetry/instrumentation-aws-sdk';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { trace } from '@opentelemetry/api';
import { NodeHttpHandler } from '@smithy/node-http-handler';

const { OTLP_HTTP, MODEL_SERVER, SERVICE, PROMPT } = process.env;

const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ 'service.name': SERVICE }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${OTLP_HTTP}/v1/traces` }))],
});
provider.register();
registerInstrumentations({ instrumentations: [new AwsInstrumentation()] });
// What is instrumented is what is required after that.
const { BedrockRuntimeClient, ConverseCommand, InvokeModelCommand } = createRequire(import.meta.url)('@aws-sdk/client-bedrock-runtime');

const bedrock = new BedrockRuntimeClient({
  endpoint: new URL(MODEL_SERVER).origin, region: 'eu-west-1', credentials: { accessKeyId: 'none', secretAccessKey: 'none' }, maxAttempts: 1,
  requestHandler: new NodeHttpHandler(), // the client's own speaks HTTP/2 alone
});
const invoke = (modelId, body) => bedrock.send(new InvokeModelCommand({ modelId, contentType: 'application/json', body: JSON.stringify(body) }));

// The instrumentation records no text. The application itself puts the question on its own span.
await trace.getTracer('application').startActiveSpan('answer_question', { attributes: { 'input.value': PROMPT } }, async (span) => {
  const said = await bedrock.send(new ConverseCommand({
    modelId: 'amazon.nova-micro-v1:0', messages: [{ role: 'user', content: [{ text: PROMPT }] }], inferenceConfig: { temperature: 0.2 },
  }));
  span.setAttributes({ 'output.value': said.output.message.content[0].text, 'gen_ai.tool.call.arguments': '{"city":"citymarker"}' });
  await invoke('anthropic.claude-3-5-haiku-20241022-v1:0', {
    anthropic_version: 'bedrock-2023-05-31', max_tokens: 100, messages: [{ role: 'user', content: PROMPT }],
  });
  await invoke('meta.llama3-1-8b-instruct-v1:0', { prompt: PROMPT, max_gen_len: 100 });
  span.end();
});
const failure = await invoke('amazon.nova-pro-v1:0', { messages: [{ role: 'user', content: [{ text: PROMPT }] }] }).then(() => null, (e) => e);
if (failure?.name !== 'ThrottlingException') throw new Error(`the model server has refused nothing: ${failure}`);
await provider.shutdown();
console.log('all spans are sent');
