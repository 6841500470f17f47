import { makeLmdbFolder } from '../../support/lmdb-folder.ts'
import { type MessagingBed, openMessagingBed } from '../../support/messaging-bed.ts'
import { removeTempFolders } from '../../support/temp-folder.ts'

test('what was sent, given and acknowledged over SOAP is as it was after a restart', async () => {
  const folder = await makeLmdbFolder()
  async function restart(): Promise<MessagingBed> {
    await folder.reopen()
    return openMessagingBed({ backend: folder.backend })
  }
  let bed = await restart()
  await bed.add('ada', 'bob')
  for (const ref of ['r', 's', 't']) await bed.as('ada').send('bob', ref, ref)
  expect(await bed.as('bob').receive()).toHaveLength(3)
  await bed.as('bob').acknowledge(1)
  await bed.close()

  bed = await restart()
  expect((await bed.as('ada').send('bob', 'r', 'r')).result).toMatchObject({ messageId: '0' })
  expect((await bed.as('ada').status('r')).result).toEqual({ messageId: '0', status: 'Delivered' })
  expect((await bed.as('ada').status('s')).result).toEqual({ messageId: '1', status: 'Waiting' })
  // What was given before the restart can be acknowledged after it.
  expect((await bed.as('bob').acknowledge(2)).status).toBe(200)
  await bed.close()

  bed = await restart()
  expect(await bed.as('bob').receive()).toMatchObject([{ seq: '3', message: { text: 't' } }])
  expect((await bed.as('ada').receive()).map(({ receipt }) => receipt?.clientMessageId)).toEqual(['r', 's'])
  await bed.as('ada').acknowledge(2)
  expect((await bed.as('ada').status('s')).fault?.name).toBe('MessageNotFound')
  await bed.close()
  await folder.close()
  await removeTempFolders()
})
