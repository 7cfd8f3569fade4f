import { frame, halves, type Json, type Speaker } from './speaker.ts'
import type { Said } from './talk.ts'

export const GEMINI: Speaker = {
  whole: said => geminiBody(geminiParts(said), said),
  stream: said => {
    const parts = geminiParts(said).flatMap(part => {
      return typeof part.text === 'string' ? halves(part.text).map(text => ({ ...part, text })) : [part]
    })
    return [...parts.map(part => frame(geminiBody([part]))), frame(geminiBody([{ text: '' }], said))].join('')
  },
  error: (status, message) => ({ error: { code: status, message, status: `STATUS_${status}` } }),
}

function geminiParts(said: Said): Json[] {
  return [
    ...(said.thinking === undefined ? [] : [{ text: said.thinking, thought: true }]),
    ...(said.text === '' ? [] : [{ text: said.text }]),
    ...said.calls.map(({ id, name, input }) => ({ functionCall: { id, name, args: input } })),
  ]
}

function geminiBody(parts: readonly Json[], end?: Said): Json {
  const { input = 0, cached = 0, output = 0 } = end?.usage ?? {}
  return {
    candidates: [
      {
        content: { role: 'model', parts },
        index: 0,
        ...(end && { finishReason: end.finish === 'length' ? 'MAX_TOKENS' : 'STOP' }),
      },
    ],
    ...(end && {
      usageMetadata: {
        promptTokenCount: input,
        cachedContentTokenCount: cached,
        candidatesTokenCount: output,
        totalTokenCount: input + output,
      },
    }),
    modelVersion: 'gemini-2.5-flash',
    responseId: 'r1',
  }
}
