import type { Extensions } from '../conversation.ts'
import { foreignFields } from '../foreign-fields.ts'
import type { Loss } from '../losses.ts'
import { FORMAT } from './fields.ts'

/** What one encoding could not carry over, each thing once. */
export class Losses {
  readonly #byPlace = new Map<string, Loss>()

  get all(): readonly Loss[] {
    return [...this.#byPlace.values()]
  }

  dropped(path: string, reason: string): void {
    this.add({ path, action: 'dropped', reason })
  }

  approximated(path: string, reason: string): void {
    this.add({ path, action: 'approximated', reason })
  }

  /** Fields that only another format knows. */
  foreign(extensions: Extensions | undefined, path: string): void {
    for (const { format, key } of foreignFields(extensions, FORMAT)) {
      this.dropped(path === '' ? key : `${path}.${key}`, `only ${format} knows this field`)
    }
  }

  add(loss: Loss): void {
    const place = `${loss.action} ${loss.path}`
    if (!this.#byPlace.has(place)) this.#byPlace.set(place, loss)
  }
}
