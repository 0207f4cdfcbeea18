// OpenAI's own SDK: Responses.

import OpenAI from 'openai'
import { zodTextFormat } from 'openai/helpers/zod'
import * as common from './common.mjs'

const { City, Thing, hello, kind, limit, png, question, weather, whatIsThis } = common
const { responses } = new OpenAI({ baseURL: `${common.url}/openai/v1`, apiKey: common.key, maxRetries: 0 })
const user = (content) => [{ role: 'user', content }]

function saw(response) {
  const { input_tokens: input, output_tokens: output } = response.usage ?? {}
  const summaries = response.output.flatMap((item) => (item.type === 'reasoning' ? item.summary : []))
  const thought = summaries.map((part) => part.text).join('')
  return { text: response.output_text, thought, stop: response.status, model: response.model, input, output }
}

const parsed = (response) => ({ ...saw(response), parsed: response.output_parsed })

async function plain(model) {
  const { data, response } = await responses.create({ model, input: hello, max_output_tokens: limit }).withResponse()
  return { ...saw(data), provider: response.headers.get('x-openclaw-provider') }
}

async function stream(model) {
  const events = responses.stream({ model, input: hello })
  let pieces = 0
  events.on('response.output_text.delta', () => (pieces += 1))
  return { ...saw(await events.finalResponse()), pieces }
}

// The SDK has no runner for Responses: every output goes back as input, with the results of the calls.
async function toolLoop(model, answerTo, more) {
  const { asked, run } = weather()
  const parameters = { ...common.jsonSchema(City), additionalProperties: false }
  const tools = [{ type: 'function', name: 'get_weather', description: 'Now', strict: true, parameters }]
  const input = user(question)
  for (let steps = 1; steps <= 5; steps += 1) {
    const response = await answerTo({ model, input, tools, ...more })
    const calls = response.output.filter((item) => item.type === 'function_call')
    if (!calls.length) return { ...saw(response), asked, steps }
    const results = calls.map(({ call_id, arguments: said }) => {
      return { type: 'function_call_output', call_id, output: run(JSON.parse(said)) }
    })
    input.push(...response.output, ...results)
  }
}

async function image(model) {
  const content = [
    { type: 'input_text', text: whatIsThis },
    { type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${png}` },
  ]
  return saw(await responses.create({ model, input: user(content) }))
}

const aThing = (model) => ({ model, input: kind, text: { format: zodTextFormat(Thing, 'thing') } })
const thoughtful = { reasoning: { effort: 'low', summary: 'auto' }, max_output_tokens: 5000 }
const atOnce = (body) => responses.create(body)
const streamed = (body) => responses.stream(body).finalResponse()

await common.serve({
  plain,
  stream,
  tools: (model) => toolLoop(model, atOnce),
  'tools-stream': (model) => toolLoop(model, streamed),
  // Nothing is kept at the provider, so the reasoning travels with the caller, encrypted.
  'tools-thinking': (model) =>
    toolLoop(model, atOnce, { ...thoughtful, store: false, include: ['reasoning.encrypted_content'] }),
  image,
  structured: async (model) => parsed(await responses.parse(aThing(model))),
  'structured-stream': async (model) => parsed(await streamed(aThing(model))),
  thinking: async (model) => saw(await atOnce({ model, input: hello, ...thoughtful })),
  'thinking-stream': async (model) => saw(await streamed({ model, input: hello, ...thoughtful })),
})
