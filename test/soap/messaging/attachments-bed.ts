import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { MessagingBed } from '../../support/messaging-bed.ts'
import {
  type Answer,
  envelope,
  MEDIA,
  PASSWORD,
  readAnswer,
  request,
  usernameToken,
  type Version,
} from '../../support/messaging-calls.ts'
import { LOCAL } from '../callers.ts'
import { bodyOf, callParts, include, inPieces, multipart, part, readMultipart } from '../mtom/packages.ts'

/** How a file goes. */
export const WAYS = ['mtom', 'inline'] as const
export type Way = (typeof WAYS)[number]

export interface FileToSend {
  readonly recipient: string
  readonly fileName?: string
  readonly text?: string
  readonly mediaType?: string
  readonly clientMessageId?: string
  readonly bytes: Buffer
}

/** The body's element; `content` is XML. */
export function sendAttachment({ bytes: _, ...file }: FileToSend, content: string): string {
  const { clientMessageId, fileName = 'plan.pdf', ...fields } = file
  const head = request('SendAttachment', {
    recipient: fields.recipient,
    text: fields.text,
    fileName,
    mediaType: fields.mediaType,
  })
  const id = clientMessageId === undefined ? '' : `<clientMessageId>${clientMessageId}</clientMessageId>`
  return head.replace('</SendAttachment>', `<content>${content}</content>${id}</SendAttachment>`)
}

/** The document with the envelope as the first part; with a UsernameToken where a user is named. */
export function rootOf(user: string | undefined, version: Version, body: string) {
  return {
    headers: [`Content-Type: application/xop+xml; type="${MEDIA[version].type}"`, 'Content-ID: <root@a>'],
    bytes: envelope(body, {
      version,
      ...(user === undefined ? {} : { header: usernameToken(user, PASSWORD) }),
    }),
  }
}

/** A file from a user, and the answer. */
export async function sendFile(
  bed: MessagingBed,
  user: string,
  file: FileToSend,
  { way, version = '1.1' }: { readonly way: Way; readonly version?: Version },
): Promise<Answer> {
  if (way === 'inline') {
    return bed.as(user).call(sendAttachment(file, file.bytes.toString('base64')), { version })
  }
  const parts = [
    rootOf(user, version, sendAttachment(file, include('cid:f'))),
    part('f', file.bytes, 'image/png'),
  ]
  const body = inPieces(multipart(parts), [500, 1500, 70_000, 200_000])
  const response = await callParts(bed.endpoint, version, body, { caller: LOCAL })
  return readAnswer(response.status, String(await bodyOf(response)))
}

/** A file as a user gets it: what is told of it, and its bytes. */
export async function getFile(
  bed: MessagingBed,
  user: string,
  seq: string | number,
  { way, version = '1.1' }: { readonly way: Way; readonly version?: Version },
): Promise<Answer & { readonly bytes: Buffer }> {
  const body = request('GetAttachment', { seq })
  if (way === 'inline') {
    const answer = await bed.as(user).call(body, { version })
    return { ...answer, bytes: Buffer.from(String(answer.result?.content ?? ''), 'base64') }
  }
  const whole = inPieces(multipart([rootOf(user, version, body)]))
  const response = await callParts(bed.endpoint, version, whole, { caller: LOCAL })
  const text = await bodyOf(response)
  const contentType = response.headers['Content-Type'] ?? ''
  if (!contentType.startsWith('multipart/')) {
    return { ...(await readAnswer(response.status, String(text))), bytes: Buffer.alloc(0) }
  }
  const { parts } = readMultipart({ contentType, body: text })
  const answer = await readAnswer(response.status, String(parts[0]?.bytes))
  return { ...answer, bytes: parts[1]?.bytes ?? Buffer.alloc(0) }
}

/** Files that a data folder holds, finished or not. */
export async function filesIn(path: string): Promise<readonly string[]> {
  return (await readdir(join(path, 'attachments'), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
}
