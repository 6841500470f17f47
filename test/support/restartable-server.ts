import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ServerProcess, startServerProcess } from './server-process.ts'

/** A server process with a data folder of its own. */
export interface RestartableServer
  extends Readonly<Pick<ServerProcess, 'port' | 'soapPort' | 'tlsPort' | 'wsdl'>> {
  /** Its data folder. */
  readonly folder: string
  /** Ends it with SIGKILL; what it had stored stays. */
  kill(): Promise<void>
  /** Starts it again on the same ports and data. */
  restart(): Promise<void>
  /** Ends it and removes its data. */
  close(): Promise<void>
}

/** Starts `dms server` on free ports. @param flags more flags. */
export async function startRestartableServer(...flags: readonly string[]): Promise<RestartableServer> {
  const folder = mkdtempSync(join(tmpdir(), 'dms-server-'))
  let server = await startServerProcess({ folder, flags })
  const { port, soapPort, tlsPort, wsdl } = server
  const kill = async () => void (await server.kill())

  return {
    port,
    soapPort,
    tlsPort,
    wsdl,
    folder,
    kill,
    async restart() {
      server = await startServerProcess({ folder, port, soapPort, flags })
    },
    async close() {
      await kill()
      rmSync(folder, { recursive: true })
    },
  }
}
