import type { Labels, LabelValues } from '../contract.ts'
import { OTHER } from './closed-names.ts'

/** The values of all labels in the order of their names, each from its closed list. */
export type LabelReader = (labels: LabelValues | undefined) => readonly string[]

/** @param leading values that are always the same and stand before the others */
export function labelReader(labels: Labels, leading: readonly string[]): LabelReader {
  const lists = Object.entries(labels).map(([name, values]) => ({ name, values: new Set(values) }))
  return given => [
    ...leading,
    ...lists.map(({ name, values }) => {
      const value = given !== undefined && Object.hasOwn(given, name) ? given[name] : undefined
      return value !== undefined && values.has(value) ? value : OTHER
    }),
  ]
}

/** Keeps the child of each combination of values: looking it up in the metric costs more than counting. */
export function cached<C>(
  read: LabelReader,
  make: (values: readonly string[]) => C,
): (labels?: LabelValues | undefined) => C {
  const children = new Map<string, C>()
  return labels => {
    const values = read(labels)
    const key = values.join('\0')
    let child = children.get(key)
    if (child === undefined) {
      child = make(values)
      children.set(key, child)
    }
    return child
  }
}
