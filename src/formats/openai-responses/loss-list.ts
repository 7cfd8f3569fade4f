import { Refusal } from '../../refusal.ts'
import type { Extensions } from '../conversation.ts'
import { foreignFields } from '../foreign-fields.ts'
import type { Loss } from '../losses.ts'
import { FORMAT } from './name.ts'

/** Gathers what an encoder could not carry over. */
export class LossList {
  readonly #losses: Loss[] = []

  get all(): readonly Loss[] {
    return this.#losses
  }

  dropped(path: string, reason: string): undefined {
    this.#losses.push({ path, action: 'dropped', reason })
  }

  /** Fields that only another format knows. */
  foreign(extensions: Extensions | undefined, path: string): void {
    for (const { format, key } of foreignFields(extensions, FORMAT)) {
      this.dropped(path === '' ? key : `${path}.${key}`, `only ${format} knows this field`)
    }
  }

  approximated(path: string, reason: string): void {
    this.#losses.push({ path, action: 'approximated', reason })
  }
}

/** For what would change, if it were dropped, what is executed, what is paid for, or what is safe. @throws Refusal */
export function unsupported(path: string, reason: string): never {
  throw new Refusal(400, 'unsupported_by_target', `"${path}": ${reason}.`, { param: path })
}
