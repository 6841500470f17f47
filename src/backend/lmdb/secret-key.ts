import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

const KEY_FILE = 'secret-key'
const KEY_BYTES = 32

/**
 * The secret key of a data folder, 32 random bytes in a file that only its owner can read; made when there is none. Throws
 * the error of the file system, or one that says what to do when the file holds something else.
 */
export function openSecretKey(folder: string): Uint8Array {
  const path = join(folder, KEY_FILE)
  if (!existsSync(path)) createKey(folder, path)
  const key = readFileSync(path)
  if (key.length === KEY_BYTES) return key
  throw new Error(
    `${path} must have ${KEY_BYTES} bytes, and has ${key.length}: restore it from a backup, or remove it, ` +
      'which makes all tokens void',
  )
}

/** Under its name the file is whole, whenever the power goes. */
function createKey(folder: string, path: string): void {
  rmSync(`${path}-new`, { force: true })
  const file = openSync(`${path}-new`, 'wx', 0o600)
  try {
    writeSync(file, randomBytes(KEY_BYTES))
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(`${path}-new`, path)
  const directory = openSync(folder, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
