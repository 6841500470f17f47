import { mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  createUsers,
  openPiped,
  openPipedClient,
  openTerminalClient,
  runDms,
  runScript,
} from '../support/command-line.ts'
import { describeWith } from '../support/describe-with.ts'
import { fileBytes, sha256 } from '../support/files.ts'
import { type RestartableServer, startRestartableServer } from '../support/restartable-server.ts'
import { makeTempFolder, removeTempFolders } from '../support/temp-folder.ts'

let server: RestartableServer
let folder: string

beforeAll(async () => {
  server = await startRestartableServer('--max-attachment-bytes', '1000000')
})
afterAll(() => server.close())
beforeEach(async () => {
  folder = await makeTempFolder()
})
afterEach(removeTempFolders)

const at = () => ['-p', String(server.port), '--wsdl', server.wsdl]

const users = createUsers(['anna', 'bert'], at)
/** Two names that no other test uses, registered with secrets. */
const newUsers = () => users() as Promise<[string, string]>

async function makeFile(name: string, bytes: string | Buffer): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, bytes)
  return path
}

const sent = expect.stringMatching(/^SENDATTACH OK - MESSAGE id \d+$/)

test('a file goes from one command line to another: its message trimmed, the file saved, a line that says where, and a receipt', async () => {
  const [anna, bert] = await newUsers()
  const bytes = fileBytes(300_000)
  const path = await makeFile('my report.pdf', bytes)
  const receiver = openPipedClient(...at(), '--downloads', join(folder, 'in'))
  receiver.type(`CONNECT ${bert}`)
  await receiver.until(/CONNECT OK/)
  const sender = openPipedClient(...at())
  sender.type(`CONNECT ${anna}`, `SENDATTACH ${bert} "${path}"  see   this `)
  await receiver.until(/SAVED/)
  await sender.until(/SEND MESSAGE id \d+ OK/)
  expect((await sender.end()).out).toContainEqual(sent)
  const saved = join(folder, 'in', 'my report.pdf')
  expect((await receiver.end()).out.slice(1)).toEqual([
    expect.stringMatching(`^MESSAGE \\d+ FROM ${anna} :$`),
    '  see this',
    'END',
    `FILE my report.pdf (293 KiB) FROM ${anna} SAVED AS ${saved}`,
  ])
  expect((await readFile(saved)).equals(bytes)).toBe(true)
})

test('dms sendattach sends one file, and dms listen --count waits until it is saved, as JSON too', async () => {
  const [anna, bert] = await newUsers()
  const path = await makeFile('a.bin', fileBytes(20_000))
  const as = ['--as', anna, ...at()]
  expect((await runDms(['sendattach', bert, path, ...as])).out).toEqual([sent])
  expect((await runDms(['sendattach', bert, path, '-', ...as], { input: 'from   a pipe\n' })).out).toEqual([
    sent,
  ])
  const downloads = join(folder, 'in')
  const { code, out } = await runDms(
    ['listen', '--as', bert, '--count', '2', '--json', '-p', String(server.port)],
    {
      env: { DMS_DOWNLOADS: downloads },
    },
  )
  expect(code).toBe(0)
  const lines = out.map((line) => JSON.parse(line))
  const told = { name: 'a.bin', size: 20_000, sha256: sha256(fileBytes(20_000)), sender: anna }
  expect(lines.filter(({ type }) => type === 'message').map(({ text }) => text)).toEqual(['', 'from a pipe'])
  const files = lines.filter(({ type }) => type === 'file')
  // The same file twice lies there once.
  expect(files).toMatchObject([
    { ...told, path: join(downloads, 'a.bin') },
    { ...told, path: join(downloads, 'a.bin') },
  ])
  const receipts = openPiped('listen', '--as', anna, ...at().slice(0, 2))
  await receipts.until(/(SEND MESSAGE id \d+ OK\n?){2}/)
  receipts.child.kill('SIGKILL')
})

test('what cannot be sent is told in one line, and nothing is sent', async () => {
  const [anna, bert] = await newUsers()
  const large = await makeFile('large', Buffer.alloc(1_000_001))
  const ok = await makeFile('ok', 'x')
  for (const [line, words, hint] of [
    [`SENDATTACH ${bert} ${folder}/none`, 'SENDATTACH FAIL', `${folder}/none: there is no such file`],
    [
      `SENDATTACH ${bert} ${folder}`,
      'SENDATTACH FAIL',
      `${folder}: this is a folder, and only files can be sent`,
    ],
    [`SENDATTACH ${bert} ${large}`, 'SENDATTACH FAIL', 'a file has at most 1000000 bytes'],
    [`SENDATTACH nobody ${ok}`, 'SENDATTACH FAIL / USER DOES NOT EXIST', undefined],
    [`SENDATTACH ${bert}`, 'Syntax error. Usage: SENDATTACH <userName> <fileName> [message]', undefined],
  ] as const) {
    const { out, hints, code } = await runScript([`CONNECT ${anna}`, line], ...at())
    expect([out[1], hints[0]]).toEqual([words, hint])
    expect(code).not.toBe(0)
  }
  const legacy = await runScript([`SENDATTACH ${bert} ${ok}`], ...at(), '--legacy')
  expect([legacy.out[0], legacy.hints[0]]).toEqual(['SENDATTACH FAIL', expect.stringContaining('files')])
  const verb = await runDms(['sendattach', bert, join(folder, 'none'), '--as', anna, ...at()])
  expect([verb.code, verb.out]).toEqual([1, ['SENDATTACH FAIL']])
  const { out } = await runScript([`CONNECT ${bert}`], ...at())
  expect(out).toEqual(['CONNECT OK'])
})

test('a user without a secret gets no file, and the sender is told what would help', async () => {
  const [anna] = await newUsers()
  await runScript(['REGISTER openfellow'], ...at(), '--legacy')
  const path = await makeFile('x', 'x')
  const { out, hints } = await runScript([`CONNECT ${anna}`, `SENDATTACH openfellow ${path}`], ...at())
  expect([out[1], hints[0]]).toEqual(['SENDATTACH FAIL', expect.stringContaining('PASSWD')])
})

test('where a file cannot be saved its message is shown, and it comes again at the next CONNECT, without its message', async () => {
  const [anna, bert] = await newUsers()
  const path = await makeFile('x.txt', 'kept')
  await runDms(['sendattach', bert, path, 'with words', '--as', anna, ...at()])
  await runDms(['send', bert, 'behind it', '--as', anna, ...at()])
  const taken = await makeFile('taken', 'this is no folder')
  const listen = (downloads: string) => openPipedClient(...at(), '--downloads', downloads)

  const first = listen(taken)
  first.type(`CONNECT ${bert}`)
  await first.until(/behind it\nEND[\s\S]*NOT SAVED|NOT SAVED[\s\S]*behind it\nEND/)
  const { out, hints } = await first.end()
  expect(out).toContain('  with words')
  expect(out).toContain(`FILE x.txt (4 bytes) FROM ${anna} NOT SAVED`)
  expect(hints.join('\n')).toMatch(/comes again at the next CONNECT/)

  const second = listen(join(folder, 'in'))
  second.type(`CONNECT ${bert}`)
  await second.until(/SAVED AS/)
  expect((await second.end()).out).toEqual([
    'CONNECT OK',
    `FILE x.txt (4 bytes) FROM ${anna} SAVED AS ${join(folder, 'in', 'x.txt')}`,
  ])
  const third = await runScript([`CONNECT ${bert}`], ...at())
  expect(third.out).toEqual(['CONNECT OK'])
})

test('names that mean harm do none', async () => {
  const [anna, bert] = await newUsers()
  const downloads = join(folder, 'in')
  await mkdir(downloads)
  await symlink(join(folder, 'stolen'), join(downloads, 'link'))
  const names = ['link', '-rf', '.profile', 'CON', 'evil\u202etxt.exe']
  const paths = await Promise.all(names.map((name) => makeFile(name, name)))
  await runScript([`CONNECT ${anna}`, ...paths.map((path) => `SENDATTACH ${bert} "${path}"`)], ...at())
  const args = [
    'listen',
    '--as',
    bert,
    '--count',
    String(names.length),
    '--downloads',
    downloads,
    '-p',
    String(server.port),
  ]
  const { out } = await runDms(args)
  const saved = out.filter((line) => line.startsWith('FILE'))
  expect(saved[4]).toMatch(/^FILE evil\\u202etxt\.exe /)
  expect((await readdir(downloads)).sort()).toEqual([
    '_CON',
    'eviltxt.exe',
    'link',
    'link (1)',
    'profile',
    'rf',
  ])
  expect(await readdir(folder)).not.toContain('stolen')
})

test.each([
  ['gone from', rm],
  ['cut short on', (path: string) => truncate(path, 1000)],
])(
  'a file that is %s the disk of the server is said to be lost, once, and holds up nothing behind it',
  async (_, harm) => {
    const [anna, bert] = await newUsers()
    const path = await makeFile('fragile.bin', fileBytes(100_000))
    const send = [`CONNECT ${anna}`, `SENDATTACH ${bert} ${path} words`, `SEND ${bert} next`]
    expect((await runScript(send, ...at())).code).toBe(0)
    const files = join(server.folder, 'attachments')
    for (const name of await readdir(files)) await harm(join(files, name))
    const receiver = openPipedClient(...at(), '--downloads', join(folder, 'in'))
    receiver.type(`CONNECT ${bert}`)
    await receiver.until(/^ {2}next$/m)
    await receiver.until(/^FILE fragile\.bin/m)
    const { out, hints } = await receiver.end()
    expect(out).toContainEqual(expect.stringMatching(/^FILE fragile\.bin .* NOT SAVED$/))
    expect(hints.join()).toMatch(/lost/)
    expect(hints.join()).not.toMatch(/again/)
    expect((await runScript([`CONNECT ${bert}`], ...at())).out).toEqual(['CONNECT OK'])
  },
)

test('a receiver that is killed after it saved a file, and before the server knew, does not save it twice', async () => {
  const [anna, bert] = await newUsers()
  const bytes = fileBytes(900_000)
  const path = await makeFile('once.bin', bytes)
  const downloads = join(folder, 'in')
  await runDms(['sendattach', bert, path, '--as', anna, ...at()])
  for (let time = 0; time < 6; time++) {
    const receiver = openPipedClient(...at(), '--downloads', downloads)
    receiver.type(`CONNECT ${bert}`)
    await receiver.until(/CONNECT OK/)
    // Somewhere on its way, each time further.
    await new Promise((resolve) => setTimeout(resolve, time * 15))
    receiver.child.kill('SIGKILL')
    await receiver.end()
  }
  const last = openPipedClient(...at(), '--downloads', downloads)
  last.type(`CONNECT ${bert}`, `SEND ${bert} done`)
  await last.until(/ {2}done/)
  await last.end()
  const complete = (await readdir(downloads)).filter((name) => !name.endsWith('.part'))
  expect(complete).toEqual(['once.bin'])
  expect((await readFile(join(downloads, 'once.bin'))).equals(bytes)).toBe(true)
})

test('a server that is killed while a file comes and while one goes loses nothing, and nothing comes twice', async () => {
  const [anna, bert] = await newUsers()
  const bytes = fileBytes(1_000_000)
  const path = await makeFile('survivor.bin', bytes)
  const downloads = join(folder, 'in')
  const sender = openPipedClient(...at(), '--no-trim')
  const receiver = openPipedClient(...at(), '--downloads', downloads)
  receiver.type(`CONNECT ${bert}`)
  await receiver.until(/CONNECT OK/)
  const count = 6
  sender.type(
    `CONNECT ${anna}`,
    ...Array.from({ length: count }, (_, i) => `SENDATTACH ${bert} ${path} number ${i}`),
  )
  for (let kills = 0; kills < 3; kills++) {
    await sender.until(new RegExp(`(SENDATTACH OK[^]*){${kills + 1}}`))
    await server.kill()
    await server.restart()
  }
  await sender.until(new RegExp(`(SENDATTACH OK[^]*){${count}}`))
  await receiver.until(new RegExp(`(SAVED AS[^]*){${count}}`))
  await sender.until(new RegExp(`(SEND MESSAGE id \\d+ OK[^]*){${count}}`))
  const { out } = await receiver.end()
  await sender.end()
  const texts = out.filter((line) => line.startsWith('  ')).map((line) => line.trim())
  expect(texts).toEqual(Array.from({ length: count }, (_, i) => `number ${i}`))
  expect((await readFile(join(downloads, 'survivor.bin'))).equals(bytes)).toBe(true)
}, 60_000)

describeWith('python3')('at a terminal', () => {
  test('Tab completes the name of a file', async () => {
    const path = await makeFile('completed.txt', 'x')
    const [anna, bert] = await newUsers()
    const client = openTerminalClient(at(), { columns: 200 })
    await client.until(/c>/)
    client.type(`CONNECT ${anna}\r`)
    await client.until(/CONNECT OK/)
    // What is pasted is taken as it is, so the Tab comes by itself.
    client.type(`SENDATTACH ${bert} ${path.slice(0, -8)}`)
    await client.until(/compl$/m)
    client.type('\t')
    await client.until(/completed\.txt/)
    client.type('hello\r')
    await client.until(/SENDATTACH OK/)
    await client.close()
  })
})
