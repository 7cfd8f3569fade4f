// usage: node vercel-ai-sdk.mjs BASE "openai whole" NOTE PROMPT
import { readFile } from 'node:fs/promises'
import { createAnthropic } from '@ai-sdk/anthropic'
import { createGoogleGenerativeAI } from '@ai-sdk/google'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText, isStepCount, streamText, tool } from 'ai'
import { z } from 'zod'

const [base, variant, note, prompt] = process.argv.slice(2)
const apiKey = process.env.SLUICE_KEY
const [name, way] = variant.split(' ')

const models = {
  openai: () => createOpenAI({ baseURL: `${base}/v1`, apiKey })('gpt-5.5'),
  'openai-unstored': () => createOpenAI({ baseURL: `${base}/v1`, apiKey })('gpt-5.5'),
  'openai.chat': () => createOpenAI({ baseURL: `${base}/v1`, apiKey }).chat('gpt-5.5'),
  'openai-compatible': () => createOpenAICompatible({ name: 'sluice', baseURL: `${base}/v1`, apiKey })('some-model'),
  anthropic: () => createAnthropic({ baseURL: `${base}/v1`, apiKey })('claude-sonnet-5'),
  google: () => createGoogleGenerativeAI({ baseURL: `${base}/v1beta`, apiKey })('gemini-3-pro-preview'),
}
const settings = {
  model: models[name](),
  prompt: `${prompt} It is ${note}`,
  stopWhen: isStepCount(4),
  ...(name === 'openai-unstored' ? { providerOptions: { openai: { store: false, reasoningSummary: 'auto' } } } : {}),
  tools: {
    readNote: tool({
      description: 'Reads a note.',
      inputSchema: z.object({ path: z.string() }),
      execute: ({ path }) => readFile(path, 'utf8'),
    }),
  },
}
if (way === 'whole') console.log((await generateText(settings)).text)
else for await (const text of streamText(settings).textStream) process.stdout.write(text)
