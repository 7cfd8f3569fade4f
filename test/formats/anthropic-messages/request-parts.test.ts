import { describe, expect, it } from 'vitest'
import format from '../../../src/formats/anthropic-messages/format.ts'
import type { Part, Turn } from '../../../src/formats/conversation.ts'
import {
  assistant,
  call,
  conversation,
  encode,
  LOOK,
  messagesOf,
  refusalOf,
  result,
  target,
  text,
  turns,
  user,
} from './exchange.ts'

describe('media', () => {
  const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
  function image(source: Extract<Part, { type: 'media' }>['source'], mimeType?: string): Part {
    return { type: 'media', kind: 'image', source, ...(mimeType === undefined ? {} : { mimeType }) }
  }
  function sent(part: Part): unknown {
    return messagesOf(turns(user(part)))[0]?.content[0]
  }

  it.each([
    [image({ url: `data:image/png;base64,${PNG}` })],
    [image({ url: `DATA:image/PNG;charset=utf-8;BASE64,${PNG}` })],
    [image({ url: `data:;base64,${PNG}` })],
    [image({ base64: PNG }, 'image/jpg')],
    [image({ base64: PNG })],
  ])('sends inline images as base64 of their true type (E163) %#', part => {
    expect(sent(part)).toEqual({ type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } })
  })

  it('keeps URLs, and files of its own', () => {
    expect(sent(image({ url: 'https://x.test/a.png' }))).toEqual({
      type: 'image',
      source: { type: 'url', url: 'https://x.test/a.png' },
    })
    expect(sent(image({ fileId: 'file_1', format: 'anthropic-messages' }))).toEqual({
      type: 'image',
      source: { type: 'file', file_id: 'file_1' },
    })
  })

  it('sends documents as PDF or text, with their names', () => {
    const pdf: Part = {
      type: 'media',
      kind: 'file',
      source: { url: 'data:application/pdf;base64,JVBERi0=' },
      filename: 'a.pdf',
    }
    expect(sent(pdf)).toEqual({
      type: 'document',
      source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' },
      title: 'a.pdf',
    })
    const csv: Part = { type: 'media', kind: 'file', source: { base64: 'YSxi' }, mimeType: 'text/csv' }
    expect(sent(csv)).toMatchObject({ source: { type: 'text', media_type: 'text/plain', data: 'a,b' } })
  })

  it.each([
    ['audio', { type: 'media', kind: 'audio', source: { base64: 'AA==' } }],
    ['video', { type: 'media', kind: 'video', source: { url: 'https://x.test/v' } }],
    ['a TIFF', image({ base64: 'SUkqAA==' }, 'image/tiff')],
    ['a bucket', image({ url: 'gs://b/a.png' })],
    ["another vendor's file", image({ fileId: 'file-1', format: 'openai-chat' })],
  ] as const)('refuses %s (C.7)', (_, part) => {
    expect(refusalOf(turns(user(part)))).toMatchObject({ status: 400, param: 'turns[0].parts[0]' })
  })
})

describe('reasoning and what belongs to others', () => {
  const signed: Part = {
    type: 'reasoning',
    visibility: 'summary',
    chunks: [],
    state: [{ scheme: 'anthropic.signature', value: 'sig' }],
  }

  it('keeps a signature without text (E84), and every one in its place (E85)', () => {
    const source = turns(
      user(text('a')),
      assistant(signed, text('b'), { ...signed, chunks: ['x', 'y'] } as Part, call('x')),
      { role: 'tool', parts: [result('x')] },
    )
    expect(messagesOf(source)[1]?.content).toEqual([
      { type: 'thinking', thinking: '', signature: 'sig' },
      { type: 'text', text: 'b' },
      { type: 'thinking', thinking: 'x\n\ny', signature: 'sig' },
      { type: 'tool_use', id: 'x', name: 'look', input: {} },
    ])
  })

  it.each([
    [{ type: 'reasoning', visibility: 'full', chunks: ['secret'] }],
    [{ type: 'reasoning', visibility: 'hidden', chunks: [], state: [{ scheme: 'openai.encrypted', value: 'x' }] }],
    [{ ...signed, state: [{ scheme: 'anthropic.signature', value: 's', issuer: { provider: 'bedrock' } }] }],
  ] as const)('leaves out thinking that Anthropic did not sign, never into the text (E87, E88, E111) %#', part => {
    const source = turns(user(text('a')), assistant(part as Part, text('b')), user(text('c')))
    const { losses } = encode(source)
    expect(messagesOf(source)[1]?.content).toEqual([{ type: 'text', text: 'b' }])
    expect(losses).toEqual(['turns[1].parts[0] dropped'])
  })

  it('moves a cache mark away from thinking (E91)', () => {
    const marked = { ...signed, cache: {} } as Part
    const source = turns(user(text('a')), assistant(text('b'), marked), user(text('c')))
    expect(messagesOf(source)[1]?.content).toMatchObject([
      { type: 'text', cache_control: { type: 'ephemeral' } },
      { type: 'thinking', signature: 'sig' },
    ])
  })

  it('keeps four cache marks: tools, system and the last ones (E173)', () => {
    const mark = (value: string): Part => ({ type: 'text', text: value, cache: {} })
    const source = conversation({
      tools: [{ ...LOOK, cache: {} }],
      turns: [
        { role: 'system', parts: [mark('s1'), mark('s2')] },
        user(mark('a'), mark('b')),
        assistant(mark('c')),
        user(text('d')),
      ],
    })
    const { body, losses } = encode(source)
    const kept = JSON.stringify(body).match(/"text":"\w+","cache_control"/g)
    expect(kept).toEqual(['"text":"s2","cache_control"', '"text":"b","cache_control"', '"text":"c","cache_control"'])
    expect(losses).toEqual(['turns[1].parts[0].cache dropped', 'turns[0].parts[0].cache dropped'])
  })

  it("leaves out hosted tools' traces of other providers, with a loss (E266)", () => {
    const trace: Part = {
      type: 'hosted-tool',
      tool: 'web_search',
      phase: 'both',
      format: 'openai-responses',
      json: '{}',
    }
    const { body, losses } = encode(turns(user(text('a')), assistant(trace, text('b')), user(text('c'))))
    expect(JSON.stringify(body)).not.toContain('web_search')
    expect(losses).toEqual(['turns[1].parts[0] dropped'])
  })

  it('refuses to answer without the part of the prompt that another provider holds', () => {
    const cached: Part = { type: 'opaque', format: 'gemini', label: 'cachedContent', json: '"cachedContents/1"' }
    expect(refusalOf(turns(user(cached, text('a')))).param).toBe('turns[0].parts[0]')
  })

  it('refuses a reference to an item that it does not have (E270)', () => {
    expect(refusalOf(turns(user({ type: 'item-reference', id: 'rs_1' }))).param).toBe('turns[0].parts[0]')
  })

  it('begins a longer conversation with the bytes of a shorter one (E178)', () => {
    const start = [user(text('a')), assistant(signed, call('x.1')), { role: 'tool', parts: [result('x.1')] } as Turn]
    const bytes = (all: Turn[]) => format.encodeRequest(turns(...all), target()).body
    const short = bytes(start).replace(/\]\}$/, '')
    expect(bytes([...start, assistant(text('b')), user(text('c'))]).startsWith(short)).toBe(true)
  })
})
