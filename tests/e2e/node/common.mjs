// What every script shares. It reads tasks from stdin, a line each, `{"scenario": "plain", "model": "gpt-4o"}`, and
// prints one line of JSON for each: what the SDK saw, `{"saw": …}`, or what it raised, `{"raised": …}`.
// By hand: echo '{"scenario":"plain","model":"gpt-4o"}' | node openai.mjs http://127.0.0.1:3000

import { createInterface } from 'node:readline'
import { z } from 'zod'

const MAX_TASK_MS = 20_000

export const [url, provider] = process.argv.slice(2)
export const key = 'sk-the-callers-own'
export const hello = 'hello you'
export const limit = 100

export const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
export const whatIsThis = 'what is this'

export const question = 'weather, in parallel: Paris and Oslo'
export const City = z.object({ city: z.string() })

export const kind = 'Name a thing'
export const Thing = z.object({ name: z.string(), size: z.number(), tags: z.array(z.string()) })

// A tool that answers with what it was asked, so that the model's last words prove that it really ran.
export function weather() {
  const asked = []
  const run = ({ city }) => {
    asked.push(city)
    return `${city.length} degrees`
  }
  return { asked, run }
}

export function jsonSchema(schema) {
  const { $schema, ...rest } = z.toJSONSchema(schema)
  return rest
}

// `Array.fromAsync`, which Node 20 does not have.
export async function gathered(items) {
  const found = []
  for await (const item of items) found.push(item)
  return found
}

export async function serve(scenarios) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { scenario, model } = JSON.parse(line)
    const outcome = await finished(() => scenarios[scenario](model))
    process.stdout.write(`${JSON.stringify(outcome)}\n`)
  }
  process.exit() // a connection that is kept alive keeps Node alive
}

async function finished(run) {
  try {
    return { saw: await Promise.race([run(), tooLate()]) }
  } catch (error) {
    // Vercel's SDK calls it `statusCode`.
    const { status = error.statusCode } = error
    return { raised: { name: error.constructor.name, status, message: error.message } }
  }
}

function tooLate() {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`not within ${MAX_TASK_MS} ms`)), MAX_TASK_MS).unref()
  })
}
