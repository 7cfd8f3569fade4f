/** JSON log lines → lines for people at a terminal. */

const COLORS: Readonly<Record<string, number>> = { trace: 90, debug: 90, info: 32, warn: 33, error: 31, fatal: 35 }

/** Where log lines go. */
export interface LineSink {
  write(line: string): void
}

/** `12:34:56.789 INFO  listening url="http://…"` */
export function prettyLines(destination: LineSink): LineSink {
  return { write: line => destination.write(prettyLine(line)) }
}

function prettyLine(line: string): string {
  const { time, level, message, ...fields } = JSON.parse(line) as Readonly<Record<string, unknown>>
  const word = String(level)
  const label = `\u001b[${COLORS[word] ?? 0}m${word.toUpperCase().padEnd(5)}\u001b[0m`
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`)
  return `${String(time).slice(11, 23)} ${label} ${plain(String(message))}${rest.join('')}\n`
}

/** Without control characters: a message must not paint, move the cursor or begin a line of its own. */
function plain(message: string): string {
  return message.replace(/\p{Cc}/gu, ' ')
}
