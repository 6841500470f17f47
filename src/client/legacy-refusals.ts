import { Fault, type FaultCode } from '../domain/fault.ts'
import type { LEGACY_OPERATIONS, LegacyOperation } from '../wire/legacy.ts'

type Codes<Op extends LegacyOperation> = Exclude<keyof (typeof LEGACY_OPERATIONS)[Op]['replies'], 0>
type Refusal = readonly [code: FaultCode, reason: string]

const NO_SUCH_USER: Refusal = ['no-such-user', 'the server does not know this user: REGISTER comes first']
const OTHER = 'the server refused and this protocol does not tell why:'

/** What each reply byte of the original protocol refuses (wire-protocol 1), for people too. The byte for "other" has no more to tell than where to look. */
const LEGACY_REFUSALS: { readonly [Op in LegacyOperation]: Readonly<Record<Codes<Op>, Refusal>> } = {
  REGISTER: {
    1: ['user-exists', 'this name is taken: choose another, or CONNECT as it'],
    2: [
      'unavailable',
      `${OTHER} a name has 1 to 64 bytes, no blanks and no control characters; the server's log knows more`,
    ],
  },
  UNREGISTER: { 1: NO_SUCH_USER, 2: ['unavailable', `${OTHER} the server's log knows more`] },
  CONNECT: {
    1: NO_SUCH_USER,
    2: ['already-connected', 'somebody is connected as this user: DISCONNECT first'],
    3: ['unavailable', `${OTHER} the server's log knows more`],
  },
  DISCONNECT: {
    1: NO_SUCH_USER,
    2: ['not-connected', 'the server does not have this user as connected'],
    3: ['unavailable', `${OTHER} the server's log knows more`],
  },
  SEND: {
    1: ['no-such-user', 'the server does not know the recipient'],
    2: [
      'unavailable',
      `${OTHER} the message may be too long, the recipient's mailbox full, or you are no longer connected: CONNECT again`,
    ],
  },
}

/** The fault that a reply byte other than 0 stands for. */
export function legacyRefusal(operation: LegacyOperation, byte: number): Fault {
  const refusals: Readonly<Record<number, Refusal>> = LEGACY_REFUSALS[operation]
  const [code, reason] = refusals[byte] ?? ['unavailable', OTHER.slice(0, -1)]
  return new Fault(code, reason)
}
