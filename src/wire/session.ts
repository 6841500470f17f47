import { isUtf8 } from 'node:buffer'
import type { Attachment } from '../domain/attachments.ts'
import type { ByteString } from '../domain/byte-string.ts'
import type { FaultCode } from '../domain/fault.ts'
import type { Item } from '../domain/message.ts'

/**
 * The session protocol, wire-protocol 2: fields of UTF-8, each ended by NUL; how many fields a frame has is told by
 * its first. Pure: bytes in, values out.
 */

/** The version that SESSION asks for. */
export const SESSION_VERSION = '1'

/** One row per request: its fields after the ref. Feeds decoder, client, documentation check and tests. */
export const SESSION_REQUESTS = {
  REGISTER: { fields: ['user', 'verifier'] },
  AUTH: { fields: ['message'] },
  CONNECT: { fields: ['user', 'mode'] },
  DISCONNECT: { fields: [] },
  SEND: { fields: ['recipient', 'text'] },
  ATTACH: { fields: ['name', 'size', 'mediaType'] },
  CHUNK: { fields: ['upload', 'offset', 'bytes'] },
  SENDATTACH: { fields: ['recipient', 'upload', 'text'] },
  FETCH: { fields: ['seq', 'offset'] },
  UNREGISTER: { fields: [] },
  PASSWD: { fields: ['verifier'] },
  USERS: { fields: ['prefix'] },
  PING: { fields: [] },
} as const satisfies Record<string, { fields: readonly string[] }>

/** A request by name. */
export type SessionRequest = keyof typeof SESSION_REQUESTS

/** The frames of a client that have no ref and no reply: opening, confirmation, answer to PING. */
export const SESSION_NOTES = {
  SESSION: { fields: ['version'] },
  ACK: { fields: ['seq'] },
  PONG: { fields: ['n'] },
} as const satisfies Record<string, { fields: readonly string[] }>

/** One row per frame that a server sends. */
export const SESSION_REPLIES = {
  SESSION: { fields: ['version', 'maxTextBytes', 'window', 'heartbeatSeconds'] },
  OK: { fields: ['ref', 'result'] },
  FAULT: { fields: ['ref', 'code', 'reason'] },
  SEND_MESSAGE: { fields: ['seq', 'sender', 'id', 'acceptedAt', 'text'] },
  SEND_MESS_ATTACH: {
    fields: ['seq', 'sender', 'id', 'acceptedAt', 'text', 'name', 'size', 'sha256', 'mediaType'],
  },
  SEND_MESS_ACK: { fields: ['seq', 'id', 'ref', 'recipient'] },
  PING: { fields: ['n'] },
  BYE: { fields: ['reason'] },
} as const satisfies Record<string, { fields: readonly string[] }>

/** The longest piece of a file in one frame, and the shortest that every frame has room for, in bytes. */
const CHUNK_BYTES = { most: 16_384, least: 384 } as const

/** How many bytes of a file go into one frame: in base64 they must fit where a text does. */
export function chunkBytes(maxTextBytes: number): number {
  return Math.max(CHUNK_BYTES.least, Math.min(CHUNK_BYTES.most, Math.floor(maxTextBytes / 4) * 3))
}

/** How many fields follow the first, by the frame's first field. */
export type FieldCounts = ReadonlyMap<string, number>

/** What a server reads: a request has its ref before its own fields. */
export const CLIENT_FRAMES: FieldCounts = new Map([
  ...Object.entries(SESSION_REQUESTS).map(([name, { fields }]) => [name, fields.length + 1] as const),
  ...Object.entries(SESSION_NOTES).map(([name, { fields }]) => [name, fields.length] as const),
])

/** What a client reads. */
export const SERVER_FRAMES: FieldCounts = new Map(
  Object.entries(SESSION_REPLIES).map(([name, { fields }]) => [name, fields.length] as const),
)

/** Why a stream of frames cannot be read on: no later frame can be found in it. */
export type SessionBreach = 'unknown operation' | 'frame too large' | 'not UTF-8'

/** Takes one frame: its first field and those that follow. The array is the receiver's to keep. */
export type FrameHandler = (operation: string, fields: readonly ByteString[]) => void

/**
 * Decodes frames from chunks that end anywhere. The chunk becomes a string in one call, and fields are slices of it:
 * measured, that is several times faster than looking for ends in the bytes and copying each field out.
 */
export class SessionDecoder {
  readonly #counts: FieldCounts
  readonly #maxFrameBytes: number
  readonly #onFrame: FrameHandler
  /** What follows the last complete frame. */
  #rest = ''

  /** @param maxFrameBytes the longest frame, all its fields and their ends. */
  constructor(counts: FieldCounts, maxFrameBytes: number, onFrame: FrameHandler) {
    this.#counts = counts
    this.#maxFrameBytes = maxFrameBytes
    this.#onFrame = onFrame
  }

  /** Bytes of a frame that has begun and not ended. */
  get begun(): number {
    return this.#rest.length
  }

  /** Calls the handler for each frame that is complete. Returns the breach after which nothing more can be decoded, if there is one. */
  decode(chunk: Uint8Array): SessionBreach | undefined {
    const rest = this.#rest
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    const text = rest === '' ? bytes.toString('latin1') : rest + bytes.toString('latin1')
    // A NUL is no part of a longer character, so all up to the last one can be checked by itself, in one call.
    const whole = text.lastIndexOf('\0') + 1
    if (!isUtf8(rest === '' ? bytes.subarray(0, whole) : Buffer.from(text.slice(0, whole), 'latin1'))) {
      return 'not UTF-8'
    }
    let start = 0
    for (;;) {
      const wordEnd = text.indexOf('\0', start)
      if (wordEnd === -1) break
      const operation = text.slice(start, wordEnd)
      const count = this.#counts.get(operation)
      if (count === undefined) return 'unknown operation'
      const fields: ByteString[] = new Array(count)
      let at = wordEnd + 1
      let found = 0
      for (; found < count; found++) {
        const end = text.indexOf('\0', at)
        if (end === -1) break
        fields[found] = text.slice(at, end) as ByteString
        at = end + 1
      }
      if (found < count) break
      if (at - start > this.#maxFrameBytes) return 'frame too large'
      start = at
      this.#onFrame(operation, fields)
    }
    this.#rest = start === 0 ? text : text.slice(start)
    return this.#rest.length > this.#maxFrameBytes ? 'frame too large' : undefined
  }
}

/** A frame: its first field and those that follow, each ended by NUL. They must not hold NUL. */
export function encodeFrame(operation: string, ...fields: readonly (string | number)[]): ByteString {
  let frame = `${operation}\0`
  for (const field of fields) frame += `${field}\0`
  return frame as ByteString
}

/** The reply to a request that was done. */
export function encodeOk(ref: ByteString, result: string | number): ByteString {
  return `OK\0${ref}\0${result}\0` as ByteString
}

/** The reply to a request that was refused; the reason is for people. */
export function encodeFault(ref: string, code: FaultCode, reason: string): ByteString {
  return `FAULT\0${ref}\0${code}\0${reason}\0` as ByteString
}

/** The push of items. What neighbours share is joined once: every piece of a string that grows costs as much as another. */
export function encodeItems(items: readonly Item[]): ByteString {
  let frames = ''
  let from: ByteString | undefined
  let sender = ''
  let milliseconds = Number.NaN
  let time = ''
  let to: ByteString | undefined
  let recipient = ''
  for (const item of items) {
    if (item.kind === 'receipt') {
      if (item.recipient !== to) {
        to = item.recipient
        recipient = `\0${to}\0`
      }
      frames += `SEND_MESS_ACK\0${item.seq}\0${item.id}\0${item.ref}${recipient}`
      continue
    }
    if (item.sender !== from) {
      from = item.sender
      sender = `\0${from}\0`
    }
    if (item.acceptedAt !== milliseconds) {
      milliseconds = item.acceptedAt
      time = `\0${isoTime(milliseconds)}\0`
    }
    const { attachment } = item
    const word = attachment === undefined ? 'SEND_MESSAGE\0' : 'SEND_MESS_ATTACH\0'
    frames += `${word}${item.seq}${sender}${item.id}${time}${item.text}\0`
    if (attachment !== undefined) frames += encodeAttachment(attachment)
  }
  return frames as ByteString
}

/** The last fields of SEND_MESS_ATTACH. A file that the server has lost has no sum. */
function encodeAttachment({ name, size, sha256, mediaType, lost }: Attachment): string {
  return `${name}\0${size}\0${lost ? '' : sha256}\0${mediaType}\0`
}

let lastSecond = Number.NaN
let lastPrefix = ''

/** ISO 8601 in UTC. Formatting a time costs more than a frame: the times of one second differ in their last digits only. */
function isoTime(milliseconds: number): string {
  const second = Math.floor(milliseconds / 1000)
  if (second !== lastSecond) {
    lastSecond = second
    lastPrefix = new Date(milliseconds).toISOString().slice(0, -4)
  }
  return `${lastPrefix}${`${milliseconds - second * 1000}`.padStart(3, '0')}Z`
}
