/** Sampling, canonical → wire. What a model refuses is left out, so that the call as a whole is not refused. */
import type { Conversation, Sampling } from '../conversation.ts'
import type { Encoding } from './encoding.ts'
import type { WritableObject } from './leftovers.ts'

/** @param thinks whether the model thinks in this call, with which its sampling is fixed */
export function encodeSampling(sampling: Sampling, thinks: boolean, encoding: Encoding): WritableObject {
  noteUnknown(sampling, encoding)
  const { log, capabilities } = encoding
  const { sampling: allowed } = capabilities
  if (allowed === 'never' || (thinks && allowed === 'without_reasoning'))
    return fixedSampling(sampling, thinks, encoding)
  const { temperature, topP, topK } = sampling
  if (temperature !== undefined && temperature > 1)
    log.approximated('sampling.temperature', 'Anthropic takes at most 1')
  const both = !capabilities.temperature_with_top_p && temperature !== undefined && topP !== undefined
  if (both) log.dropped('sampling.topP', 'this model takes temperature or top_p, not both')
  return {
    ...(temperature === undefined ? {} : { temperature: Math.min(1, temperature) }),
    ...(topP === undefined || both ? {} : { top_p: topP }),
    ...(topK === undefined ? {} : { top_k: topK }),
  }
}

function fixedSampling({ temperature, topP, topK }: Sampling, thinks: boolean, { log }: Encoding): WritableObject {
  const reason = thinks ? 'cannot be set while the model thinks' : 'this model takes no sampling parameters'
  if (temperature !== undefined && temperature !== 1) log.dropped('sampling.temperature', reason)
  if (topP !== undefined && topP < 0.99) log.dropped('sampling.topP', reason)
  if (topK !== undefined) log.dropped('sampling.topK', reason)
  return {}
}

function noteUnknown(sampling: Sampling, { log }: Encoding): void {
  for (const key of ['frequencyPenalty', 'presencePenalty', 'seed', 'logitBias'] as const) {
    if (sampling[key] !== undefined) log.dropped(`sampling.${key}`, 'Anthropic has no such parameter')
  }
}

/** Stop sequences; blank ones are refused by the API. */
export function encodeStop(stop: Conversation['stop'], { log }: Encoding): WritableObject {
  if (stop === undefined) return {}
  for (const [index, word] of stop.entries()) {
    if (word !== '' && word.trim() === '') log.dropped(`stop[${index}]`, 'Anthropic takes no blank stop sequences')
  }
  const words = stop.filter(word => word.trim() !== '')
  return words.length === 0 ? {} : { stop_sequences: words }
}
