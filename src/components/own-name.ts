import { registerHooks } from 'node:module'

/**
 * Lets any file import this package by its name, wherever it lies: `sluice` and `sluice/testing` mean this running
 * package, so that a processor in a folder without `node_modules` works, and so that there is one `Refusal` class.
 */
export function resolveOwnName(): void {
  if (registered) return
  registered = true
  registerHooks({
    resolve: (specifier, origin, next) => {
      const url = OWN_MODULES.get(specifier)
      return url === undefined ? next(specifier, origin) : { url, shortCircuit: true }
    },
  })
}

let registered = false

// The ending of this very file: `.ts` when run from source, `.js` when built.
const ending = import.meta.url.slice(-3)

const OWN_MODULES: ReadonlyMap<string, string> = new Map([
  ['sluice', new URL(`../contract${ending}`, import.meta.url).href],
  ['sluice/testing', new URL(`../testing/test-processor${ending}`, import.meta.url).href],
])
