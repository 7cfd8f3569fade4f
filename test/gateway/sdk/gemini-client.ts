import { type Content, type GenerateContentResponse, GoogleGenAI, type Part } from '@google/genai'
import { CLIENT_KEY, finishOf, type SdkClient } from './client.ts'
import type { Said, Turn } from './talk.ts'

/** @param apiVersion the SDK's own is `v1` */
export const google = (url: string, apiVersion = 'v1'): GoogleGenAI =>
  new GoogleGenAI({ apiKey: CLIENT_KEY, httpOptions: { baseUrl: url, apiVersion } })

export const GEMINI: SdkClient = {
  format: 'gemini',
  async ask(url, model, { system, turns, tools, schema, thoughts }, stream, watch) {
    const request = {
      model,
      contents: turns.map(geminiContent),
      config: {
        ...(system !== undefined && { systemInstruction: system }),
        ...(tools && {
          tools: [
            {
              functionDeclarations: tools.map(({ name, description, schema: parametersJsonSchema }) => ({
                name,
                description,
                parametersJsonSchema,
              })),
            },
          ],
        }),
        ...(schema && { responseMimeType: 'application/json', responseJsonSchema: schema }),
        ...(thoughts && { thinkingConfig: { includeThoughts: true } }),
        ...(watch && { abortSignal: watch.signal }),
      },
    }
    const { models } = google(url)
    if (!stream) return geminiSaid([await models.generateContent(request)])
    const chunks: GenerateContentResponse[] = []
    for await (const chunk of await models.generateContentStream(request)) {
      watch?.began?.()
      chunks.push(chunk)
    }
    return geminiSaid(chunks)
  },
}

function geminiContent(turn: Turn): Content {
  if ('user' in turn) {
    const { user, png } = turn
    const image = png === undefined ? [] : [{ inlineData: { mimeType: 'image/png', data: png } }]
    return { role: 'user', parts: [{ text: user }, ...image] }
  }
  if ('results' in turn) {
    const parts = turn.results.map(({ call, output }) => ({
      functionResponse: { id: call.id, name: call.name, response: output },
    }))
    return { role: 'user', parts }
  }
  const { assistant, calls = [] } = turn
  const text: Part[] = assistant === '' ? [] : [{ text: assistant }]
  return {
    role: 'model',
    parts: [...text, ...calls.map(({ id, name, input }) => ({ functionCall: { id, name, args: input } }))],
  }
}

function geminiSaid(chunks: readonly GenerateContentResponse[]): Said {
  const parts = chunks.flatMap(chunk => chunk.candidates?.[0]?.content?.parts ?? [])
  const joined = (thought: boolean): string =>
    parts.flatMap(part => ((part.thought ?? false) === thought ? [part.text ?? ''] : [])).join('')
  const calls = parts.flatMap(({ functionCall }) =>
    functionCall ? [{ id: functionCall.id ?? '', name: functionCall.name ?? '', input: functionCall.args ?? {} }] : [],
  )
  const finish = chunks.flatMap(chunk => chunk.candidates?.[0]?.finishReason ?? []).at(-1)
  const usage = chunks.flatMap(chunk => chunk.usageMetadata ?? []).at(-1)
  const thinking = joined(true)
  return {
    ...(thinking !== '' && { thinking }),
    text: joined(false),
    calls,
    finish: finishOf(finish, { STOP: calls.length > 0 ? 'calls' : 'stop', MAX_TOKENS: 'length' }),
    usage: {
      input: usage?.promptTokenCount ?? 0,
      cached: usage?.cachedContentTokenCount ?? 0,
      output: (usage?.candidatesTokenCount ?? 0) + (usage?.thoughtsTokenCount ?? 0),
    },
  }
}
