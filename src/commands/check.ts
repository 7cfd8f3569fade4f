import { loadAll } from '../components/load-all.ts'
import type { Environment } from '../config/environment.ts'
import { setUpGateway } from '../gateway.ts'
import { startServices } from '../services/services.ts'

/**
 * Loads a configuration, sets everything up and undoes it again, without listening.
 * @returns what to tell the user
 * @throws ConfigProblems
 */
export async function check(path: string, environment: Environment): Promise<string> {
  const quiet = startServices({ level: 'silent', format: 'json' })
  try {
    const blueprint = await loadAll(path, environment, quiet)
    const gateway = await setUpGateway(blueprint, quiet)
    await gateway.close()
    const { pipelines, providers } = blueprint.config
    return `${path}: good; ${plural(pipelines.size, 'pipeline')}, ${plural(providers.size, 'provider')}\n`
  } finally {
    await quiet.close()
  }
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
