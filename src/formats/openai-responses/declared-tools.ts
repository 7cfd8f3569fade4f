/**
 * What a client of this format declared, for calls that come back from a provider which knows neither namespaces nor
 * custom tools: there a namespaced tool is called `<namespace>__<name>`, and a custom one is a function with one text
 * argument, `input` (conversion.md E49 to E51), as is a search that the client runs. Only the declarations of this very
 * request decide.
 */
import type { ToolCallPart } from '../conversation.ts'
import { isClientRun, SEARCH } from './client-search.ts'
import { bagOf, type Fields, isFields, listOf, stringOf } from './fields.ts'

/** Items with tools that are there from then on. */
const BRINGS_TOOLS: ReadonlySet<unknown> = new Set(['additional_tools', 'tool_search_output'])

interface Declared {
  readonly kind: ToolCallPart['kind']
  readonly name: string
  readonly namespace?: string
}

export class DeclaredTools {
  readonly #byFlatName = new Map<string, Declared>()
  #searches = false

  /** @param body the client's request */
  constructor(body: unknown) {
    if (!isFields(body)) return
    this.#declare(listOf(body.tools))
    for (const item of listOf(body.input)) {
      if (isFields(item) && BRINGS_TOOLS.has(item.type)) this.#declare(listOf(item.tools))
    }
  }

  /** Whether a call is of the function that stands for a search by the client. */
  isSearch(call: ToolCallPart): boolean {
    const isOwn = bagOf(call) !== undefined || call.namespace !== undefined
    return this.#searches && call.name === SEARCH && !isOwn && !this.#byFlatName.has(SEARCH)
  }

  /** The call as its client knows it. A provider of this format knows it as well as the client does. */
  resolve(call: ToolCallPart): { readonly call: ToolCallPart; readonly unwrap: boolean } {
    const declared = bagOf(call) === undefined ? this.#byFlatName.get(call.name) : undefined
    if (declared === undefined || call.namespace !== undefined) return { call, unwrap: false }
    const { kind, name, namespace } = declared
    const named = { ...call, name, ...(namespace === undefined ? {} : { namespace }) }
    return kind === 'custom' && call.kind === 'function'
      ? { call: { ...named, kind }, unwrap: true }
      : { call: named, unwrap: false }
  }

  #declare(tools: readonly unknown[], namespace?: string): void {
    for (const tool of tools) {
      if (isFields(tool)) this.#declareOne(tool, namespace)
    }
  }

  #declareOne(tool: Fields, namespace: string | undefined): void {
    if (tool.type === SEARCH && isClientRun(tool)) this.#searches = true
    const name = stringOf(tool.name)
    if (name === undefined) return
    if (tool.type === 'namespace') {
      this.#declare(listOf(tool.tools), name)
      return
    }
    const kind = tool.type === 'custom' ? 'custom' : 'function'
    if (namespace === undefined) this.#byFlatName.set(name, { kind, name })
    else if (!this.#byFlatName.has(`${namespace}__${name}`))
      this.#byFlatName.set(`${namespace}__${name}`, { kind, name, namespace })
  }
}
