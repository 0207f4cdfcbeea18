// Vercel's SDK with each of its providers: `node ai.mjs URL PROVIDER`, a key of `providers`.

import { createAnthropic } from '@ai-sdk/anthropic'
import { createGoogleGenerativeAI } from '@ai-sdk/google'
import { createOpenAI } from '@ai-sdk/openai'
import { generateObject, generateText, Output, stepCountIs, streamObject, streamText, tool } from 'ai'
import * as common from './common.mjs'

const { City, Thing, gathered, hello, key: apiKey, kind, limit, png, question, url, weather, whatIsThis } = common
const openai = createOpenAI({ baseURL: `${url}/openai/v1`, apiKey })
const providers = {
  openai: openai.chat,
  'openai-responses': openai.responses,
  anthropic: createAnthropic({ baseURL: `${url}/anthropic/v1`, apiKey }),
  google: createGoogleGenerativeAI({ baseURL: `${url}/gemini/v1beta`, apiKey }),
}
globalThis.AI_SDK_LOG_WARNINGS = false // they would go to stdout

const asking = (model, prompt) => ({
  model: providers[common.provider](model),
  prompt,
  maxOutputTokens: limit,
  maxRetries: 0,
})

// A streamed result has promises where a whole one has values; both can be awaited.
async function saw(result) {
  const { inputTokens: input, outputTokens: output } = await result.usage
  const { modelId: model } = await result.response
  const thoughts = (await result.steps).map((step) => step.reasoningText ?? '')
  const [text, stop] = [await result.text, await result.finishReason]
  return { text, thought: thoughts.join(''), stop, model, input, output, steps: thoughts.length }
}

async function plain(model) {
  const result = await generateText(asking(model, hello))
  return { ...(await saw(result)), provider: result.response.headers['x-openclaw-provider'] }
}

// An error in a stream is handed to `onError` and the stream just ends; here it is raised.
async function drained(begin, options, streamOf) {
  let failed
  const result = begin({ ...options, onError: ({ error }) => (failed ??= error) })
  const pieces = await gathered(streamOf(result))
  if (failed) throw failed
  return { result, pieces: pieces.filter((piece) => piece !== '').length }
}

async function streamed(options) {
  const { result, pieces } = await drained(streamText, options, ({ textStream }) => textStream)
  return { ...(await saw(result)), pieces }
}

const whole = async (options) => saw(await generateText(options))

async function toolLoop(model, answerTo, more) {
  const { asked, run } = weather()
  const tools = { get_weather: tool({ description: 'Now', inputSchema: City, execute: run }) }
  return { ...(await answerTo({ ...asking(model, question), tools, stopWhen: stepCountIs(5), ...more })), asked }
}

function image(model) {
  const content = [{ type: 'text', text: whatIsThis }, { type: 'image', image: png, mediaType: 'image/png' }]
  return whole(asking(model, [{ role: 'user', content }]))
}

const structured = async (model, more) => ({
  parsed: (await generateObject({ ...asking(model, kind), schema: Thing, ...more })).object,
})

const structuredOutput = async (model) => ({
  parsed: (await generateText({ ...asking(model, kind), output: Output.object({ schema: Thing }) })).output,
})

async function structuredStream(model) {
  const options = { ...asking(model, kind), schema: Thing }
  const { result, pieces } = await drained(streamObject, options, ({ partialObjectStream }) => partialObjectStream)
  return { parsed: await result.object, pieces }
}

// The SDK gives models of Anthropic's that it does not know a tool to answer with, unless it is told otherwise.
const native = { providerOptions: { anthropic: { structuredOutputMode: 'outputFormat' } } }
const thoughtful = {
  maxOutputTokens: 5000,
  providerOptions: {
    openai: { reasoningEffort: 'low', reasoningSummary: 'auto', forceReasoning: true, store: false },
    anthropic: { thinking: { type: 'enabled', budgetTokens: 1024 } },
    google: { thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 } },
  },
}

await common.serve({
  plain,
  stream: (model) => streamed(asking(model, hello)),
  tools: (model) => toolLoop(model, whole),
  'tools-stream': (model) => toolLoop(model, streamed),
  'tools-thinking': (model) => toolLoop(model, whole, thoughtful),
  image,
  structured,
  'structured-output': structuredOutput,
  'structured-native': (model) => structured(model, native),
  'structured-stream': structuredStream,
  thinking: (model) => whole({ ...asking(model, hello), ...thoughtful }),
  'thinking-stream': (model) => streamed({ ...asking(model, hello), ...thoughtful }),
})
