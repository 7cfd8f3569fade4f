/**
 * Whatever was thrown, in words for the person who can mend it. Never throws itself: the value may be anything, with
 * accessors that throw again.
 */
export function thrownText(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return thrown.message === '' ? thrown.name : firstLine(`${thrown.message}`)
    if (typeof thrown === 'string') return firstLine(thrown)
    return `${thrown === null ? 'null' : typeof thrown} was thrown instead of an Error`
  } catch {
    return 'something was thrown that cannot be shown'
  }
}

function firstLine(text: string): string {
  return (text.split('\n').find(line => line.trim() !== '') ?? '').trim().slice(0, 300)
}
