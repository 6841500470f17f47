import { readFileSync } from 'node:fs'
import { openTerminalClient } from '../support/command-line.ts'
import { testWith } from '../support/describe-with.ts'
import { startRestartableServer } from '../support/restartable-server.ts'

const README = readFileSync('README.md', 'utf8')
const EXAMPLE = README.slice(README.indexOf('## An example'), README.indexOf('From scripts:'))

testWith('python3')(
  "the README's example, pasted into two prompts, gives what the README shows",
  async () => {
    const [first = [], second = [], meanwhile = []] = Array.from(
      EXAMPLE.matchAll(/^```\n(.*?)\n```$/gms),
      (block) => (block[1] ?? '').split('\n').filter((line) => !line.startsWith('$ ')),
    )
    const server = await startRestartableServer()
    const flags = ['-s', 'localhost', '-p', String(server.port), '--wsdl', server.wsdl]
    const clients = [first, second].map(() => openTerminalClient(flags, { columns: 100 }))
    try {
      const [boogie33, beastmaster64] = clients
      await boogie33?.until(/^c>$/)
      boogie33?.type(pasted(first).join(''))
      await boogie33?.until(/MESSAGE id 0\nc>$/)
      expect(boogie33?.screen.rows()).toEqual([...first, 'c>'])
      await beastmaster64?.until(/^c>$/)
      const [connect = '', send = ''] = pasted(second)
      beastmaster64?.type(connect)
      await beastmaster64?.until(/joke\?\nEND\nc>$/)
      beastmaster64?.type(send)
      await beastmaster64?.until(/SEND MESSAGE id 1 OK\nc>$/)
      expect(beastmaster64?.screen.rows()).toEqual([...second, 'c>'])
      await boogie33?.until(/not now\nEND\nc>$/)
      expect(boogie33?.screen.rows()).toEqual([...first, ...meanwhile, 'c>'])
    } finally {
      for (const client of clients) await client.close()
      await server.close()
    }
  },
)

/** What somebody copies: what stands after the prompts. */
function pasted(lines: readonly string[]): string[] {
  return lines.filter((line) => line.startsWith('c> ')).map((line) => `${line.slice(3)}\r`)
}
