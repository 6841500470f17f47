import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describeWith } from '../support/describe-with.ts'
import { fileBytes, sha256 } from '../support/files.ts'
import { type RestartableServer, startRestartableServer } from '../support/restartable-server.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'
import { interopFile } from './soap-peer.ts'

const run = promisify(execFile)
const BYTES = fileBytes(1_000_003)
const MAX = 4_000_000

/** A server with ada and bob, and files to send. */
async function open(): Promise<{
  readonly server: RestartableServer
  readonly folder: string
  readonly wsdl: string
}> {
  const folder = await makeTempFolder()
  const server = await startRestartableServer('--max-attachment-bytes', String(MAX))
  const wsdl = `http://127.0.0.1:${server.soapPort}/messaging?wsdl`
  for (const user of ['ada', 'bob']) {
    const body = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><Register xmlns="urn:dms:messaging:1"><userName>${user}</userName><password>secret of ${user}</password></Register></s:Body></s:Envelope>`
    const made = await fetch(wsdl.replace('?wsdl', ''), {
      method: 'POST',
      headers: { 'Content-Type': 'text/xml' },
      body,
    })
    expect(made.status).toBe(200)
  }
  await writeFile(join(folder, 'file'), BYTES)
  // Longer than the client, the server and the system between them hold.
  await writeFile(join(folder, 'large'), fileBytes(MAX + 6_000_000))
  await mkdir(join(folder, 'got'))
  return { server, folder, wsdl }
}

describeWith('libjaxws-java', 'default-jdk-headless')('files of a JAX-WS client', () => {
  afterAll(removeTempFolders)

  test('go and come byte for byte, by MTOM and as text, and one that is too large is a typed fault', async () => {
    const { server, folder, wsdl } = await open()
    const shell = (command: string) =>
      run('sh', ['-c', `. ${interopFile('clients/jaxws-classpath.sh')}; ${command}`], { cwd: folder })
    await shell(`java com.sun.tools.ws.WsImport -quiet -extension -keep -Xnocompile -d . "${wsdl}"`)
    await shell(
      `javac -nowarn -J-XX:TieredStopAtLevel=1 -d . $(find dms -name '*.java') ${interopFile('clients/JaxWsFiles.java')}`,
    )
    const { stdout } = await shell(`java -Dfile.encoding=UTF-8 JaxWsFiles "${wsdl}" file large got`)
    const about = (way: string, type: string, media: string) =>
      `${way}|plan é.bin|${media}|${BYTES.length}|${sha256(BYTES)}|${type}`
    expect(stdout.trim().split('\n')).toEqual([
      about('1.1-mtom', 'multipart/related', 'application/octet-stream'),
      about('1.1-inline', 'text/xml', 'null'),
      `AttachmentTooLarge ${MAX}`,
      about('1.2-mtom', 'multipart/related', 'application/octet-stream'),
      about('1.2-inline', 'application/soap+xml', 'null'),
      `AttachmentTooLarge ${MAX}`,
    ])
    for (const way of ['1.1-mtom', '1.1-inline', '1.2-mtom', '1.2-inline']) {
      expect((await readFile(join(folder, 'got', way))).equals(BYTES)).toBe(true)
    }
    await server.close()
  }, 180_000)
})
