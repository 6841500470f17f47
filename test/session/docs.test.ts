import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { SERVER_FLAGS } from '../../src/config-flags.ts'
import { FAULT_CODES } from '../../src/domain/fault.ts'
import { LEGACY_OPERATIONS, LEGACY_PUSHES } from '../../src/wire/legacy.ts'
import { SESSION_NOTES, SESSION_REPLIES, SESSION_REQUESTS } from '../../src/wire/session.ts'
import { describeWith } from '../support/describe-with.ts'
import { runDmsToEnd } from '../support/server-process.ts'
import { createSessionBed } from '../support/session-bed.ts'

const PROTOCOL = readFileSync('docs/protocol.md', 'utf8')
const README = readFileSync('README.md', 'utf8')

/** The rows of the table with this head, each as its cells. */
function table(text: string, head: string): string[][] {
  const lines = text.split('\n')
  const start = lines.indexOf(head)
  if (start === -1) throw new Error(`there is no table with the head ${head}`)
  const end = lines.findIndex((line, at) => at > start && !line.startsWith('|'))
  return lines.slice(start + 2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

const code = (text: string) => text.replaceAll('`', '')
const words = (text: string) => text.split(/[\s,]+/).filter((word) => word !== '')

describe('docs/protocol.md', () => {
  test('has every frame of a client, with its fields in their order', () => {
    const rows = table(PROTOCOL, '| frame | fields | OK carries | meaning |')
    const documented = rows.map(([frame = '', fields = '']) => [code(frame), words(fields)])
    expect(Object.fromEntries(documented)).toEqual(
      Object.fromEntries([
        ...Object.entries(SESSION_REQUESTS).map(([name, { fields }]) => [name, ['ref', ...fields]]),
        ...Object.entries(SESSION_NOTES).map(([name, { fields }]) => [name, [...fields]]),
      ]),
    )
  })

  test('has every frame of a server, with its fields in their order', () => {
    const rows = table(PROTOCOL, '| frame | fields | meaning |')
    const documented = rows.map(([frame = '', fields = '']) => [code(frame), words(fields)])
    expect(Object.fromEntries(documented)).toEqual(
      Object.fromEntries(Object.entries(SESSION_REPLIES).map(([name, { fields }]) => [name, [...fields]])),
    )
  })

  test('has every fault code', () => {
    const rows = table(PROTOCOL, '| code | when |')
    expect(rows.map(([name = '']) => code(name))).toEqual([...FAULT_CODES])
  })

  test('has every request of the original protocol, with its fields and reply bytes', () => {
    const rows = table(PROTOCOL, '| request | fields | reply byte |')
    const documented = rows.map(([name = '', fields = '', replies = '']) => ({
      name: code(name),
      fields: words(fields),
      bytes: replies.split(' · ').map((reply) => reply.slice(0, 1)),
      meanings: replies.split(' · ').map((reply) => reply.slice(2)),
    }))
    expect(documented).toEqual(
      Object.entries(LEGACY_OPERATIONS).map(([name, { fields, replies }]) => ({
        name,
        fields,
        bytes: Object.keys(replies),
        meanings: Object.values(replies).map((meaning) =>
          meaning.replace(/^done, then the id$/, 'then the id in decimal and NUL'),
        ),
      })),
    )
    for (const push of Object.keys(LEGACY_PUSHES)) expect(PROTOCOL).toContain(push)
  })

  test('shows the example as it is', () => {
    const shown = /```python\n([\s\S]*?)```/.exec(PROTOCOL)?.[1]
    expect(shown).toBe(readFileSync('examples/client.py', 'utf8'))
  })
})

describeWith('python3')('examples/client.py', () => {
  test.each(['new', 'there already'])('talks to the server as a user who is %s', async (user) => {
    const bed = await createSessionBed()
    try {
      if (user === 'there already') await (await bed.join('juliet')).ask('DISCONNECT')
      const child = spawn('python3', ['examples/client.py', '127.0.0.1', String(bed.port), 'juliet'])
      let said = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
      const [exit] = await once(child, 'close')
      expect(exit).toBe(0)
      const [opened, registered, ...more] = said.trim().split('\n')
      expect(opened).toBe('SESSION 1 65536 256 30')
      expect(registered).toMatch(user === 'new' ? /^OK / : /^FAULT \S+ user-exists /)
      // The message may come before the OK of its SEND: it is stored then, and both are on their way.
      expect(more.map((line) => line.split(' ')[0]).sort()).toEqual([
        'OK',
        'OK',
        'SEND_MESSAGE',
        'SEND_MESS_ACK',
      ])
      expect(said).toMatch(/note to self/)
    } finally {
      await bed.close()
    }
  })
})

describe('the flags of the server', () => {
  const longFlags = (text: string) => new Set([...text.matchAll(/--[a-z][a-z-]*/g)].map(([flag]) => flag))

  test('are the same in the README and in dms server --help', async () => {
    const { stdout } = await runDmsToEnd(['server', '--help'])
    const helped = longFlags(
      stdout
        .split('\n')
        .flatMap((line) => /^ {2}(\S.*?) {2,}/.exec(line)?.[1] ?? [])
        .join('\n'),
    )
    helped.delete('--help')
    const rows = table(README, '| `dms server` | | default |')
    expect([...longFlags(rows.map(([flags]) => flags).join(' '))].sort()).toEqual([...helped].sort())
  })

  test('have the defaults that the README names', () => {
    const rows = table(README, '| `dms server` | | default |')
    const otherwise = (flag: string) =>
      SERVER_FLAGS.find(({ flags }) => flags.includes(`${flag} `))?.otherwise
    const told = rows.map(([flags = '', , defaults = '']) => ({
      values: [...longFlags(flags)].map(otherwise).filter((value) => typeof value === 'number'),
      numbers: defaults
        .replaceAll(/(\d+) KiB/g, (_, n) => String(n * 1024))
        .replaceAll(/(\d+) MiB/g, (_, n) => String(n * 1024 ** 2))
        .replaceAll(/(\d+) GiB/g, (_, n) => String(n * 1024 ** 3)),
    }))
    for (const { values, numbers } of told) {
      const named = numbers.replaceAll(/,(?=\d{3}\b)/g, '')
      for (const value of values) expect(named).toContain(String(value))
    }
  })
})
