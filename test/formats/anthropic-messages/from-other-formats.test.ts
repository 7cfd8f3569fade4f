import { describe, expect, it } from 'vitest'
import format from '../../../src/formats/anthropic-messages/format.ts'
import gemini from '../../../src/formats/gemini/format.ts'
import openaiChat from '../../../src/formats/openai-chat/format.ts'
import openaiResponses from '../../../src/formats/openai-responses/format.ts'
import { bodyCheck } from '../../../src/formats/validate.ts'
import type { WireFormat } from '../../../src/formats/wire-format.ts'
import { parseDocument } from '../../../src/json/document.ts'
import { Refusal } from '../../../src/refusal.ts'
import { framesOf } from '../../support/frames.ts'
import { type RecordedCase, recordedCases } from '../../support/traffic.ts'
import { encodeEvents, target } from './exchange.ts'

const SOURCES: readonly (readonly [folder: string, source: WireFormat])[] = [
  ['openai-chat', openaiChat],
  ['openai-compatible', openaiChat],
  ['openai-responses', openaiResponses],
  ['gemini', gemini],
]

function generating(folder: string): readonly RecordedCase[] {
  return recordedCases(folder).filter(
    found => found.method === 'POST' && found.status < 400 && !/embed|count|input_tokens|batch/i.test(found.path),
  )
}

function conversationOf(source: WireFormat, found: RecordedCase) {
  const document = parseDocument(found.requestText)
  const model = found.model ?? 'm'
  return source.decodeRequest({ operation: 'generate', model, stream: found.wantsStream, document, headers: {} })
}

function eventsOf(source: WireFormat, found: RecordedCase) {
  if (!found.responseIsStream) return source.decodeReply(parseDocument(found.responseText), 'generate')
  const decoder = source.decodeStream()
  return [...framesOf(found.responseText).flatMap(frame => decoder.frame(frame)), ...decoder.end()]
}

describe.each(SOURCES)('recorded traffic of %s', (folder, source) => {
  const cases = generating(folder)

  it('asks Anthropic for something that it takes, or is refused by the field at fault', () => {
    for (const found of cases) {
      try {
        const { body } = format.encodeRequest(conversationOf(source, found), target())
        bodyCheck(format.schemas.generate ?? {})(JSON.parse(body))
      } catch (error) {
        if (!(error instanceof Refusal)) throw new Error(found.name, { cause: error })
        expect([found.name, error.status]).toEqual([found.name, 400])
        expect(error.param).not.toBe('')
      }
    }
  })

  it('answers an Anthropic client in a valid stream', () => {
    for (const found of cases) {
      try {
        encodeEvents(eventsOf(source, found))
      } catch (error) {
        throw new Error(found.name, { cause: error })
      }
    }
  })
})
