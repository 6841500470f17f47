import { dialAndPush } from '../../src/transport/push-dial.ts'
import { dialItself } from '../support/self-dial.ts'

test('a push to a port where nobody listens is never taken for delivered, not even when the dial meets itself', async () => {
  const bytes = Buffer.from('SEND_MESS_ACK\x007\0')
  const push = (port: number) => dialAndPush({ address: '127.0.0.1', port, bytes, readMs: 60_000 })
  expect(await dialItself(push)).toEqual({ result: 'refused', met: 1 })
})
