import { describe, expect, it } from 'vitest'
import { startServices } from '../../src/services/services.ts'

describe('startServices', () => {
  it('starts one of each, which know each other, and closes them', async () => {
    const lines: string[] = []
    const services = startServices({ level: 'info', destination: { write: line => void lines.push(line) } })
    services.log.info('up')
    await services.store.forStep('main', 'cache').set('k', 'v', 1000)
    expect(lines).toHaveLength(1)
    const text = await services.metrics.render()
    expect(text).toContain('sluice_log_lines_dropped_total 0')
    expect(text).toMatch(/sluice_build_info\{version="\d+\.\d+\.\d+",node="v\d+/)
    await services.close()
  })

  it('gives every gateway of a process its own', async () => {
    const [one, two] = [startServices({ level: 'silent' }), startServices({ level: 'silent' })]
    await one.store.set('k', 'v', 1000)
    expect(await two.store.get('k')).toBeUndefined()
    one.engine.attempt({ provider: 'a', result: 'ok', ms: 1 })
    expect(await two.metrics.render()).not.toContain('provider="a"')
    await Promise.all([one.close(), two.close()])
  })
})
