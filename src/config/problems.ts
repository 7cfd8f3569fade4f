/** One thing that is wrong with the configuration, in words for the person who wrote it. Never holds a secret. */
export interface Problem {
  /** The file it stands in, or the environment variable that holds the value. */
  readonly file: string
  /** From 1; absent where no line of the file is at fault. */
  readonly line?: number
  /** From 1, in UTF-16 code units. */
  readonly column?: number
  /** The TOML path, for example `pipelines.main.processors[2].tokens`; `''` when it is about the file as a whole. */
  readonly key: string
  readonly message: string
}

/** Every problem of a configuration at once, sorted by position; the message has one a line. */
export class ConfigProblems extends Error {
  override readonly name = 'ConfigProblems'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    const sorted = sortProblems(problems)
    super(sorted.map(problemText).join('\n'))
    this.problems = sorted
  }
}

/** `config.toml:12:3: pipelines.main.processors[0].keyz: unknown key; did you mean "keys"?` */
export function problemText(problem: Problem): string {
  const position = problem.line === undefined ? '' : `:${problem.line}:${problem.column ?? 1}`
  const key = problem.key === '' ? '' : `${problem.key}: `
  return `${problem.file}${position}: ${key}${problem.message}`
}

/** In the order of the file, what has no line at its end, and each only once. */
function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  const distinct = [...new Map(problems.map(problem => [problemText(problem), problem])).values()]
  return distinct.sort((a, b) => lineOf(a) - lineOf(b) || (a.column ?? 0) - (b.column ?? 0))
}

function lineOf(problem: Problem): number {
  return problem.line ?? Number.MAX_SAFE_INTEGER
}
