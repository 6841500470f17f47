import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { Socket } from 'node:net'
import { createClientAsync, type IOptions } from 'soap'
import { CannotConnect, connectionFailure, nobodyListens, TimedOut } from '../client/errors.ts'
import { meetsItself } from '../domain/address.ts'
import { Fault } from '../domain/fault.ts'

/** Calls the text service (soap 1). */
export interface Trimmer {
  /** The text without its extra blanks. Rejects with `Fault`, `CannotConnect` or `TimedOut`, and then the message must not be sent. */
  trim(text: string): Promise<string>
  close(): void
}

/** Where the WSDL is, and how long a call may take, in milliseconds. */
export interface TrimmerOptions {
  readonly wsdl: string
  readonly timeoutMs: number
}

/** An operation as node-soap makes it from a WSDL. Resolves to the result, the raw response and more. */
type SoapOperation = (input: object, http: object) => Promise<readonly unknown[]>
interface RemoveSpaces {
  readonly call: SoapOperation
  readonly endpoint: string
}

const OPERATION = 'remove_spaces'
const NOT_SENT = 'the message was not sent; start the text service, or send as typed with --no-trim'
/** The longest answer that is read, in bytes. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024
/** What XML 1.0 cannot carry, 2.2: its Char production, turned round. */
const NOT_XML = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u

/** A trimmer that reads the WSDL when first needed, once, and keeps its connection. */
export function createTrimmer(options: TrimmerOptions): Trimmer {
  const httpAgent = onlyToOthers(new HttpAgent({ keepAlive: true }))
  const httpsAgent = onlyToOthers(new HttpsAgent({ keepAlive: true }))
  let operation: Promise<RemoveSpaces> | undefined

  return {
    async trim(text) {
      const wrong = NOT_XML.exec(text)?.[0]
      if (wrong !== undefined) {
        throw new Fault(
          'invalid-request',
          `the text service cannot be given the character ${wrong}: ${NOT_SENT}`,
        )
      }
      operation ??= load()
      operation.catch(() => {
        operation = undefined // the next SEND tries again
      })
      const { call, endpoint } = await operation
      const input = { string: { $xml: escapeXml(text) } }
      try {
        const [output] = await call(input, http()).catch((error: unknown) => {
          // A connection kept alive may be cut at the moment it is used. The operation changes nothing, so it may be called again.
          if (!wasCut(error)) throw error
          return call(input, http())
        })
        return resultOf(output)
      } catch (error) {
        throw explained(endpoint, error)
      }
    },
    close() {
      httpAgent.destroy()
      httpsAgent.destroy()
    },
  }

  async function load(): Promise<RemoveSpaces> {
    // Without `preserveWhitespace` node-soap strips results, and with a cached WSDL it forgets the option (soap 3).
    const soap: IOptions = { preserveWhitespace: true, disableCache: true, wsdl_options: http() }
    const client = await createClientAsync(options.wsdl, soap).catch((error: unknown) => {
      throw explained(options.wsdl, error)
    })
    const call: SoapOperation | undefined = client[`${OPERATION}Async`]
    if (call === undefined) {
      throw new Fault('unavailable', `${options.wsdl} has no operation ${OPERATION}: ${NOT_SENT}`)
    }
    const ports = Object.values(client.wsdl.definitions.services).flatMap((service) =>
      Object.values(service.ports),
    )
    return { call, endpoint: ports.at(-1)?.location ?? options.wsdl }
  }

  function http() {
    const signal = AbortSignal.timeout(options.timeoutMs)
    return { httpAgent, httpsAgent, signal, proxy: false, maxContentLength: MAX_ANSWER_BYTES }
  }

  function explained(address: string, error: unknown): Error {
    if (isObject(error) && error.code === 'ERR_CANCELED') {
      return new TimedOut(
        address,
        `${address} did not answer within ${options.timeoutMs / 1000} s: ${NOT_SENT}`,
      )
    }
    const fault = faultText(error)
    if (fault !== undefined) {
      return new Fault('unavailable', `${address} answered with a fault (${fault}): ${NOT_SENT}`)
    }
    const [why] = connectionFailure(error as Error).split('\n', 1)
    return new CannotConnect(address, `${address} does not work as a text service (${why}): ${NOT_SENT}`)
  }
}

/** Makes of an agent one whose dials that meet themselves (domain/address.ts) are refused: they would read their own request. */
function onlyToOthers<A extends HttpAgent>(agent: A): A {
  const dial = agent.createConnection.bind(agent)
  agent.createConnection = (...how) => {
    const socket = dial(...how)
    if (socket instanceof Socket) {
      socket.once('connect', () => {
        if (meetsItself(socket)) socket.destroy(nobodyListens())
      })
    }
    return socket
  }
  return agent
}

/** The text as XML character data that reads back the same: a CR would otherwise become a newline (XML 1.0, 2.11). */
function escapeXml(text: string): string {
  return text.replace(/[&<>\r]/g, (char) => `&#${char.charCodeAt(0)};`)
}

/** The string in the answer. */
function resultOf(output: unknown): string {
  const result = isObject(output) ? output[`${OPERATION}Result`] : undefined
  if (typeof result === 'string') return result
  throw new Error(`its answer has no ${OPERATION}Result`)
}

/** What a SOAP fault says, of either version, or undefined if the error is none. */
function faultText(error: unknown): string | undefined {
  const fault = ['root', 'Envelope', 'Body', 'Fault'].reduce<unknown>(
    (value, key) => (isObject(value) ? value[key] : undefined),
    error,
  )
  if (!isObject(fault)) return undefined
  const reason = isObject(fault.Reason) ? fault.Reason.Text : fault.faultstring
  return String(isObject(reason) ? reason.$value : reason)
}

function wasCut(error: unknown): boolean {
  return isObject(error) && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
