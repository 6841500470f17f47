import { createHash } from 'node:crypto'
import type { SoapContext } from '../../../src/soap/context.ts'
import type { PortType } from '../../../src/soap/dispatch.ts'
import { createSoapEndpoint, type SoapEndpoint } from '../../../src/soap/endpoint.ts'
import type { SoapFailure } from '../../../src/soap/failure.ts'
import { createFastHttp, type FastHttpOptions } from '../../../src/soap/fast-http.ts'
import { HeldBytes } from '../../../src/soap/held-bytes.ts'
import { createSoapHttpHandler } from '../../../src/soap/http-handler.ts'
import { DEFAULT_SOAP_LIMITS, type SoapLimits } from '../../../src/soap/limits.ts'
import { type SoapStream, streamOf } from '../../../src/soap/soap-stream.ts'
import { type HttpServer, openHttpServer } from '../../../src/web/http-server.ts'
import { createWebApp } from '../../../src/web/web-app.ts'
import { readFiles } from './files-contract.ts'

export interface PutInput {
  readonly name: string
  readonly small?: readonly Uint8Array[]
  readonly content?: readonly SoapStream[]
}

/** All bytes of a stream. */
export async function collect(stream: SoapStream): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream.stream()) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Bytes that look like nothing, always the same. */
export function noise(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  for (let at = 0, state = 1; at < length; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

/** Says what it took, and gives back what was put under a name. */
function createFiles() {
  const files = new Map<string, Buffer>()
  const portType = {
    async Put({ name, small = [], content = [] }: PutInput) {
      const said = small.map((bytes) => `small ${Buffer.from(bytes).toString('latin1')}`)
      let taken: Buffer | undefined
      for (const stream of content) {
        const bytes = await collect(stream)
        taken = bytes
        said.push(`${bytes.length} ${sha256(bytes)} ${stream.mediaType ?? '-'} ${stream.size ?? '-'}`)
      }
      if (taken !== undefined) files.set(name, taken)
      return { said: said.join('\n') }
    },
    async Describe({ content }: { readonly content: SoapStream | null }) {
      if (content === null) return { content: null }
      const bytes = await collect(content)
      return { content: streamOf(bytes, content.mediaType) }
    },
    /** Its size is not said. */
    Get: ({ name }: { readonly name: string }) => ({
      name,
      content: { stream: () => streamOf(files.get(name) ?? Buffer.alloc(0), undefined).stream() },
    }),
    GetKnown: ({ name }: { readonly name: string }) => ({
      content: name.split(' ').map((one) => streamOf(files.get(one) ?? Buffer.alloc(0), 'text/x-file')),
    }),
    Echo: ({ text }: { readonly text: string }, _: SoapContext) => ({ text }),
  }
  return { files, portType }
}

export interface FilesServer extends HttpServer {
  readonly url: string
  readonly endpoint: SoapEndpoint
  readonly files: Map<string, Buffer>
  readonly failures: readonly SoapFailure[]
}

export async function createFilesEndpoint(
  options: { readonly limits?: Partial<SoapLimits>; readonly portType?: Partial<PortType> } = {},
) {
  const { files, portType } = createFiles()
  const failures: SoapFailure[] = []
  const contract = await readFiles()
  const endpoint = createSoapEndpoint({
    contract,
    portType: { ...portType, ...options.portType } as PortType,
    limits: { ...DEFAULT_SOAP_LIMITS, ...options.limits },
    onFault: (failure) => failures.push(failure),
  })
  return { contract, endpoint, files, failures }
}

/** The service on a free port of 127.0.0.1, with and without the fast path before it. */
export async function openFilesServer(
  options: Parameters<typeof createFilesEndpoint>[0] & {
    readonly fast?: boolean
    readonly requestTimeoutMs?: number
    readonly heldBytes?: number
  } = {},
): Promise<FilesServer> {
  const { contract, ...made } = await createFilesEndpoint(options)
  const { requestTimeoutMs = 10_000, heldBytes = Number.POSITIVE_INFINITY } = options
  const held = new HeldBytes(heldBytes)
  const server = await openHttpServer({
    host: '127.0.0.1',
    port: 0,
    endpoints: new Map([
      ['/', createSoapHttpHandler(made.endpoint, { held, answerTimeoutMs: requestTimeoutMs })],
    ]),
    app: createWebApp({ services: new Map([['/', contract]]), failure: () => undefined }),
    requestTimeoutMs,
    ...(options.fast === false
      ? {}
      : {
          fastPath: (fast: Pick<FastHttpOptions, 'handOver' | 'requestTimeoutMs'>) =>
            createFastHttp({ endpoints: new Map([['/', made.endpoint]]), held, ...fast }),
        }),
  })
  return { ...server, ...made, url: `http://127.0.0.1:${server.port}` }
}
