// Google's own SDK: Gemini `generateContent`, and the list of models.

import { GoogleGenAI } from '@google/genai'
import * as common from './common.mjs'

const { City, Thing, gathered, hello, kind, limit, png, question, weather, whatIsThis } = common
const httpOptions = { baseUrl: `${common.url}/gemini` }
const sdk = new GoogleGenAI({ apiKey: common.key, vertexai: false, httpOptions })

const whole = async (model, contents, config) => [await sdk.models.generateContent({ model, contents, config })]
const streamed = async (model, contents, config) =>
  gathered(await sdk.models.generateContentStream({ model, contents, config }))

// What the chunks of one answer say together; an answer that is not streamed is one chunk.
function saw(chunks) {
  const parts = chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? [])
  const texts = (thought) => parts.map((part) => (!!part.thought === thought && part.text) || '').join('')
  const ended = chunks.findLast((chunk) => chunk.candidates?.[0]?.finishReason)
  const counted = chunks.findLast((chunk) => chunk.usageMetadata)?.usageMetadata
  return {
    text: texts(false),
    thought: texts(true),
    stop: ended?.candidates[0].finishReason,
    model: chunks[0].modelVersion,
    input: counted?.promptTokenCount,
    output: counted?.candidatesTokenCount,
  }
}

async function plain(model) {
  const [answer] = await whole(model, hello, { maxOutputTokens: limit })
  return { ...saw([answer]), provider: answer.sdkHttpResponse.headers['x-openclaw-provider'] }
}

async function stream(model) {
  const chunks = await streamed(model, hello)
  return { ...saw(chunks), pieces: chunks.filter((chunk) => chunk.text).length }
}

// A tool that the SDK calls by itself.
function callable() {
  const { asked, run } = weather()
  const declared = { name: 'get_weather', description: 'Now', parametersJsonSchema: common.jsonSchema(City) }
  const answered = ({ id, name, args }) => ({ functionResponse: { id, name, response: { output: run(args) } } })
  const tool = {
    tool: async () => ({ functionDeclarations: [declared] }),
    callTool: async (calls) => calls.map(answered),
  }
  return { asked, tools: [tool] }
}

async function toolLoop(model, ask, more) {
  const { asked, tools } = callable()
  const chunks = await ask(model, question, { tools, ...more })
  return { ...saw(chunks), asked }
}

// A second question after a tool loop: the history that the SDK keeps is sent back.
async function toolChat(model) {
  const { asked, tools } = callable()
  const chat = sdk.chats.create({ model, config: { tools } })
  await chat.sendMessage({ message: question })
  return { ...saw([await chat.sendMessage({ message: hello })]), asked }
}

const image = async (model) =>
  saw(await whole(model, [{ text: whatIsThis }, { inlineData: { mimeType: 'image/png', data: png } }]))

async function structured(model, ask, schema) {
  const seen = saw(await ask(model, kind, { responseMimeType: 'application/json', ...schema }))
  return { ...seen, parsed: Thing.parse(JSON.parse(seen.text)) }
}

const jsonSchema = { responseJsonSchema: common.jsonSchema(Thing) }
const string = { type: 'STRING' }
const properties = { name: string, size: { type: 'NUMBER' }, tags: { type: 'ARRAY', items: string } }
const googleSchema = { responseSchema: { type: 'OBJECT', properties, required: Object.keys(properties) } }
const thoughtful = { thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 } }

await common.serve({
  plain,
  stream,
  tools: (model) => toolLoop(model, whole),
  'tools-stream': (model) => toolLoop(model, streamed),
  'tools-thinking': (model) => toolLoop(model, whole, thoughtful),
  'tools-chat': toolChat,
  image,
  structured: (model) => structured(model, whole, jsonSchema),
  'structured-stream': (model) => structured(model, streamed, jsonSchema),
  'structured-google': (model) => structured(model, whole, googleSchema),
  thinking: async (model) => saw(await whole(model, hello, thoughtful)),
  'thinking-stream': async (model) => saw(await streamed(model, hello, thoughtful)),
  models: async () => ({ names: (await gathered(await sdk.models.list())).map((one) => one.name) }),
  model: async (model) => ({ names: [(await sdk.models.get({ model })).name] }),
})
