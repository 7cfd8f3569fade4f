import { RawJson } from '../../json/raw.ts'
import type { Extensions } from '../conversation.ts'
import { foreignFields } from '../foreign-fields.ts'
import type { Loss } from '../losses.ts'
import { FORMAT } from './name.ts'

/** Collects what one encoding could not carry over, each thing once. */
export class Ledger {
  readonly #losses = new Map<string, Loss>()

  get losses(): readonly Loss[] {
    return [...this.#losses.values()]
  }

  dropped(path: string, reason: string): void {
    this.#note({ path, action: 'dropped', reason })
  }

  approximated(path: string, reason: string): void {
    this.#note({ path, action: 'approximated', reason })
  }

  /** Fields that only another format understands do not go out. */
  foreign(extensions: Extensions | undefined, path: string): void {
    for (const { format, key } of foreignFields(extensions, FORMAT)) {
      this.dropped(path === '' ? key : `${path}.${key}`, `Chat Completions does not know this field of ${format}`)
    }
  }

  #note(loss: Loss): void {
    const key = `${loss.action} ${loss.path}`
    if (!this.#losses.has(key)) this.#losses.set(key, loss)
  }
}

/** The fields that this format's decoder had put aside, to be written as they came. */
export function ownFields(extensions: Extensions | undefined): Readonly<Record<string, RawJson>> {
  const fields = extensions?.[FORMAT]
  return fields === undefined
    ? {}
    : Object.fromEntries(Object.entries(fields).map(([key, text]) => [key, new RawJson(text)]))
}
