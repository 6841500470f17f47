// Calls what it is told to with node-soap. See ../clients.ts for what it reads and writes.
import { createInterface } from 'node:readline'
import soap from 'soap'

const VERSIONS = { 1.1: {}, 1.2: { forceSoap12Headers: true } }
const clients = new Map()

/** node-soap strips every string unless it is asked not to, and then only where it has not cached the WSDL. */
function clientOf({ wsdl, version, user }) {
  const key = JSON.stringify([wsdl, version, user])
  const options = { preserveWhitespace: true, disableCache: true, ...VERSIONS[version] }
  if (!clients.has(key)) clients.set(key, soap.createClientAsync(wsdl, options))
  return clients.get(key)
}

async function answerTo(asked) {
  const { user, password, operation, input } = asked
  const client = await clientOf(asked)
  client.setSecurity(user === undefined ? undefined : new soap.WSSecurity(user, password))
  try {
    const [result] = await client[`${operation}Async`](input)
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
