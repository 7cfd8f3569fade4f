import { Refusal } from '../../refusal.ts'

/**
 * Told of a field that is not as it must be. That of a request throws; that of a reply returns, since an upstream's
 * slip must not cost the client its answer.
 */
export type Fault = (path: string, reason: string) => void

export const refuse: Fault = (path, reason) => {
  throw new Refusal(400, 'invalid_request', `"${path}" ${reason}.`, { param: path })
}

export const tolerate: Fault = () => {}
