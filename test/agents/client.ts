/** What `run.ts` needs to know of a client. */

export interface Client {
  readonly name: string
  /** What is installed from npm. */
  readonly packages: readonly string[]
  /** What is worth running apart: models that change what the client sends; whole and streamed; APIs of one SDK. */
  readonly variants: readonly string[]
  command(run: Run): Command
}

export interface Run {
  /** The gateway's address with the prefix of one pipeline: `http://127.0.0.1:PORT/openai-chat`. */
  readonly base: string
  /** Where the packages are installed. */
  readonly folder: string
  /** An empty home of this run's own. */
  readonly home: string
  /** The folder in which the client works; the note lies there. */
  readonly work: string
  readonly note: string
  readonly variant: string
  readonly prompt: string
}

export interface Command {
  readonly argv: readonly [program: string, ...rest: readonly string[]]
  readonly env: Readonly<Record<string, string>>
  /** Files to write before: path → text. */
  readonly files?: Readonly<Record<string, string>>
}

export const FAKE_KEY = 'sk-not-a-real-key'
