/** What came of each feature on its way from one format into another: counted, and written as a table. */
import type { Part } from '../../src/formats/conversation.ts'
import type { Loss } from '../../src/formats/losses.ts'
import type { Refusal } from '../../src/refusal.ts'

export type Outcome = 'carried' | 'approximated' | 'lost' | 'refused'
export type Direction = 'call' | 'reply'

/**
 * Which losses are about a feature of a recorded case, by their canonical path. A path that ends in a part has the part's
 * type behind it: `turns[0].parts[1]<text>`. Features that no path tells of are left out.
 */
const FEATURES: Readonly<Record<Direction, Readonly<Record<string, RegExp>>>> = {
  call: {
    text: /parts\[\d+\]<(?:text|refusal)>$/,
    system: /^turns\[\d+\](?:\.role)?$/,
    'multi-turn': /^turns(?:\[\d+\])?$/,
    tools: /^tools(?!\[\d+\]\.cache)/,
    'tool-choice': /^(?:toolChoice|parallelToolCalls)/,
    'tool-result': /\.isError$|<tool-result>/,
    'parallel-tools': /^parallelToolCalls|\.arguments$/,
    'image-base64': /<media image>/,
    'image-url': /<media image>/,
    document: /<media (?:document|file)>/,
    audio: /<media audio>|^modalities/,
    thinking: /<reasoning>|\.state$|^reasoning(?!\.effort)/,
    'reasoning-effort': /^reasoning/,
    'structured-output': /^outputFormat/,
    'json-mode': /^outputFormat/,
    'cache-control': /\.cache|prompt_cache|cacheKey/,
    'max-tokens': /^maxOutputTokens/,
    'stop-sequence': /^stop/,
    logprobs: /^logprobs/,
    n: /^candidates/,
    'server-tools': /^tools|<hosted-tool>/,
    citations: /[cC]itations/,
  },
  reply: {
    text: /parts\[\d+\]<text>$|^candidates\[[1-9]\d*\]$/,
    tools: /(?<!\.state)<tool-call>/,
    'parallel-tools': /(?<!\.state)<tool-call>/,
    thinking: /<reasoning>|\.state\b/,
    'redacted-thinking': /<reasoning>|\.state\b/,
    citations: /citations/,
    logprobs: /logprobs/,
    n: /^candidates\[[1-9]/,
    refusal: /finish\.explanation|<refusal>/,
    'usage-stream': /^usage/,
    'stop-sequence': /finish\.stopSequence/,
    'server-tools': /<hosted-tool>$/,
    'web-search': /<hosted-tool>$/,
    'code-execution': /<hosted-tool>$/,
  },
}

export interface Trip {
  readonly from: string
  readonly to: string
  readonly direction: Direction
}

export type PartAt = (path: string) => Part | undefined

const RANK: readonly Outcome[] = ['carried', 'approximated', 'lost', 'refused']

/** Rows by direction and feature, columns by target: how often each outcome was. */
export class PairTable {
  readonly #counts = new Map<string, Record<Outcome, number>>()

  /**
   * @param outcome what the encoder said of it: its losses, or the refusal in their place
   * @param partAt finds the part at a path
   */
  count(trip: Trip, features: readonly string[], outcome: readonly Loss[] | Refusal, partAt: PartAt): void {
    const { from, to, direction } = trip
    const paths = FEATURES[direction]
    const known = features.filter(feature => Object.hasOwn(paths, feature))
    if (!Array.isArray(outcome)) {
      const { param = '' } = outcome as Refusal
      const guilty = known.filter(feature => paths[feature]?.test(withType(param, partAt)))
      this.#add(from, to, direction, guilty.length === 0 ? 'anything else' : (guilty[0] ?? ''), 'refused')
      return
    }
    for (const feature of known) this.#add(from, to, direction, feature, worst(outcome, paths[feature], partAt))
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

function worst(losses: readonly Loss[], path: RegExp | undefined, partAt: PartAt): Outcome {
  const outcomes = losses
    .filter(loss => path?.test(withType(loss.path, partAt)))
    .map(({ action }): Outcome => (action === 'dropped' ? 'lost' : 'approximated'))
  return RANK.findLast(outcome => outcomes.includes(outcome)) ?? 'carried'
}

/** `candidates[0].parts[1].detail` → `parts[1].detail<media image>`. */
function withType(path: string, partAt: PartAt): string {
  const place = path.replace(/^candidates\[0\]\./, '')
  const at = /^.*?parts\[\d+\](?:\.content\[\d+\])?/.exec(place)?.[0]
  const part = at === undefined ? undefined : partAt(at)
  if (part === undefined) return place
  return `${place}<${part.type === 'media' ? `media ${part.kind}` : part.type}>`
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
