import { VERSION_NAMES, VERSIONS } from '../text-server.ts'
import { FILES } from './files-contract.ts'
import { createFilesEndpoint, noise } from './files-server.ts'
import {
  bodyOf,
  callParts,
  include,
  inPieces,
  multipart,
  part,
  problemOf,
  put,
  rootPart,
} from './packages.ts'

describe.each(VERSION_NAMES)('SOAP %s: a message of several parts is refused', (version) => {
  const { sender } = VERSIONS[version]
  const root = (...content: readonly string[]) => rootPart(version, put(...content))

  test('before any of its files is taken, where the envelope is wrong', async () => {
    const { endpoint } = await createFilesEndpoint()
    const body = multipart([rootPart(version, `<t:Take xmlns:t="${FILES}"/>`), part('a', noise(100_000))])
    let taken = 0
    async function* slowly() {
      for (let at = 0; at < body.length; at += 500) {
        taken = at
        yield body.subarray(at, at + 500)
      }
    }
    const [code] = await problemOf(await callParts(endpoint, version, slowly()))
    expect(code).toBe(sender)
    expect(taken).toBeLessThan(1000)
  })

  test('in the middle of a file that the operation has begun to take, which it is told by its stream', async () => {
    let failure: unknown
    const { endpoint } = await createFilesEndpoint({
      portType: {
        async Put({ content }: { readonly content: readonly { stream(): AsyncIterable<Uint8Array> }[] }) {
          let bytes = 0
          try {
            for await (const chunk of content[0]?.stream() ?? []) bytes += chunk.length
          } catch (error) {
            failure = error
            throw error
          }
          return { said: String(bytes) }
        },
      },
    })
    const body = multipart([root(include('cid:a')), part('a', noise(100_000))], '')
    const response = await callParts(endpoint, version, inPieces(body, [5000, 20_000, 50_000]))
    expect(failure).toMatchObject({ message: 'the multipart body ends before its last boundary' })
    expect((await problemOf(response))[0]).toBe(sender)
  })
})

test('the streams of a message are read one after the other, once, and in their order', async () => {
  const said: string[] = []
  const { endpoint } = await createFilesEndpoint({
    portType: {
      async Put({ content }: { readonly content: readonly { stream(): AsyncIterable<Uint8Array> }[] }) {
        const [one, two] = content as [(typeof content)[0], (typeof content)[0]]
        const first = one.stream()[Symbol.asyncIterator]()
        said.push(String((await first.next()).value))
        await two
          .stream()
          [Symbol.asyncIterator]()
          .next()
          .catch((error: Error) => said.push(error.message))
        try {
          one.stream()
        } catch (error) {
          said.push((error as Error).message)
        }
        await first.next()
        return { said: said.join(', ') }
      },
    },
  })
  const body = multipart([
    rootPart('1.1', put(include('cid:a'), include('cid:b'))),
    part('a', 'x'),
    part('b', 'y'),
  ])
  const response = await callParts(endpoint, '1.1', inPieces(body))
  expect((await bodyOf(response)).toString()).toContain(
    'x, the streams of a message must be read one after the other, the stream was taken before',
  )
})
