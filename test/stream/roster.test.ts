import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Listed, Roster } from '../../src/stream/roster.ts'

describe('a roster', () => {
  test('holds what entered and did not leave, like a set', () => {
    const step = fc.record({ who: fc.nat(5), roster: fc.nat(1), leaves: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const all = Array.from({ length: 6 }, () => new Listed())
        const rosters = [new Roster(), new Roster()] as const
        const sets = [new Set<Listed>(), new Set<Listed>()] as const
        for (const { who, roster, leaves } of steps) {
          const one = all[who] as Listed
          for (const set of sets) set.delete(one)
          if (leaves) one.leave()
          else {
            one.enter(rosters[roster] as Roster<Listed>)
            sets[roster]?.add(one)
          }
          rosters.forEach((each, index) => {
            expect(each.all()).toEqual([...(sets[index] ?? [])].reverse())
            expect(each.isEmpty).toBe(sets[index]?.size === 0)
          })
          expect(all.map(each => each.isListed)).toEqual(all.map(each => sets.some(set => set.has(each))))
        }
      }),
    )
  })
})
