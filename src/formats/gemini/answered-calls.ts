/**
 * Functions that Google runs itself (remote MCP servers among the tools). On the wire their calls look like the
 * client's own; what tells them apart is that the model's side answers them, too.
 */
import { isRecord, type Json, listOf } from './fields.ts'

/** @returns the parts of the model's turns whose call another part of the model's, further on, answers */
export function answeredCalls(parts: readonly unknown[]): ReadonlySet<unknown> {
  const open: { readonly node: unknown; readonly call: Json }[] = []
  const answered = new Set<unknown>()
  for (const node of parts) {
    if (!isRecord(node)) continue
    const call = node.functionCall ?? node.function_call
    const response = node.functionResponse ?? node.function_response
    if (isRecord(call)) open.push({ node, call })
    else if (isRecord(response)) {
      const at = open.findIndex(each => answers(response, each.call))
      for (const { node: found } of at < 0 ? [] : open.splice(at, 1)) answered.add(found)
    }
  }
  return answered
}

function answers(response: Json, call: Json): boolean {
  const id = typeof response.id === 'string' && response.id !== '' ? response.id : undefined
  return id === undefined ? response.name === call.name : response.id === call.id
}

/** All parts that the model said, over all contents. */
export function partsOfModel(contents: readonly unknown[]): readonly unknown[] {
  return contents.flatMap(content => (isRecord(content) && content.role === 'model' ? listOf(content.parts) : []))
}
