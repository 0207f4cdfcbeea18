// OpenAI's own SDK: Chat Completions, and the list of models.

import OpenAI from 'openai'
import { zodResponseFormat } from 'openai/helpers/zod'
import * as common from './common.mjs'

const { City, Thing, gathered, hello, kind, limit, png, question, weather, whatIsThis } = common
const sdk = new OpenAI({ baseURL: `${common.url}/openai/v1`, apiKey: common.key, maxRetries: 0 })
const chat = sdk.chat.completions
const user = (content) => [{ role: 'user', content }]

function saw(completion) {
  const [{ message, finish_reason }] = completion.choices
  const { prompt_tokens: input, completion_tokens: output } = completion.usage ?? {}
  return { text: message.content, stop: finish_reason, model: completion.model, input, output }
}

const parsed = (completion) => ({ ...saw(completion), parsed: completion.choices[0].message.parsed })

async function plain(model) {
  const { data, response } = await chat
    .create({ model, messages: user(hello), max_completion_tokens: limit })
    .withResponse()
  return { ...saw(data), provider: response.headers.get('x-openclaw-provider') }
}

async function stream(model) {
  const events = chat.stream({ model, messages: user(hello), stream_options: { include_usage: true } })
  let pieces = 0
  events.on('content', () => (pieces += 1))
  return { ...saw(await events.finalChatCompletion()), pieces }
}

async function toolLoop(model, more) {
  const { asked, run } = weather()
  const parameters = common.jsonSchema(City)
  const tool = { name: 'get_weather', description: 'Now', parameters, parse: JSON.parse, function: run }
  const tools = [{ type: 'function', function: tool }]
  const runner = chat.runTools({ model, messages: user(question), tools, ...more })
  const last = await runner.finalChatCompletion()
  return { ...saw(last), asked, steps: runner.allChatCompletions().length }
}

async function image(model) {
  const parts = [
    { type: 'text', text: whatIsThis },
    { type: 'image_url', image_url: { url: `data:image/png;base64,${png}` } },
  ]
  return saw(await chat.create({ model, messages: user(parts) }))
}

const aThing = (model) => ({ model, messages: user(kind), response_format: zodResponseFormat(Thing, 'thing') })

await common.serve({
  plain,
  stream,
  tools: (model) => toolLoop(model),
  'tools-stream': (model) => toolLoop(model, { stream: true, stream_options: { include_usage: true } }),
  image,
  structured: async (model) => parsed(await chat.parse(aThing(model))),
  'structured-stream': async (model) => parsed(await chat.stream(aThing(model)).finalChatCompletion()),
  models: async () => ({ names: (await gathered(sdk.models.list())).map((one) => one.id) }),
  model: async (model) => ({ names: [(await sdk.models.retrieve(model)).id] }),
})
