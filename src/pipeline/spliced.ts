import type { CallChanges } from '../contract.ts'
import type { MemberChange } from '../formats/wire-format.ts'
import type { Body } from './body.ts'
import type { EngineCall } from './call.ts'
import { formatOf } from './exchange.ts'

/** The body of a call with another model or another cap on output tokens: a few bytes change, all others stay. */
export function spliced(
  body: Body,
  { model, maxOutputTokens }: Pick<CallChanges, 'model' | 'maxOutputTokens'>,
  call: EngineCall,
): Body {
  const cap = formatOf(call.exchange.surroundings, call.format).maxOutputTokens
  const named = model === undefined || model === call.model ? undefined : modelMember(body, model, call)
  const edited = named ? body.with(named.key, named.json) : body
  if (maxOutputTokens === undefined || !cap) return edited
  const { key, json } = cap.write(edited.value, maxOutputTokens)
  return edited.with(key, json)
}

/** Where the model stands in the body; `undefined` where it stands in the path alone. */
function modelMember(body: Body, model: string, { exchange, format, operation }: EngineCall): MemberChange | undefined {
  const { modelIn, repeatModel } = formatOf(exchange.surroundings, format)
  if (modelIn === 'body') return { key: 'model', json: JSON.stringify(model) }
  return operation === 'generate' ? undefined : repeatModel?.(body.parsed(), model)
}
