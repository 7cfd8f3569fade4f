import type { ClientFormat } from '../prompts.ts'

/** How a client of some format calls a gateway. */
export interface Address {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** What the gateway wants in the body; where it differs from the client's format, nothing is converted. */
  readonly format: ClientFormat
  readonly model: string
}

/** What stands between the load client and the provider. */
export interface Target extends AsyncDisposable {
  readonly name: string
  readonly port: number
  /** The root of its processes; absent where nobody stands between. */
  readonly pid: number | undefined
  /** @returns undefined where it cannot be called so */
  address(format: ClientFormat): Address | undefined
}

/** Where all targets find the provider, and where they may write. */
export interface Surroundings {
  readonly upstreamPort: number
  readonly folder: string
}

export const PATHS: Readonly<Record<ClientFormat, string>> = {
  'openai-chat': '/v1/chat/completions',
  'anthropic-messages': '/v1/messages',
}

export const MODEL = 'bench-model'

/** @throws Error where the target does not speak the format */
export function addressOf(target: Target, format: ClientFormat): Address {
  const address = target.address(format)
  if (address === undefined) throw new Error(`${target.name} does not speak ${format}`)
  return address
}

/** A target that passes everything on as it is. */
export function passing(format: ClientFormat): Address {
  const headers = format === 'anthropic-messages' ? { 'anthropic-version': '2023-06-01' } : {}
  return { path: PATHS[format], headers, format, model: MODEL }
}
