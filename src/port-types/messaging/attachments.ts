import { type Attachment, checkFileName, checkMediaType, type Upload } from '../../domain/attachments.ts'
import { type ByteString, fromByteString, toByteString } from '../../domain/byte-string.ts'
import { Fault } from '../../domain/fault.ts'
import type { Claim, Messaging, OpenAttachment } from '../../domain/messaging.ts'
import type { SoapContext } from '../../soap/context.ts'
import { TypedFault } from '../../soap/fault.ts'
import type { SoapStream } from '../../soap/soap-stream.ts'
import { StreamTooLong } from '../../soap/stream-too-long.ts'
import type { Identify } from './caller.ts'
import { refOf } from './sending.ts'
import { aboutCaller } from './typed-faults.ts'
import { toXmlText } from './xml-text.ts'

/** What files are sent and fetched by. */
export interface AttachmentOptions {
  readonly messaging: Pick<Messaging, 'send' | 'sent' | 'foresee' | 'upload' | 'openAttachment'>
  readonly identify: Identify
  /** What `AttachmentTooLarge` tells. */
  readonly maxAttachmentBytes: number
}

interface SendAttachmentInput {
  readonly recipient: string
  readonly text?: string
  readonly fileName: string
  readonly mediaType?: string
  readonly content: SoapStream
  readonly clientMessageId?: string
}

/** Bytes that are read of a file at a time. */
const PIECE = 64 * 1024

/** SendAttachment and GetAttachment. A file goes by in pieces: of it there is never more here than its sender or reader keeps up with. */
export function createAttachmentOperations(options: AttachmentOptions) {
  const { messaging, identify, maxAttachmentBytes } = options

  return {
    async SendAttachment(input: SendAttachmentInput, context: SoapContext) {
      const { clientMessageId = crypto.randomUUID() } = input
      const claim = await identify(context)
      const ref = refOf(clientMessageId)
      const name = toByteString(input.fileName)
      const mediaType = toByteString(input.mediaType ?? input.content.mediaType ?? '')
      checkFileName(name)
      checkMediaType(mediaType)
      const sent = await messaging.sent(claim, ref).catch((error) => {
        throw aboutCaller(error)
      })
      if (sent !== undefined) return { messageId: sent.id, clientMessageId }

      const message = {
        recipient: toByteString(input.recipient),
        ref,
        text: toByteString(input.text ?? ''),
      }
      const { size } = input.content
      await messaging.foresee(claim, { ...message, fileBytes: size ?? 0 })
      const upload = await begin(claim, size)
      try {
        await take(input.content, upload)
        const attachment = { ...(await upload.finish()), name, mediaType }
        const [outcome] = await messaging.send(claim, [{ ...message, attachment }], { absent: true })
        if (typeof outcome !== 'number') throw outcome
        return { messageId: outcome, clientMessageId }
      } finally {
        await upload.discard()
      }
    },

    async GetAttachment({ seq }: { readonly seq: bigint }, context: SoapContext) {
      const claim = await identify(context)
      const reader = await open(claim, seq)
      // Opened again when somebody reads it: whether anybody will, is not known here.
      await reader.close()
      const descriptor = toDescriptor(reader.attachment)
      const { mediaType } = descriptor
      return {
        ...descriptor,
        content: { size: reader.size, mediaType, stream: () => read(() => open(claim, seq)) },
      }
    },
  }

  async function begin(claim: Claim, size: number | undefined): Promise<Upload> {
    try {
      return await messaging.upload(claim, { absent: true, ...(size === undefined ? {} : { size }) })
    } catch (error) {
      throw aboutFile(error)
    }
  }

  async function take(content: SoapStream, upload: Upload): Promise<void> {
    try {
      for await (const chunk of content.stream()) await upload.write(chunk)
    } catch (error) {
      throw aboutFile(error)
    }
  }

  /** Of two limits on a message, this one is about its file. */
  function aboutFile(error: unknown): unknown {
    const tooLarge = error instanceof StreamTooLong || (error instanceof Fault && error.code === 'too-large')
    if (!tooLarge) return error
    return new TypedFault('AttachmentTooLarge', `a file has at most ${maxAttachmentBytes} bytes`, {
      maxAttachmentBytes,
    })
  }

  async function open(claim: Claim, seq: bigint): Promise<OpenAttachment> {
    // Beyond what a number holds exactly there is no seq either.
    return messaging.openAttachment(claim, Number(seq)).catch((error) => {
      const isMissing = error instanceof Fault && error.code === 'invalid-request'
      throw isMissing ? new TypedFault('AttachmentNotFound', error.message) : aboutCaller(error)
    })
  }
}

async function* read(open: () => Promise<OpenAttachment>): AsyncGenerator<Uint8Array> {
  const reader = await open()
  try {
    for (let offset = 0; offset < reader.size; ) {
      const bytes = await reader.read(offset, PIECE)
      if (bytes.byteLength === 0) return
      offset += bytes.byteLength
      yield bytes
    }
  } finally {
    await reader.close()
  }
}

/** What is told of a file beside its bytes. */
export function toDescriptor({ name, mediaType, size, sha256, lost }: Attachment) {
  return {
    fileName: toXmlText(name),
    mediaType: said(mediaType),
    size,
    sha256: lost ? undefined : fromByteString(sha256),
  }
}

function said(mediaType: ByteString): string | undefined {
  return mediaType === '' ? undefined : fromByteString(mediaType)
}
