/** Who may import whom, and a few habits: docs/architecture.md, held. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

interface Source {
  /** From the root of the repository. */
  readonly file: string
  readonly text: string
  /** `src/pipeline`, `src` for the files beside the folders, `processors`. */
  readonly layer: string
  readonly imports: readonly Import[]
}

interface Import {
  readonly specifier: string
  /** Only types: gone when the code runs. */
  readonly isType: boolean
  /** The imported file, from the root; absent for packages. */
  readonly file: string | undefined
}

const SOURCES = ['src', 'processors'].flatMap(folder =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => readSource(`${folder}/${name}`)),
)

function readSource(file: string): Source {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const statements = text.matchAll(
    /^(?:import|export)\s(?:(type)\s)?[^'"`;]*?from\s'([^']+)'|^import\s'([^']+)'|\bimport\('([^']+)'\)/gm,
  )
  const imports = [...statements].map(([, type, from, bare, dynamic]): Import => {
    const specifier = from ?? bare ?? dynamic ?? ''
    const target = specifier.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(file), specifier)) : undefined
    return { specifier, isType: type !== undefined, file: target }
  })
  return { file, text, layer: layerOf(file), imports }
}

function layerOf(file: string): string {
  const [top = '', folder = '', more] = file.split('/')
  return top === 'src' && more !== undefined ? `src/${folder}` : top
}

/** Files beside the folders of `src` that anybody may import: what all speak of. */
const SHARED = [
  'src/contract.ts',
  'src/call.ts',
  'src/reply.ts',
  'src/tools.ts',
  'src/options.ts',
  'src/refusal.ts',
  'src/errors.ts',
  'src/glob.ts',
  'src/failure-limit.ts',
  'src/fetch-bounded.ts',
  'src/fingerprint.ts',
  'src/flights.ts',
  'src/recorded-reply.ts',
  'src/estimate.ts',
  'src/limit.ts',
  'src/limit-headers.ts',
  'src/subject.ts',
  'src/texts.ts',
  'src/held-events.ts',
  'src/network.ts',
]

/** Layers that the contract offers to processors, code and all. */
const OFFERED = ['src/scan']

/** Layer → the layers that its code needs at run time. The shared files and its own layer go without saying. */
const MAY_RUN: Readonly<Record<string, readonly string[]>> = {
  'src/json': [],
  'src/scan': [],
  'src/stream': [],
  'src/models': [],
  'src/formats': ['src/json', 'src/stream'],
  'src/config': ['src/json', 'src/models'],
  'src/upstream': ['src/stream'],
  'src/pipeline': ['src/formats', 'src/json', 'src/stream', 'src/upstream'],
  'src/providers': ['src/formats', 'src/pipeline'],
  'src/services': ['src/stream', 'src/config'],
  'src/workers': ['src/services', 'src/stream'],
  'src/server': ['src/formats', 'src/json', 'src/pipeline', 'src/stream'],
  'src/components': ['src/config', 'src/formats', 'src/models', 'src/server', 'src/services', 'src/stream'],
}

/** Layer → further layers of which it only knows the types. */
const MAY_KNOW: Readonly<Record<string, readonly string[]>> = {
  'src/formats': ['src/models'],
  'src/upstream': ['src/formats'],
  'src/config': ['src/formats'],
  'src/services': ['src/server', 'src/pipeline', 'src/formats'],
  'src/pipeline': ['src/models'],
  'src/components': ['src/pipeline'],
}

/** Layers at the top: they put the others together. */
const TOP = ['src', 'src/commands', 'src/testing']

function violations(source: Source): readonly string[] {
  if (source.layer === 'processors' || TOP.includes(source.layer)) return []
  const run = MAY_RUN[source.layer]
  if (!run) return [`${source.file}: the layer ${source.layer} has no rule`]
  const know = [...run, ...(MAY_KNOW[source.layer] ?? [])]
  return source.imports.flatMap(({ file, isType, specifier }) => {
    if (file === undefined || SHARED.includes(file)) return []
    const layer = layerOf(file)
    const isAllowed = layer === source.layer || (isType ? know : run).includes(layer)
    return isAllowed ? [] : [`${source.file} imports ${specifier}`]
  })
}

function thatSay(pattern: RegExp, except: (source: Source) => boolean = () => false): readonly string[] {
  return SOURCES.filter(source => !except(source) && pattern.test(codeOf(source))).map(({ file }) => file)
}

/** Without comments and strings: what is said about a thing is not a use of it. */
function codeOf({ text }: Source): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '$1')
    .replace(/`(?:[^`\\]|\\.)*`/g, '``')
    .replace(/'(?:[^'\\\n]|\\.)*'/g, "''")
}

function importersOf(name: string): readonly string[] {
  return SOURCES.filter(({ imports }) =>
    imports.some(({ specifier }) => specifier === name || specifier.startsWith(`${name}/`)),
  ).map(({ file }) => file)
}

describe('imports', () => {
  it('every source is seen', () => {
    expect(SOURCES.length).toBeGreaterThan(150)
    expect(SOURCES.flatMap(({ imports }) => imports).length).toBeGreaterThan(500)
  })

  it('go in one direction', () => {
    expect(SOURCES.flatMap(violations)).toEqual([])
  })

  it('of the contract are types, what anybody may use, and nothing of the inside', () => {
    const [contract] = SOURCES.filter(({ file }) => file === 'src/contract.ts')
    for (const { isType, file = '' } of contract?.imports ?? []) {
      const isOpen =
        SHARED.includes(file) || OFFERED.includes(layerOf(file)) || (isType && layerOf(file) === 'src/formats')
      expect([file, isOpen]).toEqual([file, true])
    }
  })

  it('of processors are the contract, Node and packages', () => {
    const inside = SOURCES.filter(({ layer }) => layer === 'processors').flatMap(({ file, imports }) =>
      imports
        .filter(({ specifier }) => specifier.startsWith('.'))
        .map(({ specifier }) => `${file} imports ${specifier}`),
    )
    expect(inside).toEqual([])
  })

  it.each([
    ['undici', /^src\/upstream\//],
    ['prom-client', /^src\/services\//],
    ['pino', /^src\/services\//],
    ['ioredis', /^src\/services\//],
    ['@pydantic/genai-prices', /^src\/services\//],
    ['ajv', /^src\/(formats\/validate|config\/.*|components\/.*)\.ts$/],
    ['smol-toml', /^src\/(config|commands|components|testing)\//],
  ])('of %s stay in one place', (name, place) => {
    const importers = importersOf(name)
    expect(importers).not.toEqual([])
    expect(importers.filter(file => !place.test(file))).toEqual([])
  })

  // An import reads all exports of `node:http`; for one of them, `WebSocket`, Node loads an undici of its own.
  it('of node:http and of undici are types: their code is fetched in one place each', () => {
    const importers = ['node:http', 'undici'].flatMap(name =>
      SOURCES.filter(({ imports }) => imports.some(each => each.specifier === name && !each.isType)),
    )
    expect(importers.map(({ file }) => file)).toEqual([])
  })

  it('form no circle between files that need each other at run time', () => {
    const needs = new Map(
      SOURCES.map(({ file, imports }) => [
        file,
        imports.filter(({ isType }) => !isType).flatMap(each => each.file ?? []),
      ]),
    )
    const done = new Set<string>()
    const circles: string[] = []
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' → '))
      if (done.has(file) || path.includes(file)) return
      for (const next of needs.get(file) ?? []) visit(next, [...path, file])
      done.add(file)
    }
    for (const file of needs.keys()) visit(file, [])
    expect(circles).toEqual([])
  })
})

describe('habits', () => {
  it('the environment is read in config/ only', () => {
    expect(thatSay(/\bprocess\.env\b/, ({ layer }) => layer === 'src/config')).toEqual([])
  })

  it('nothing is printed past the log', () => {
    expect(thatSay(/\bconsole\./)).toEqual([])
  })

  it('no any', () => {
    expect(thatSay(/(?::\s|<|\bas\s|\|\s)any(?=\s*[,;)>[|&=\n])/)).toEqual([])
  })

  it('no file is over 300 lines', () => {
    const long = SOURCES.filter(({ text }) => text.split('\n').length > 301)
    expect(long.map(({ file }) => file)).toEqual([])
  })

  it('files are named in kebab-case', () => {
    expect(SOURCES.map(({ file }) => file).filter(file => !/^[a-z0-9]+(?:[-/][a-z0-9]+)*\.ts$/.test(file))).toEqual([])
  })

  it('every relative import names its file', () => {
    const bare = SOURCES.flatMap(({ file, imports }) =>
      imports
        .filter(each => each.file !== undefined && !existsSync(join(ROOT, each.file)))
        .map(each => `${file}: ${each.specifier}`),
    )
    expect(bare).toEqual([])
  })
})
