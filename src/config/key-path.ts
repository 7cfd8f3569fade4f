/** The way to a value through tables and arrays: `['pipelines', 'main', 'processors', 2, 'tokens']`. */
export type KeyPath = readonly (string | number)[]

/** A path as a key of a `Map`. */
export function pathId(path: KeyPath): string {
  return JSON.stringify(path)
}

/** A path as TOML writes it: `pipelines.main.processors[2].tokens`. Odd keys stand in quotes, long ones are cut. */
export function pathText(path: KeyPath): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    return text === '' ? keyText(key) : `${text}.${keyText(key)}`
  }, '')
}

const MAX_KEY = 60

function keyText(key: string): string {
  const short = key.length > MAX_KEY ? `${key.slice(0, MAX_KEY)}…` : key
  return /^[A-Za-z0-9_-]+$/.test(short) ? short : JSON.stringify(short)
}
