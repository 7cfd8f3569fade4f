import { parseArgs } from 'node:util'

export interface Arguments {
  readonly command: 'run' | 'check' | 'list' | 'hash-key' | 'help' | 'version'
  /** Path of the configuration file. */
  readonly config: string
  readonly port?: number
  readonly host?: string
  /** What `list` is to show in full; whose key `hash-key` is given. */
  readonly name?: string
}

export const HELP = `Usage: sluice [command] [options]

  run              run the gateway (the default)
  check [file]     load the configuration, set everything up, say what is wrong with it, and stop
  list [name]      show parsers, processors and provider clients, or one of them in full
  hash-key         read a key from the standard input and print what the configuration holds instead of it

  --config FILE    the configuration, ./config.toml unless told otherwise
  --port N         port to listen on; 0 takes a free one
  --host ADDRESS   address to listen on
  --name NAME      whose key it is, for hash-key
  --help, --version
`

/** The command line was not understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** @throws UsageError */
export function readArguments(argv: readonly string[]): Arguments {
  const { values, positionals } = parse(argv)
  const [command = 'run', ...rest] = positionals
  if (values.help === true) return { command: 'help', config: '' }
  if (values.version === true) return { command: 'version', config: '' }
  if (command === 'hash-key') return { command, config: '', name: readName(values.name, rest) }
  if (command !== 'run' && command !== 'check' && command !== 'list') {
    throw new UsageError(`there is no command "${command}"`)
  }
  if (values.name !== undefined) throw new UsageError('--name belongs to hash-key')
  if (rest.length > (command === 'run' ? 0 : 1)) throw new UsageError(`"${rest.at(-1)}" is one argument too many`)
  const [argument] = rest
  const config = (command === 'check' ? argument : undefined) ?? values.config ?? 'config.toml'
  return {
    command,
    config,
    ...(values.port === undefined ? {} : { port: readPort(values.port) }),
    ...(values.host === undefined ? {} : { host: values.host }),
    ...(command === 'list' && argument !== undefined ? { name: argument } : {}),
  }
}

function parse(argv: readonly string[]): {
  values: { config?: string; port?: string; host?: string; name?: string; help?: boolean; version?: boolean }
  positionals: string[]
} {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        config: { type: 'string', short: 'c' },
        port: { type: 'string', short: 'p' },
        host: { type: 'string' },
        name: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'the arguments cannot be read')
  }
}

/** @param rest what else stands on the command line: never shown, for it may be the key itself */
function readName(name = 'change-me', rest: readonly string[]): string {
  if (rest.length > 0) {
    throw new UsageError('hash-key reads the key from the standard input: on a command line, others can see it')
  }
  if (!/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/.test(name)) {
    throw new UsageError('--name takes up to 64 letters, digits and ". _ @ -", and begins with a letter or digit')
  }
  return name
}

function readPort(text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new UsageError(`--port takes a number from 0 to 65535, not "${text}"`)
  return port
}
