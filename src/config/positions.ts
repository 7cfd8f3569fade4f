import { createRequire } from 'node:module'
import type { AST } from 'toml-eslint-parser'
import { type KeyPath, pathId } from './key-path.ts'

/** From 1, as editors count. Columns are UTF-16 code units. */
export interface Position {
  readonly line: number
  readonly column: number
}

interface Spot {
  readonly key: Position
  readonly value: Position
}

/** Deeper keys cannot be right; leaving them out keeps a hostile file cheap. */
const MAX_DEPTH = 64

/**
 * Where each key and each value of a TOML text stands. The text is read on the first question: a config without
 * problems never asks.
 */
export class Positions {
  readonly #text: string
  #spots: ReadonlyMap<string, Spot> | undefined

  /** @param text TOML that has been parsed without an error, without a byte order mark */
  constructor(text: string) {
    this.#text = text
  }

  /** Of the key, or else of the nearest table or array around it; `undefined` for the whole file. */
  keyAt(path: KeyPath): Position | undefined {
    return this.#nearest(path)?.key
  }

  /** Of the value, or else of the nearest table or array around it. A table's value stands at its header. */
  valueAt(path: KeyPath): Position | undefined {
    return this.#nearest(path)?.value
  }

  #nearest(path: KeyPath): Spot | undefined {
    this.#spots ??= spotsOf(this.#text)
    for (let length = Math.min(path.length, MAX_DEPTH); length > 0; length--) {
      const spot = this.#spots.get(pathId(path.slice(0, length)))
      if (spot !== undefined) return spot
    }
    return undefined
  }
}

const require = createRequire(import.meta.url)

/** An empty map when this parser disagrees with the one that gave the values: then problems just have no position. */
function spotsOf(text: string): ReadonlyMap<string, Spot> {
  // Only a file with problems needs the parser.
  const { parseTOML } = require('toml-eslint-parser') as typeof import('toml-eslint-parser')
  const spots = new Map<string, Spot>()
  try {
    for (const node of parseTOML(text, { tomlVersion: 'latest' }).body[0].body) {
      if (node.type === 'TOMLTable') addTable(spots, node)
      else addKeyValue(spots, [], node)
    }
  } catch {
    spots.clear()
  }
  return spots
}

function addTable(spots: Map<string, Spot>, table: AST.TOMLTable): void {
  let part = -1
  table.resolvedKey.slice(0, MAX_DEPTH).forEach((key, at) => {
    // An array's index has no key of its own: it stands where the array's name stands.
    if (typeof key === 'string') part++
    const position = positionOf(table.key.keys[part] ?? table)
    addSpot(spots, table.resolvedKey.slice(0, at + 1), { key: position, value: position })
  })
  for (const entry of table.body) addKeyValue(spots, table.resolvedKey, entry)
}

function addKeyValue(spots: Map<string, Spot>, parent: KeyPath, entry: AST.TOMLKeyValue): void {
  const path = [...parent, ...entry.key.keys.slice(0, MAX_DEPTH).map(nameOf)]
  entry.key.keys.slice(0, MAX_DEPTH).forEach((key, at) => {
    const position = positionOf(key)
    addSpot(spots, path.slice(0, parent.length + at + 1), { key: position, value: position })
  })
  const last = entry.key.keys.at(-1)
  if (last !== undefined) spots.set(pathId(path), { key: positionOf(last), value: positionOf(entry.value) })
  addContent(spots, path, entry.value)
}

function addContent(spots: Map<string, Spot>, path: KeyPath, node: AST.TOMLContentNode): void {
  if (node.type === 'TOMLInlineTable') {
    for (const entry of node.body) addKeyValue(spots, path, entry)
  } else if (node.type === 'TOMLArray') {
    node.elements.forEach((element, index) => {
      const position = positionOf(element)
      addSpot(spots, [...path, index], { key: position, value: position })
      addContent(spots, [...path, index], element)
    })
  }
}

/** The first mention of a table counts: its own header, or the first header below it. */
function addSpot(spots: Map<string, Spot>, path: KeyPath, spot: Spot): void {
  const id = pathId(path)
  if (!spots.has(id)) spots.set(id, spot)
}

function nameOf(key: AST.TOMLBare | AST.TOMLQuoted): string {
  return key.type === 'TOMLBare' ? key.name : key.value
}

function positionOf(node: AST.TOMLNode): Position {
  return { line: node.loc.start.line, column: node.loc.start.column + 1 }
}
