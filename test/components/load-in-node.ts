/**
 * Loads processors as a gateway does, in plain Node: a test runner has a loader of its own, which would answer for it.
 * Arguments: the folder of a configuration, then what its `use` keys say. Prints one JSON object: use → outcome.
 */
import { loadProcessor } from '../../src/components/load.ts'
import { Place } from '../../src/config/place.ts'
import { Positions } from '../../src/config/positions.ts'
import { problemText } from '../../src/config/problems.ts'
import { clock } from '../../src/services/clock.ts'

const [folder = '', ...uses] = process.argv.slice(2)
const notices: string[] = []
const record = (message: string): number => notices.push(message)
const log = { debug: record, info: record, warn: record, error: record }

const outcomes: Record<string, unknown> = {}
for (const use of uses) {
  const place = new Place({ file: 'config.toml', positions: new Positions(''), origins: new Map() }, ['use'])
  const loaded = await loadProcessor(use, place, folder, { clock, log })
  outcomes[use] =
    'problems' in loaded
      ? loaded.problems.map(problemText)
      : { source: loaded.processor.source, summary: loaded.processor.definition.summary }
}
process.stdout.write(JSON.stringify({ outcomes, notices }))
process.exit(0)
