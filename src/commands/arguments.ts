import { parseArgs } from 'node:util'

export interface Arguments {
  readonly command: 'run' | 'check' | 'list' | 'help' | 'version'
  /** Path of the configuration file. */
  readonly config: string
  readonly port?: number
  readonly host?: string
  /** What `list` is to show in full. */
  readonly name?: string
}

export const HELP = `Usage: sluice [command] [options]

  run              run the gateway (the default)
  check [file]     load the configuration, set everything up, say what is wrong with it, and stop
  list [name]      show parsers, processors and provider clients, or one of them in full

  --config FILE    the configuration, ./config.toml unless told otherwise
  --port N         port to listen on; 0 takes a free one
  --host ADDRESS   address to listen on
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
  if (command !== 'run' && command !== 'check' && command !== 'list') {
    throw new UsageError(`there is no command "${command}"`)
  }
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
  values: { config?: string; port?: string; host?: string; help?: boolean; version?: boolean }
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
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'the arguments cannot be read')
  }
}

function readPort(text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new UsageError(`--port takes a number from 0 to 65535, not "${text}"`)
  return port
}
