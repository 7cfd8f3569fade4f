/** Tells when a file has changed, however that was done: written in place, replaced by a rename, or by a link's swap. */
import { type FSWatcher, unwatchFile, type WatchListener, watch, watchFile } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Editors write in several steps; this long after the last of them the file is looked at. */
const QUIET_MS = 100
/** How often the file is looked at where the system tells nothing: network file systems, a folder that was swapped. */
const POLL_MS = 2000

/**
 * Calls `onChange` when the file is another one than at the call before, or than `known`; never twice at a time.
 * @param known what `stateOf` said when the file was last read
 * @returns how to stop
 */
export function watchForChange(file: string, known: string, onChange: () => Promise<void>): () => void {
  let state = known
  let timer: NodeJS.Timeout | undefined
  let busy = false
  const stir: WatchListener<string> = () => {
    clearTimeout(timer)
    timer = setTimeout(() => void look(), QUIET_MS).unref()
  }
  const look = async (): Promise<void> => {
    if (busy) return stir('change', null)
    busy = true
    const before = await stateOf(file)
    if (before !== state) {
      state = before
      await onChange()
      // Written to while it was read: once more, when it is quiet.
      if ((await stateOf(file)) !== before) stir('change', null)
    }
    busy = false
  }
  const poll = (): void => stir('change', null)
  const folder = watchFolder(dirname(file), stir)
  watchFile(file, { interval: POLL_MS, persistent: false }, poll)
  return () => {
    clearTimeout(timer)
    folder?.close()
    unwatchFile(file, poll)
  }
}

/** What tells one state of a file from another; the same text wherever there is none. */
export async function stateOf(file: string): Promise<string> {
  try {
    const { mtimeNs, size, ino } = await stat(file, { bigint: true })
    return `${mtimeNs} ${size} ${ino}`
  } catch {
    return 'none'
  }
}

/** The folder rather than the file: a file that takes its place by a rename is another file. */
function watchFolder(folder: string, listener: WatchListener<string>): FSWatcher | undefined {
  try {
    // A system that has no more watches to give, or loses this one, leaves it to the polling.
    return watch(folder, { persistent: false }, listener).on('error', () => {})
  } catch {
    return undefined
  }
}
