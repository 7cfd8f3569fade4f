// usage: node anthropic-sdk.mjs BASE "toolRunner whole" NOTE PROMPT
import { readFile } from 'node:fs/promises'
import Anthropic from '@anthropic-ai/sdk'
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod'
import { z } from 'zod'

const [base, variant, note, prompt] = process.argv.slice(2)
const client = new Anthropic({ baseURL: base, apiKey: process.env.SLUICE_KEY })
const readNote = betaZodTool({
  name: 'readNote',
  description: 'Reads a note.',
  inputSchema: z.object({ path: z.string() }),
  run: ({ path }) => readFile(path, 'utf8'),
})
const runner = client.beta.messages.toolRunner({
  model: 'claude-sonnet-5',
  max_tokens: 1024,
  messages: [{ role: 'user', content: `${prompt} It is ${note}` }],
  tools: [readNote],
  ...(variant.endsWith('stream') ? { stream: true } : {}),
})
const last = await runner.runUntilDone()
console.log(last.content.map(({ text }) => text ?? '').join(''))
