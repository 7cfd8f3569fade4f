/** The store that workers have from their primary keeps what every store promises, also as the messages carry it. */

import { MemoryStore } from '../../src/services/store-memory.ts'
import { operate, storeOfPrimary } from '../../src/workers/shared-memory.ts'
import { describeStore } from '../services/store-suite.ts'

let time = 5000
const primary = new MemoryStore({ now: () => time })
const driver = storeOfPrimary({
  ask: async question => {
    if (question.kind !== 'store') throw new Error('it is asked for the store only')
    const { operation, parameters } = structuredClone(question)
    return structuredClone(await operate(primary, operation, parameters))
  },
})

describeStore(() => ({
  driver,
  now: () => time,
  pass: async ms => {
    time += ms
  },
}))
