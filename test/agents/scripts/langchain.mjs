// usage: node langchain.mjs BASE "ChatOpenAI whole" NOTE PROMPT
import { readFile } from 'node:fs/promises'
import { ChatAnthropic } from '@langchain/anthropic'
import { HumanMessage, ToolMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { ChatGoogleGenerativeAI } from '@langchain/google-genai'
import { ChatOpenAI } from '@langchain/openai'
import { z } from 'zod'

const [base, variant, note, prompt] = process.argv.slice(2)
const apiKey = process.env.SLUICE_KEY
const way = variant.endsWith('whole') ? 'whole' : 'stream'

const openai = more => new ChatOpenAI({ model: 'gpt-5.5', apiKey, configuration: { baseURL: `${base}/v1` }, ...more })
const models = {
  ChatOpenAI: () => openai({}),
  'ChatOpenAI responses': () => openai({ useResponsesApi: true }),
  ChatAnthropic: () => new ChatAnthropic({ model: 'claude-sonnet-5', apiKey, anthropicApiUrl: base }),
  ChatGoogleGenerativeAI: () => new ChatGoogleGenerativeAI({ model: 'gemini-3-pro-preview', apiKey, baseUrl: base }),
}
const readNote = tool(({ path }) => readFile(path, 'utf8'), {
  name: 'readNote',
  description: 'Reads a note.',
  schema: z.object({ path: z.string() }),
})
const model = models[variant.slice(0, -way.length - 1)]().bindTools([readNote])

async function ask(messages) {
  if (way === 'whole') return model.invoke(messages)
  let reply
  for await (const piece of await model.stream(messages)) reply = reply === undefined ? piece : reply.concat(piece)
  return reply
}

const messages = [new HumanMessage(`${prompt} It is ${note}`)]
let reply = await ask(messages)
while (reply.tool_calls.length > 0 && messages.length < 8) {
  messages.push(reply)
  for (const call of reply.tool_calls) {
    const content = await readFile(call.args.path, 'utf8')
    messages.push(new ToolMessage({ content, tool_call_id: call.id, name: call.name }))
  }
  reply = await ask(messages)
}
console.log(reply.text)
