// What the clients on node-soap and on strong-soap, which grew from it, have in common. See ../clients.ts for what they read and write.
import { createInterface } from 'node:readline'

/**
 * Answers every call of standard input.
 * @param createClient resolves to the library's client for a service, in a version of SOAP.
 * @param call calls an operation of it, and resolves to the reply's fields.
 */
export async function answerCalls({ WSSecurity }, createClient, call) {
  const clients = new Map()

  const clientOf = ({ wsdl, version, user }) => {
    const key = JSON.stringify([wsdl, version, user])
    if (!clients.has(key)) clients.set(key, createClient(wsdl, version))
    return clients.get(key)
  }

  const answerTo = async (asked) => {
    const { user, password, operation, input } = asked
    const client = await clientOf(asked)
    client.setSecurity(user === undefined ? undefined : new WSSecurity(user, password))
    try {
      return { result: (await call(client, operation, input)) ?? {} }
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
}
