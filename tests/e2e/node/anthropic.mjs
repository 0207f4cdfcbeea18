// Anthropic's own SDK: Messages, and the list of models.

import Anthropic from '@anthropic-ai/sdk'
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod'
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod'
import * as common from './common.mjs'

const { City, Thing, gathered, hello, kind, limit, png, question, weather, whatIsThis } = common
const sdk = new Anthropic({ baseURL: `${common.url}/anthropic`, apiKey: common.key, maxRetries: 0 })
const user = (content) => [{ role: 'user', content }]

const joined = (content, type) => content.map((block) => (block.type === type ? block[type] : '')).join('')

function saw({ content, stop_reason: stop, model, usage }) {
  const { input_tokens: input, output_tokens: output } = usage
  return { text: joined(content, 'text'), thought: joined(content, 'thinking'), stop, model, input, output }
}

const parsed = (message) => ({ ...saw(message), parsed: message.parsed_output })

async function plain(model) {
  const { data, response } = await sdk.messages
    .create({ model, messages: user(hello), max_tokens: limit })
    .withResponse()
  return { ...saw(data), provider: response.headers.get('x-openclaw-provider') }
}

async function stream(model) {
  const events = sdk.messages.stream({ model, messages: user(hello), max_tokens: limit })
  let pieces = 0
  events.on('text', () => (pieces += 1))
  return { ...saw(await events.finalMessage()), pieces }
}

// The runner posts to /v1/messages?beta=true. By default it keeps the conversation in a message thread at Anthropic
// and sends only what is new; `thread: false` sends it whole each time, as every other client does.
async function toolLoop(model, more) {
  const { asked, run } = weather()
  const tools = [betaZodTool({ name: 'get_weather', description: 'Now', inputSchema: City, run })]
  const runner = sdk.beta.messages.toolRunner({ model, messages: user(question), max_tokens: limit, tools, ...more })
  const messages = []
  for await (const step of runner) messages.push(more.stream ? await step.finalMessage() : step)
  const thought = messages.map(({ content }) => joined(content, 'thinking')).join('')
  return { ...saw(messages.at(-1)), asked, steps: messages.length, thought }
}

// The first turn's words are only in the thread that the second continues.
async function threadOfTwo(model) {
  const thread = sdk.beta.messages.thread({
    model,
    messages: user('first words'),
    max_tokens: limit,
    unsupportedRequestBehavior: 'continue_unthreaded',
  })
  await thread.send()
  return saw(await thread.send({ role: 'user', content: hello }))
}

async function image(model) {
  const source = { type: 'base64', media_type: 'image/png', data: png }
  const parts = [{ type: 'text', text: whatIsThis }, { type: 'image', source }]
  return saw(await sdk.messages.create({ model, messages: user(parts), max_tokens: limit }))
}

const output_config = { format: zodOutputFormat(Thing) }
const aThing = (model) => ({ model, messages: user(kind), max_tokens: limit, output_config })
const thoughtful = { max_tokens: 5000, thinking: { type: 'enabled', budget_tokens: 1024 } }
const aThought = (model) => ({ model, messages: user(hello), ...thoughtful })

await common.serve({
  plain,
  stream,
  tools: (model) => toolLoop(model, { thread: false }),
  'tools-stream': (model) => toolLoop(model, { thread: false, stream: true }),
  'tools-thinking': (model) => toolLoop(model, { thread: false, ...thoughtful }),
  'tools-thread': (model) => toolLoop(model, {}),
  'tools-thread-stream': (model) => toolLoop(model, { stream: true }),
  thread: threadOfTwo,
  image,
  structured: async (model) => parsed(await sdk.messages.parse(aThing(model))),
  'structured-stream': async (model) => parsed(await sdk.messages.stream(aThing(model)).finalMessage()),
  thinking: async (model) => saw(await sdk.messages.create(aThought(model))),
  'thinking-stream': async (model) => saw(await sdk.messages.stream(aThought(model)).finalMessage()),
  models: async () => ({ names: (await gathered(sdk.models.list())).map((one) => one.id) }),
  model: async (model) => ({ names: [(await sdk.models.retrieve(model)).id] }),
})
