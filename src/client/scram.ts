import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { type ByteString, toByteString } from '../domain/byte-string.ts'
import {
  authMessage,
  decodeServerFinal,
  decodeServerFirst,
  encodeClientFinal,
  encodeClientFinalWithoutProof,
  encodeClientFirstBare,
  GS2_HEADER,
} from '../domain/scram.ts'
import { formatVerifier, ITERATIONS, KEY_BYTES, prepareSecret } from '../domain/verifier.ts'

/** What answered has not shown that it knows the user: it is not the server that the user registered with, or it is broken. */
export class UnprovenServer extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'UnprovenServer'
  }
}

/** The client's side of one SCRAM-SHA-256 exchange (RFC 5802 and 7677). For one use. */
export interface ScramClient {
  /** The first message to send. */
  readonly clientFirst: ByteString
  /**
   * Takes the server's first message; resolves to the second one to send. Rejects with `UnprovenServer` when the server's is
   * malformed, answers somebody else's, or asks for so few iterations that a listener could guess, or so many that it would burn this machine.
   */
  final(serverFirst: ByteString): Promise<ByteString>
  /** Takes the server's last message. Throws `UnprovenServer` unless it proves that the server has the user's verifier. */
  verify(serverFinal: ByteString): void
}

/** Whom to log in. */
export interface ScramClientOptions {
  readonly user: string
  /** The generated secret or the password. */
  readonly secret: string
  /** The client's part of a nonce, printable ASCII without a comma; random by default. */
  readonly nonce?: string
}

/** Begins an exchange. Throws `invalid-request` for a secret that nobody can have (`prepareSecret`). */
export function createScramClient(options: ScramClientOptions): ScramClient {
  const { user, secret, nonce = randomBytes(18).toString('base64') } = options
  const prepared = prepareSecret(secret)
  const bare = encodeClientFirstBare(toByteString(user), nonce as ByteString)
  let expected: Buffer | undefined

  return {
    clientFirst: `${GS2_HEADER}${bare}` as ByteString,

    async final(serverFirst) {
      const server = fromServer(() => decodeServerFirst(serverFirst))
      if (!server.nonce.startsWith(nonce) || server.nonce.length === nonce.length) {
        throw new UnprovenServer(
          'the server answered with a nonce that does not continue the one it was sent',
        )
      }
      const keys = await deriveKeys(prepared, server.salt, server.iterations)
      const withoutProof = encodeClientFinalWithoutProof(GS2_HEADER, server.nonce)
      const signed = authMessage(bare, serverFirst, withoutProof)
      expected = hmac(keys.serverKey, signed)
      const signature = hmac(keys.storedKey, signed)
      return encodeClientFinal(
        withoutProof,
        keys.clientKey.map((byte, at) => byte ^ (signature[at] ?? 0)),
      )
    },

    verify(serverFinal) {
      const signature = fromServer(() => decodeServerFinal(serverFinal))
      if (expected === undefined || !timingSafeEqual(signature, expected)) {
        throw new UnprovenServer(
          'the server has not proven that it knows this user: it may be another server',
        )
      }
    },
  }
}

/** A new secret: 144 random bits as 24 characters of base64url, which no guess finds. */
export function createSecret(): string {
  return randomBytes(18).toString('base64url')
}

/**
 * What REGISTER and PASSWD hand to the server instead of the secret (RFC 5803), with a random salt of 16 bytes.
 * @param kind how the secret came about; it decides the iterations (`ITERATIONS`).
 */
export async function createVerifier(secret: string, kind: keyof typeof ITERATIONS): Promise<ByteString> {
  const salt = randomBytes(16)
  const iterations = ITERATIONS[kind]
  const { storedKey, serverKey } = await deriveKeys(prepareSecret(secret), salt, iterations)
  return formatVerifier({ iterations, salt, storedKey, serverKey })
}

/** RFC 5802, section 3: the keys that follow from a secret. */
async function deriveKeys(secret: ByteString, salt: Uint8Array, iterations: number) {
  const salted = await slowHash(Buffer.from(secret, 'latin1'), salt, iterations, KEY_BYTES, 'sha256')
  const clientKey = hmac(salted, 'Client Key')
  const storedKey = createHash('sha256').update(clientKey).digest()
  return { clientKey, storedKey, serverKey: hmac(salted, 'Server Key') }
}

/** Reads what a server sent: what is wrong with it is the server's doing, not a refusal of a request. */
function fromServer<Message>(decode: () => Message): Message {
  try {
    return decode()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new UnprovenServer(`the server does not log in as it should: ${why}`, { cause })
  }
}

const slowHash = promisify(pbkdf2)

const hmac = (key: Uint8Array, text: string): Buffer =>
  createHmac('sha256', key).update(text, 'latin1').digest()
