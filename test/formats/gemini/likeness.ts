/** When two Gemini messages mean the same: the differences that a way through the canonical view may make. */

type Json = Record<string, unknown>

/** Fields whose members are somebody else's names, so that their spelling stays. */
const FREE = new Set(['args', 'response', 'properties', '$defs', 'parametersJsonSchema', 'responseJsonSchema'])

/** ProtoJSON: either spelling of a name, `null` for what is not set. */
export function spelled(value: unknown, free = false): unknown {
  if (Array.isArray(value)) return value.map(item => spelled(item, free))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([, member]) => free || member !== null)
  return Object.fromEntries(
    members.map(([name, member]) => {
      const key = free ? name : name.replace(/(?<=.)_([a-z])/g, (_, letter: string) => letter.toUpperCase())
      return [key, spelled(member, free || FREE.has(key))]
    }),
  )
}

export function likeRequest(body: unknown): unknown {
  const request = spelled(body) as Json
  // The path names the model.
  delete request.model
  const calling = (request.toolConfig as { functionCallingConfig?: { mode?: string } } | undefined)
    ?.functionCallingConfig
  if (calling?.mode) calling.mode = calling.mode.toUpperCase()
  if (isEmpty(request.generationConfig)) delete request.generationConfig
  if (isEmpty(request.toolConfig)) delete request.toolConfig
  request.contents = likeContents(listOf(request.contents))
  const system = request.systemInstruction as Json | undefined
  if (system) {
    // Instructions have no speaker.
    delete system.role
    system.parts = listOf(system.parts).map(likePart).filter(hasContent)
    // An instruction of empty texts instructs nothing.
    if (listOf(system.parts).length === 0) delete request.systemInstruction
  }
  if (request.tools) request.tools = likeTools(listOf(request.tools))
  return request
}

/** Neighbouring contents of the model are one, and so are those that hold nothing but results of functions. */
function likeContents(contents: readonly unknown[]): unknown[] {
  const merged: { role: string; parts: Json[] }[] = []
  for (const content of contents as Json[]) {
    const parts = listOf(content.parts).map(likePart).filter(hasContent) as Json[]
    const role = content.role === 'model' ? 'model' : 'user'
    const last = merged.at(-1)
    const joins =
      role === 'model' ? last?.role === 'model' : isResults(parts) && last?.role === 'user' && isResults(last.parts)
    if (last && joins) last.parts.push(...parts)
    else merged.push({ role, parts })
  }
  return merged
}

function isResults(parts: readonly Json[]): boolean {
  return parts.length > 0 && parts.every(part => part.functionResponse !== undefined)
}

function likePart(node: unknown): unknown {
  const part = { ...(node as Json) }
  if (part.thought === false) delete part.thought
  const inline = part.inlineData as { data: string } | undefined
  // Either alphabet of base64.
  if (inline) part.inlineData = { ...inline, data: inline.data.replaceAll('-', '+').replaceAll('_', '/') }
  return part
}

function hasContent(part: unknown): boolean {
  const { text, thoughtSignature } = part as Json
  return text !== '' || thoughtSignature !== undefined
}

/** Functions may stand in one entry or in several, in the same order. */
function likeTools(entries: readonly unknown[]): unknown[] {
  return (entries as Json[]).flatMap(entry => {
    const { functionDeclarations, ...others } = entry
    return [...listOf(functionDeclarations), ...Object.entries(others).map(([name, tool]) => ({ [name]: tool }))]
  })
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value]
}
