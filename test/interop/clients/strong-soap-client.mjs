// Calls what it is told to with strong-soap. See ../clients.ts for what it reads and writes.
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { soap } from 'strong-soap'

const createClient = promisify(soap.createClient)
const clients = new Map()

function clientOf({ wsdl, version, user }) {
  const key = JSON.stringify([wsdl, version, user])
  if (!clients.has(key)) clients.set(key, createClient(wsdl, { forceSoapVersion: version }))
  return clients.get(key)
}

async function answerTo(asked) {
  const { user, password, operation, input } = asked
  const client = await clientOf(asked)
  client.setSecurity(user === undefined ? undefined : new soap.WSSecurity(user, password))
  try {
    const { result } = await client[operation](input)
    return { result: result ?? {} }
  } catch (error) {
    const fault = error.root?.Envelope?.Body?.Fault
    if (fault === undefined) throw error
    const [[name, detail]] = Object.entries(fault.detail ?? fault.Detail)
    return { fault: { name, reason: fault.faultstring ?? fault.Reason.Text, detail } }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await answerTo(JSON.parse(line)).catch((error) => ({ error: String(error) }))
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
