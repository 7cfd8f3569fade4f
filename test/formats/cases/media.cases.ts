/** Images, documents and citations. */
import { expect } from 'vitest'
import type { CaseSection } from './case.ts'
import { carry, carryReply, carryStream, type Fields, type FormatName, refusal, sse } from './convert.ts'
import { claude, google } from './provider-frames.ts'

/** One pixel, as a PNG. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

function image(url: string, to: FormatName, more: Fields = {}, dialect?: string) {
  const content = [{ type: 'image_url', image_url: { url, ...more } }]
  const asked = { model: 'm', messages: [{ role: 'user', content }] }
  return carry('openai-chat', to, asked, dialect === undefined ? {} : { dialect })
}

function fromClaude(block: Fields, to: FormatName, dialect?: string) {
  const asked = { model: 'm', max_tokens: 100, messages: [{ role: 'user', content: [block] }] }
  return carry('anthropic-messages', to, asked, dialect === undefined ? {} : { dialect })
}

function chatPart({ body }: { readonly body: Fields }): unknown {
  return Object(body.messages)[0].content[0]
}

/** What Gemini says, with its sources. */
function grounded(text: string, startIndex: number, endIndex: number): Fields {
  return {
    ...google.text(text, {
      finishReason: 'STOP',
      groundingMetadata: {
        groundingChunks: [{ web: { uri: 'https://a.example', title: 'A' } }],
        groundingSupports: [{ segment: { startIndex, endIndex, text: '' }, groundingChunkIndices: [0] }],
      },
    }),
  }
}

const WEB = {
  type: 'web_search_result_location',
  url: 'https://a.example',
  title: 'A',
  cited_text: 'cited',
  encrypted_index: 'Eo8B',
}

const section: CaseSection = {
  title: 'Media and citations',
  order: 80,
  cases: [
    {
      id: 'E161',
      title: 'An image at an address, for a provider that does not fetch it (Gemini and http, Ollama)',
      decision: 'not offered',
      outcome:
        'Sluice fetches nothing on behalf of clients: Gemini gets https addresses, http is a 400 that names the part.',
      prove: () => {
        const { body } = image('https://a.example/a.png', 'gemini')
        expect(body.contents).toMatchObject([{ parts: [{ fileData: { fileUri: 'https://a.example/a.png' } }] }])
        const { status, param } = refusal(() => image('http://a.example/a.png', 'gemini'))
        expect([status, param]).toEqual([400, 'turns[0].parts[0]'])
        expect(chatPart(image('https://a.example/a.png', 'openai-chat', {}, 'ollama'))).toMatchObject({
          image_url: { url: 'https://a.example/a.png' },
        })
      },
    },
    {
      id: 'E162',
      title: "Anthropic's image at an address, and one by the id of a file",
      decision: 'refused',
      outcome:
        'The address is `image_url`; the id of a file means nothing to another provider, and a 400 names the part.',
      prove: () => {
        const source = { type: 'url', url: 'https://a.example/a.png' }
        expect(chatPart(fromClaude({ type: 'image', source }, 'openai-chat'))).toEqual({
          type: 'image_url',
          image_url: { url: 'https://a.example/a.png' },
        })
        const file = { type: 'image', source: { type: 'file', file_id: 'file_1' } }
        for (const to of ['openai-chat', 'openai-responses', 'gemini'] as const) {
          const { status, param } = refusal(() => fromClaude(file, to))
          expect([status, param]).toEqual([400, expect.stringContaining('turns[0].parts[0]')])
        }
      },
    },
    {
      id: 'E163',
      title: 'Spellings of data URLs: parameters, capitals, no type, `jpg`, the wrong type',
      decision: 'carried',
      outcome: 'All are read, and Anthropic, which refuses a wrong type, is told the one that the bytes begin with.',
      prove: () => {
        const heads = [
          'image/png;charset=utf-8;base64',
          'IMAGE/PNG;BASE64',
          ';base64',
          'image/jpg;base64',
          'image/jpeg;base64',
        ]
        for (const head of heads) {
          const { body } = image(`data:${head},${PNG}`, 'anthropic-messages')
          expect(body.messages).toMatchObject([
            { content: [{ source: { type: 'base64', media_type: 'image/png', data: PNG } }] },
          ])
        }
      },
    },
    {
      id: 'E164',
      title: 'A PDF without a name, for Chat servers',
      decision: 'carried',
      outcome: 'It is called `document.pdf`; a server that reads no PDFs says so itself.',
      prove: () => {
        const source = { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' }
        const file = { filename: 'document.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' }
        for (const dialect of [undefined, 'deepseek']) {
          expect(chatPart(fromClaude({ type: 'document', source }, 'openai-chat', dialect))).toEqual({
            type: 'file',
            file,
          })
        }
      },
    },
    {
      id: 'E165',
      title: 'In how much detail an image is looked at',
      decision: 'left out',
      outcome: 'OpenAI has it by image; Gemini has it for the request and Anthropic not at all, and a loss tells so.',
      prove: () => {
        const url = 'https://a.example/a.png'
        expect(chatPart(image(url, 'openai-chat', { detail: 'high' }))).toMatchObject({ image_url: { detail: 'high' } })
        for (const to of ['gemini', 'anthropic-messages'] as const) {
          expect(image(url, to, { detail: 'high' }).lost).toEqual(['turns[0].parts[0].detail dropped'])
        }
      },
    },
    {
      id: 'E166',
      title: 'An image that the assistant made, in the history of a provider that takes none back',
      decision: 'left out',
      outcome: 'It goes, the rest of the conversation stays, and a loss tells so.',
      prove: () => {
        const contents = [
          { role: 'user', parts: [{ text: 'Draw.' }] },
          { role: 'model', parts: [{ text: 'Here:' }, { inlineData: { mimeType: 'image/png', data: PNG } }] },
          { role: 'user', parts: [{ text: 'Thanks.' }] },
        ]
        for (const to of ['openai-chat', 'openai-responses', 'anthropic-messages'] as const) {
          const { text, lost } = carry('gemini', to, { contents })
          expect(text).not.toContain(PNG)
          expect(text).toContain('Here:')
          expect(lost.some(loss => /^turns\[1\]\.parts.* dropped$/.test(loss))).toBe(true)
        }
      },
    },
    {
      id: 'E167',
      title: 'Where in the text a source is cited, which each provider counts in its own units',
      decision: 'carried',
      outcome: "Web sources become `url_citation` with a range in the text; Gemini's bytes are counted anew.",
      prove: () => {
        const { body } = carryReply('gemini', 'openai-chat', grounded('ä cited', 3, 8))
        expect(Object(body.choices)[0].message.annotations).toMatchObject([
          { url_citation: { url: 'https://a.example', title: 'A', start_index: 2, end_index: 7 } },
        ])
        const content = [{ type: 'text', text: 'cited', citations: [WEB] }]
        const reply = { id: 'm', type: 'message', role: 'assistant', model: 'm', content, stop_reason: 'end_turn' }
        const told = carryReply('anthropic-messages', 'openai-chat', reply).body
        expect(Object(told.choices)[0].message.annotations).toMatchObject([
          { url_citation: { url: 'https://a.example', start_index: 0, end_index: 5 } },
        ])
      },
    },
    {
      id: 'E168',
      title: 'Citations in a stream of the Responses API',
      decision: 'carried',
      outcome: 'Each follows the text that it is about, and they are numbered from 0.',
      prove: () => {
        const { frames } = carryStream('anthropic-messages', 'openai-responses', cited())
        const types = frames.map(({ type }) => type)
        const added = frames.filter(({ type }) => type === 'response.output_text.annotation.added')
        expect(types.indexOf('response.output_text.delta')).toBeLessThan(types.indexOf(String(added[0]?.type)))
        expect(added.map(({ annotation_index }) => annotation_index)).toEqual([0])
      },
    },
    {
      id: 'E169',
      title: "Anthropic's text, cut into blocks by its citations",
      decision: 'carried',
      outcome: 'Chat clients get one text, and ranges that count from its beginning.',
      prove: () => {
        const content = [
          { type: 'text', text: 'One ' },
          { type: 'text', text: 'cited', citations: [WEB] },
          { type: 'text', text: ' end.' },
        ]
        const reply = { id: 'm', type: 'message', role: 'assistant', model: 'm', content, stop_reason: 'end_turn' }
        const { message } = Object(carryReply('anthropic-messages', 'openai-chat', reply).body.choices)[0]
        expect(message.content).toBe('One cited end.')
        expect(message.annotations).toMatchObject([{ url_citation: { start_index: 4, end_index: 9 } }])
      },
    },
    {
      id: 'E170',
      title: 'Search results with encrypted content, which Anthropic wants back letter by letter',
      decision: 'carried',
      outcome: 'Anthropic gets them as they came; to others they do not go, and a loss tells so.',
      prove: () => {
        const results = {
          type: 'web_search_tool_result',
          tool_use_id: 'srvtoolu_1',
          content: [{ type: 'web_search_result', url: 'https://a.example', title: 'A', encrypted_content: 'EqgfCio=' }],
        }
        const use = { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'a' } }
        const said = [use, results, { type: 'text', text: 'cited', citations: [WEB] }]
        const messages = [
          { role: 'user', content: 'Search.' },
          { role: 'assistant', content: said },
          { role: 'user', content: 'More.' },
        ]
        const asked = { model: 'm', max_tokens: 100, messages }
        const back = carry('anthropic-messages', 'anthropic-messages', asked)
        expect(Object(back.body.messages)[1].content).toEqual(said)
        const chat = carry('anthropic-messages', 'openai-chat', asked)
        expect(chat.text).not.toContain('EqgfCio=')
        expect(chat.lost).toEqual(expect.arrayContaining(['turns[1].parts[1] dropped']))
      },
    },
    {
      id: 'E171',
      title: 'An answer with images',
      decision: 'refused',
      outcome: 'Asked of Anthropic or Responses it is a 400; one that Gemini gives becomes `images` or an image call.',
      prove: () => {
        const asked = {
          contents: [{ parts: [{ text: 'Hi' }] }],
          generationConfig: { responseModalities: ['TEXT', 'IMAGE'] },
        }
        for (const to of ['anthropic-messages', 'openai-responses'] as const) {
          expect(refusal(() => carry('gemini', to, asked))).toMatchObject({ status: 400, param: 'modalities' })
        }
        const reply = google.chunk([{ inlineData: { mimeType: 'image/png', data: PNG } }], { finishReason: 'STOP' })
        expect(Object(carryReply('gemini', 'openai-chat', reply).body.choices)[0].message.images).toMatchObject([
          { image_url: { url: `data:image/png;base64,${PNG}` } },
        ])
        expect(carryReply('gemini', 'openai-responses', reply).body.output).toMatchObject([
          { type: 'image_generation_call', result: PNG },
        ])
        expect(carryReply('gemini', 'anthropic-messages', reply).lost).toEqual(['parts[0] dropped'])
      },
    },
  ],
}

/** A stream of Claude's with one citation. */
function cited(): string {
  const block = claude.block(
    0,
    { type: 'text', text: '' },
    { type: 'text_delta', text: 'cited' },
    { type: 'citations_delta', citation: WEB },
  )
  return sse(claude.start(), ...block, ...claude.end('end_turn'))
}

export default section
