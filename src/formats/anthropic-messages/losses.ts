import type { Extensions } from '../conversation.ts'
import { foreignFields } from '../foreign-fields.ts'
import type { Loss } from '../losses.ts'
import { FORMAT } from './name.ts'

/** Where an encoder notes what it could not say. The same loss again (each delta of a stream) is one loss. */
export class LossLog {
  readonly #losses: Loss[] = []
  readonly #seen = new Set<string>()

  get losses(): readonly Loss[] {
    return this.#losses
  }
  dropped(path: string, reason: string): void {
    this.#note({ path, action: 'dropped', reason })
  }
  approximated(path: string, reason: string): void {
    this.#note({ path, action: 'approximated', reason })
  }
  /** Fields that only another format knows. */
  foreign(extensions: Extensions | undefined, path: string): void {
    for (const { format, key } of foreignFields(extensions, FORMAT)) {
      this.dropped(path === '' ? key : `${path}.${key}`, `only ${format} knows this field`)
    }
  }

  #note(loss: Loss): void {
    const key = `${loss.path}\n${loss.reason}`
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    this.#losses.push(loss)
  }
}
