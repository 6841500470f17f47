import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const made: string[] = []

/** Makes a folder of the test's own. Its path is short: a Unix socket has to fit into it. */
export async function makeTempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dms-'))
  made.push(folder)
  return folder
}

/** Removes every folder that was made. For `afterEach`, when nothing uses them any more. */
export async function removeTempFolders(): Promise<void> {
  for (const folder of made.splice(0)) await rm(folder, { recursive: true, force: true })
}
