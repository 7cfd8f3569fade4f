import { isRecord, type Json, listOf } from './fields.ts'

/** Deep enough for any real call, too small to be an attack. */
const MOST_STEPS = 100
/** How far beyond its end a list may be continued. */
const WIDEST_GAP = 100

type Step = string | number
type Container = Map<string, unknown> | unknown[]

/**
 * Arguments that Vertex streams in pieces (`streamFunctionCallArguments`): each piece has a JSON path (RFC 9535) and a
 * scalar, and a string goes on where its last piece said so (reference of `PartialArg`).
 */
export class PartialArguments {
  readonly #root: Map<string, unknown> = new Map()

  /** @returns false when a piece cannot be placed */
  add(pieces: unknown): boolean {
    return listOf(pieces).every(piece => isRecord(piece) && this.#place(piece))
  }

  /** JSON text of what has come so far. */
  text(): string {
    return JSON.stringify(plain(this.#root))
  }

  #place(piece: Json): boolean {
    const steps = typeof piece.jsonPath === 'string' ? parsePath(piece.jsonPath) : undefined
    const last = steps?.at(-1)
    if (!steps || last === undefined) return false
    let container: Container = this.#root
    for (let at = 0; at < steps.length - 1; at++) {
      const inner: Container | undefined = child(container, steps[at], steps[at + 1])
      if (!inner) return false
      container = inner
    }
    return setValue(container, last, scalarOf(piece))
  }
}

function scalarOf(piece: Json): unknown {
  if (typeof piece.stringValue === 'string') return piece.stringValue
  if (typeof piece.numberValue === 'number') return piece.numberValue
  return typeof piece.boolValue === 'boolean' ? piece.boolValue : null
}

/** The container at this step, made if it is not there, of the kind that the next step needs. */
function child(container: Container, step: Step | undefined, next: Step | undefined): Container | undefined {
  const known = getValue(container, step)
  if (known instanceof Map || Array.isArray(known)) return known
  if (known !== undefined || step === undefined) return undefined
  const made: Container = typeof next === 'number' ? [] : new Map()
  return setValue(container, step, made) ? made : undefined
}

function getValue(container: Container, step: Step | undefined): unknown {
  if (container instanceof Map) return typeof step === 'string' ? container.get(step) : undefined
  return typeof step === 'number' ? container[step] : undefined
}

function setValue(container: Container, step: Step, value: unknown): boolean {
  const before = getValue(container, step)
  const whole = typeof before === 'string' && typeof value === 'string' ? before + value : value
  if (container instanceof Map && typeof step === 'string') {
    container.set(step, whole)
    return true
  }
  if (container instanceof Map || typeof step !== 'number' || step > container.length + WIDEST_GAP) return false
  // No holes: JSON has none.
  while (container.length < step) container.push(null)
  container[step] = whole
  return true
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  return value instanceof Map ? Object.fromEntries([...value].map(([name, member]) => [name, plain(member)])) : value
}

const STEP = /\.([^.[\]'"]+)|\[(\d{1,9})\]|\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\]/y

/** `$.orders[0]['a.b']` → its steps. `undefined` for anything else. */
function parsePath(path: string): readonly Step[] | undefined {
  if (!path.startsWith('$')) return undefined
  const steps: Step[] = []
  STEP.lastIndex = 1
  while (STEP.lastIndex < path.length) {
    const match = STEP.exec(path)
    if (!match || steps.length === MOST_STEPS) return undefined
    const [, name, index, single, double] = match
    steps.push(index === undefined ? (name ?? unescaped(single ?? double ?? '')) : Number(index))
  }
  return steps
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, '$1')
}
