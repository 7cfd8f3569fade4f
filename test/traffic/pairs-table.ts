/** What came of each feature on its way from one format into another: counted, and written as a table. */
import type { Loss } from '../../src/formats/losses.ts'
import type { Refusal } from '../../src/refusal.ts'

export type Outcome = 'carried' | 'approximated' | 'lost' | 'refused'
export type Direction = 'call' | 'reply'

/** Which canonical paths a feature of a recorded case is about. Features that no path tells of are left out. */
const FEATURES: Readonly<Record<Direction, Readonly<Record<string, RegExp>>>> = {
  call: {
    text: /^turns\[\d+\]\.parts\[\d+\]$|^turns\[\d+\]\.role$/,
    system: /^turns\[\d+\](?:\.role)?$|^instructions/,
    'multi-turn': /^turns(?:\[\d+\])?$/,
    tools: /^tools(?!\[\d+\]\.cache)/,
    'tool-choice': /^(?:toolChoice|parallelToolCalls)/,
    'tool-result': /\.isError$|\.content\[/,
    'parallel-tools': /^parallelToolCalls/,
    'image-base64': /\.(?:detail|source)/,
    'image-url': /\.(?:detail|source)/,
    document: /\.(?:title|filename|context|citationsEnabled|source)/,
    audio: /^modalities/,
    thinking: /\.state$|^reasoning(?!\.effort)/,
    'reasoning-effort': /^reasoning/,
    'structured-output': /^outputFormat/,
    'json-mode': /^outputFormat/,
    'cache-control': /\.cache|prompt_cache|cacheKey/,
    'max-tokens': /^maxOutputTokens/,
    'stop-sequence': /^stop/,
    logprobs: /^logprobs/,
    n: /^candidates/,
    'server-tools': /^tools/,
    citations: /citations/,
  },
  reply: {
    text: /^candidates\[\d+\]$/,
    tools: /\.caller$|\.arguments$|\.kind$/,
    'parallel-tools': /\.arguments$/,
    thinking: /\.state$/,
    'redacted-thinking': /\.state$/,
    citations: /citations/,
    logprobs: /logprobs/,
    n: /^candidates\[[1-9]/,
    refusal: /finish/,
    'usage-stream': /^usage/,
    'stop-sequence': /finish\.stopSequence/,
    'server-tools': /^parts\[\d+\]$/,
    'web-search': /^parts\[\d+\]$/,
    'code-execution': /^parts\[\d+\]$/,
  },
}

const RANK: readonly Outcome[] = ['carried', 'approximated', 'lost', 'refused']

/** Rows by direction and feature, columns by target: how often each outcome was. */
export class PairTable {
  readonly #counts = new Map<string, Record<Outcome, number>>()

  /** @param outcome what the encoder said of it: its losses, or the refusal in their place */
  count(
    from: string,
    to: string,
    direction: Direction,
    features: readonly string[],
    outcome: readonly Loss[] | Refusal,
  ) {
    const paths = FEATURES[direction]
    const known = features.filter(feature => Object.hasOwn(paths, feature))
    if (!Array.isArray(outcome)) {
      const { param = '' } = outcome as Refusal
      const guilty = known.filter(feature => paths[feature]?.test(param))
      this.#add(from, to, direction, guilty.length === 0 ? 'anything else' : (guilty[0] ?? ''), 'refused')
      return
    }
    for (const feature of known) this.#add(from, to, direction, feature, worst(outcome, paths[feature]))
  }

  #add(from: string, to: string, direction: Direction, feature: string, outcome: Outcome): void {
    const key = [from, direction, feature, to].join('|')
    const counts = this.#counts.get(key) ?? { carried: 0, approximated: 0, lost: 0, refused: 0 }
    counts[outcome]++
    this.#counts.set(key, counts)
  }

  /** Markdown: one table a source format. */
  markdown(formats: readonly string[]): string {
    return formats
      .map(from =>
        this.#tableOf(
          from,
          formats.filter(to => to !== from),
        ),
      )
      .join('\n\n')
  }

  #tableOf(from: string, targets: readonly string[]): string {
    const rows = (['call', 'reply'] as const).flatMap(direction =>
      [...Object.keys(FEATURES[direction]), 'anything else'].flatMap(feature => {
        const cells = targets.map(to => this.#counts.get([from, direction, feature, to].join('|')))
        return cells.every(cell => cell === undefined)
          ? []
          : [row([`${direction}: ${feature}`, ...cells.map(cellText)])]
      }),
    )
    const head = ['', ...targets.map(to => `→ ${to}`)]
    return [`### From ${from}`, '', row(head), row(head.map(() => '---')), ...rows].join('\n')
  }
}

function worst(losses: readonly Loss[], path: RegExp | undefined): Outcome {
  const outcomes = losses
    .filter(loss => path?.test(loss.path.replace(/^candidates\[0\]\./, '')))
    .map(({ action }): Outcome => (action === 'dropped' ? 'lost' : 'approximated'))
  return RANK.findLast(outcome => outcomes.includes(outcome)) ?? 'carried'
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function cellText(counts: Record<Outcome, number> | undefined): string {
  return counts === undefined ? '' : RANK.map(outcome => counts[outcome]).join(' / ')
}

/** Replaces what stands between the markers of a page. */
export function withTable(page: string, table: string): string {
  const [head, rest = ''] = page.split(BEGIN)
  const [, tail = ''] = rest.split(END)
  return `${head}${BEGIN}\n${table}\n${END}${tail}`
}

const BEGIN = '<!-- begin of the generated tables -->'
const END = '<!-- end of the generated tables -->'
