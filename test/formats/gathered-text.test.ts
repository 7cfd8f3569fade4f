import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GatheredText } from '../../src/formats/gathered-text.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

describe('gathered text', () => {
  test('is what its pieces make together, whenever somebody asks', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.boolean())), pieces => {
        const gathered = new GatheredText()
        let whole = ''
        for (const [piece, isAsked] of pieces) {
          gathered.add(piece)
          whole += piece
          expect(gathered.length).toBe(whole.length)
          if (isAsked) expect(gathered.text).toBe(whole)
        }
        expect(gathered.text).toBe(whole)
      }),
    )
  })

  test('does not hold the frames that its pieces were cut out of', () => {
    const gathered = new GatheredText()
    collect()
    const before = process.memoryUsage().heapUsed
    for (let count = 0; count < 4_000; count++) {
      const frame = Buffer.alloc(10_000, `frame ${count} `).toString()
      gathered.add(frame.slice(100, 120))
    }
    collect()
    // 40 MB of frames, 80 KB of text
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(4_000_000)
    expect(gathered.length).toBe(80_000)
  })
})
