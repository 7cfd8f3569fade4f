/**
 * Who else can change the files that the gateway obeys. Code that every user of the machine can write is not run; what is
 * merely unusual is said in the log, because containers mount files of other users for good reasons.
 */
import { constants } from 'node:fs'
import { access, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Log } from '../contract.ts'

const OTHERS_WRITE = 0o002
const STICKY = 0o1000

/**
 * Why the code in a file must not be run.
 * @param folderIsSearched any file that somebody puts beside it would be found too, and not only this one
 */
export async function untrusted(file: string, folderIsSearched: boolean): Promise<string | undefined> {
  if (await isOpenToAll(file)) return openTo(file)
  const folder = dirname(file)
  // Where the folder is sticky, as /tmp is, others can add files but not replace this one.
  return (await isOpenToAll(folder, folderIsSearched ? 0 : STICKY)) ? openTo(folder) : undefined
}

function openTo(path: string): string {
  const why = `every user of this machine can change ${path}, and what is in it would run with the gateway's rights`
  return `${why}; run: chmod o-w ${path}`
}

/** Says what is unusual of a file or folder: that everybody can change it, or that it belongs to somebody else. */
export async function warnOfOthers(path: string, log: Log): Promise<void> {
  if (await isOpenToAll(path, STICKY)) {
    log.warn('every user of this machine can change what the gateway obeys; chmod o-w it', { file: path })
  }
  const owner = await foreignOwner(path)
  if (owner === undefined) return
  log.warn('another user owns what the gateway obeys, and can change it; chown it to root', { file: path, owner })
}

/** @param unless bits of the mode with which it does not matter */
async function isOpenToAll(path: string, unless = 0): Promise<boolean> {
  if (process.platform === 'win32') return false
  const { mode } = await stat(path)
  return (mode & OTHERS_WRITE) !== 0 && (mode & unless) === 0 && !(await modeMeansNothing(path))
}

/** The user who owns a file, if that is neither root nor the user of this process. */
async function foreignOwner(file: string): Promise<number | undefined> {
  const own = process.getuid?.()
  const { uid } = await stat(file)
  const isTrusted = own === undefined || uid === own || uid === 0 || (await modeMeansNothing(file))
  return isTrusted ? undefined : uid
}

/**
 * File systems that make modes and owners up, because there are none where the files really are (`statfs(2)`): 9p, as WSL
 * has it, FUSE, as Docker on a desktop has it, CIFS, SMB2, VirtualBox, FAT, exFAT, NTFS.
 */
const WITHOUT_MODES: readonly number[] = [
  0x01021997, 0x65735546, 0xff534d42, 0xfe534d42, 0x786f4256, 0x4d44, 0x2011bab0, 0x5346544e,
]

/** Also where nobody can write at all: volumes of Kubernetes have the mode 777 and are read-only. */
async function modeMeansNothing(path: string): Promise<boolean> {
  const { type } = await statfs(path)
  if (WITHOUT_MODES.includes(type)) return true
  return access(path, constants.W_OK).then(
    () => false,
    error => error.code === 'EROFS',
  )
}
