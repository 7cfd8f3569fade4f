import type { ModelCapabilities } from '../../models/capabilities.ts'
import { Refusal } from '../../refusal.ts'
import type { EncodeTarget } from '../wire-format.ts'
import type { CacheMarks } from './cache-marks.ts'
import type { LossLog } from './losses.ts'

/** What every piece of the request encoder works with. */
export interface Encoding {
  readonly target: EncodeTarget
  readonly capabilities: ModelCapabilities
  readonly marks: CacheMarks
  readonly log: LossLog
}

/** For what must not be dropped: it changes what is paid for, what is executed, or safety (conversion.md D.0). */
export function unsupported(param: string, message: string): Refusal {
  return new Refusal(400, 'unsupported_by_target', `"${param}": ${message}`, { param })
}
