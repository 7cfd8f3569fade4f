import { configJsonSchema } from '../config/document-schema.ts'
import { shippedModels } from '../config/shipped-models.ts'
import type { ProcessorDefinition } from '../contract.ts'
import { clock } from '../services/clock.ts'
import { loadFormats, loadProviderKinds } from './built-ins.ts'
import { listProcessors } from './catalogue.ts'
import { processorIndex, processorPage } from './document.ts'
import { errorPage, formatPage, providerPage } from './document-kinds.ts'
import { modelsPage } from './document-models.ts'
import { BUILT_IN_FOLDER } from './find.ts'

/** Everything in `docs/` that is made from definitions: path from the root of the repo → text. */
export async function generatedDocs(): Promise<ReadonlyMap<string, string>> {
  const [formats, kinds, processors] = await Promise.all([loadFormats(), loadProviderKinds(), builtInProcessors()])
  const pages = new Map<string, string>()
  for (const [name, definition] of processors)
    pages.set(`docs/reference/processors/${name}.md`, processorPage(name, definition))
  for (const [name, format] of formats) pages.set(`docs/reference/formats/${name}.md`, formatPage(name, format))
  for (const [name, kind] of kinds) pages.set(`docs/reference/providers/${name}.md`, providerPage(name, kind))
  const index = [...processors].map(([name, { summary }]) => ({ name, summary }))
  pages.set('docs/reference/processors/README.md', processorIndex(index))
  pages.set('docs/reference/models.md', modelsPage(shippedModels()))
  pages.set('docs/reference/errors.md', errorPage(processors))
  pages.set('docs/config.schema.json', `${JSON.stringify(configJsonSchema(processors, kinds), null, 2)}\n`)
  return pages
}

/** @throws Error when one of them is broken */
async function builtInProcessors(): Promise<ReadonlyMap<string, ProcessorDefinition>> {
  const entries = await listProcessors(BUILT_IN_FOLDER, clock)
  return new Map(
    entries.map(({ name, processor, problems }) => {
      if (!processor) throw new Error(`processors/${name}: ${problems.join('; ')}`)
      return [name, processor.definition]
    }),
  )
}
