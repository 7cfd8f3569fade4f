/**
 * JSON Schemas of request bodies: the types that decoding relies on. Everything else passes, since new fields must not
 * need a new release. Names may be spelled either way, a list of one may be the one, and `null` means "not set".
 */
type Schema = Readonly<Record<string, unknown>>

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}

function message(properties: Readonly<Record<string, Schema>>): Schema {
  const both = Object.entries(properties).flatMap(([name, schema]) => [
    [name, schema],
    [snakeCase(name), schema],
  ])
  return { type: ['object', 'null'], properties: Object.fromEntries(both) }
}

/** A list, or its one member: the rules for members hold for both. */
function repeated(item: Schema): Schema {
  return { ...item, type: ['array', 'object', 'null'], items: item }
}

const STRING = { type: ['string', 'null'] }
const BOOLEAN = { type: ['boolean', 'null'] }
const NUMBER = { type: ['number', 'string', 'null'] }
const STRINGS = { type: ['array', 'string', 'null'], items: { type: 'string' } }
const OBJECT = { type: ['object', 'null'] }

const PART = message({
  text: STRING,
  thought: BOOLEAN,
  thoughtSignature: STRING,
  inlineData: message({ data: STRING, mimeType: STRING }),
  fileData: message({ fileUri: STRING, mimeType: STRING }),
  functionCall: message({ id: STRING, name: STRING, args: OBJECT }),
  functionResponse: message({ id: STRING, name: STRING, response: OBJECT }),
})
const CONTENT = message({ role: STRING, parts: repeated(PART) })

const GENERATION_CONFIG = message({
  temperature: NUMBER,
  topP: NUMBER,
  topK: NUMBER,
  candidateCount: NUMBER,
  maxOutputTokens: NUMBER,
  stopSequences: STRINGS,
  presencePenalty: NUMBER,
  frequencyPenalty: NUMBER,
  seed: NUMBER,
  thinkingConfig: OBJECT,
})

const FIELDS = {
  contents: repeated(CONTENT),
  systemInstruction: CONTENT,
  tools: repeated(message({ functionDeclarations: repeated(message({ name: STRING, description: STRING })) })),
  toolConfig: message({ functionCallingConfig: OBJECT }),
  generationConfig: GENERATION_CONFIG,
  cachedContent: STRING,
}

export const schemas = {
  generate: { ...message(FIELDS), type: 'object', required: ['contents'] },
  'count-tokens': { ...message({ ...FIELDS, generateContentRequest: message(FIELDS) }), type: 'object' },
  embed: {
    ...message({ content: CONTENT, requests: repeated(message({ content: CONTENT })), outputDimensionality: NUMBER }),
    type: 'object',
  },
} satisfies Readonly<Record<string, Schema>>
