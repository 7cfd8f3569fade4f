/** Gemini generateContent, as the stand-in speaks it. */
import {
  type Answer,
  type Asked,
  type Fields,
  fieldsOf,
  halves,
  isFields,
  listOf,
  nameFaults,
  PREFACE,
  parameterNames,
  type Speaker,
  STATE,
  THOUGHT,
  textOf,
  unknownFields,
} from './speaker.ts'

const KNOWN =
  'contents systemInstruction tools toolConfig safetySettings generationConfig cachedContent store serviceTier labels'
/** The API's `Schema`; anything else in it is answered 400 "Unknown name". */
const SCHEMA_KEYS =
  'type format title description nullable enum maxItems minItems properties required minProperties maxProperties ' +
  'minLength maxLength pattern example anyOf propertyOrdering default items minimum maximum'

export const gemini: Speaker = {
  path: /:(streamGenerateContent|generateContent)(\?|$)/,
  read,
  whole: answer => chunk(answer, parts(answer), true),
  stream: answer => {
    const all = streamParts(answer)
    return all.map((part, index) => frame(chunk(answer, [part], index === all.length - 1))).join('')
  },
  error: message => ({ error: { code: 400, message, status: 'INVALID_ARGUMENT' } }),
  aside(method, path) {
    if (path.includes(':countTokens')) return { totalTokens: 42 }
    if (method !== 'GET' || !path.includes('/models')) return undefined
    const model = { name: 'models/stand-in', displayName: 'Stand-in', supportedGenerationMethods: ['generateContent'] }
    return path.endsWith('/models') ? { models: [model] } : model
  },
}

function read(body: Fields, url: string): Asked {
  const contents = listOf(body.contents)
  const declared = listOf(body.tools).flatMap(tool => listOf(tool.functionDeclarations))
  const last = contents.findLastIndex(({ role }) => role === 'model')
  const results = contents
    .slice(last + 1)
    .flatMap(partsOf)
    .filter(part => part.functionResponse !== undefined)
  return {
    stream: url.includes(':streamGenerateContent'),
    tools: declared.map(tool => ({
      name: textOf(tool.name),
      description: textOf(tool.description),
      parameters: parameterNames(tool.parameters ?? tool.parametersJsonSchema),
    })),
    result: results.length === 0 ? undefined : JSON.stringify(results),
    reasoning: fieldsOf(fieldsOf(body.generationConfig).thinkingConfig).includeThoughts === true,
    faults: [
      ...unknownFields(body, KNOWN),
      ...nameFaults(
        declared.map(({ name }) => textOf(name)),
        /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/,
      ),
      ...declared.flatMap(({ name, parameters }) => schemaFaults(parameters, textOf(name))),
      ...contents.flatMap((_, index) => turnFaults(contents, index)),
    ],
  }
}

function partsOf({ parts: list }: Fields): readonly Fields[] {
  return listOf(list)
}

/** As many results as calls, by name; the first call of a turn is signed. */
function turnFaults(contents: readonly Fields[], index: number): readonly string[] {
  const content = fieldsOf(contents[index])
  if (content.role !== 'user' && content.role !== 'model') return [`role ${content.role} is not known`]
  const calls = partsOf(content).filter(part => part.functionCall !== undefined)
  const [first] = calls
  if (first === undefined || content.role === 'user') return []
  const results = partsOf(fieldsOf(contents[index + 1])).filter(part => part.functionResponse !== undefined)
  const names = (list: readonly Fields[], key: string): string =>
    list
      .map(part => textOf(fieldsOf(part[key]).name))
      .sort()
      .join()
  const signed = [STATE, 'skip_thought_signature_validator', 'context_engineering_is_the_way_to_go']
  return [
    ...(names(calls, 'functionCall') === names(results, 'functionResponse') ? [] : ['calls and results do not match']),
    ...(signed.includes(textOf(first.thoughtSignature)) ? [] : ['Function call is missing a thought_signature']),
  ]
}

function schemaFaults(schema: unknown, at: string): readonly string[] {
  if (Array.isArray(schema)) return schema.flatMap(member => schemaFaults(member, at))
  if (!isFields(schema)) return []
  const { properties, items, anyOf, ...rest } = schema
  return [
    ...unknownFields(rest, SCHEMA_KEYS).map(fault => `${at}: ${fault}`),
    ...Object.values(fieldsOf(properties)).flatMap(inner => schemaFaults(inner, at)),
    ...schemaFaults(items, at),
    ...schemaFaults(anyOf, at),
  ]
}

function parts({ says, reasoning, number }: Answer): readonly Fields[] {
  if (says.type === 'text') return [{ text: says.text }]
  const thought = reasoning ? [{ text: THOUGHT, thought: true }] : []
  const functionCall = { id: `standin${number}`, name: says.tool.name, args: says.input }
  return [...thought, { text: PREFACE }, { functionCall, thoughtSignature: STATE }]
}

function streamParts(answer: Answer): readonly Fields[] {
  return parts(answer).flatMap(part =>
    'text' in part && part.thought === undefined ? halves(textOf(part.text)).map(text => ({ text })) : [part],
  )
}

function chunk({ model, number }: Answer, list: readonly Fields[], last: boolean): Fields {
  return {
    candidates: [{ content: { role: 'model', parts: list }, index: 0, ...(last ? { finishReason: 'STOP' } : {}) }],
    usageMetadata: { promptTokenCount: 120, candidatesTokenCount: 20, thoughtsTokenCount: 10, totalTokenCount: 150 },
    modelVersion: model,
    responseId: `standin${number}`,
  }
}

function frame(data: Fields): string {
  return `data: ${JSON.stringify(data)}\n\n`
}
