import express from 'express'

/**
 * Says of an address whether it is in a list of addresses and subnets as express's `trust proxy` takes them; undefined: none
 * is. Throws a `TypeError` for a list that is none.
 */
export function createProxyTrust(list: string | undefined): (address: string) => boolean {
  // It has no other way to what it reads such a list with, and there should be one reading.
  const app = express().set('trust proxy', list ?? false)
  const trusts = app.get('trust proxy fn') as (address: string, hop: number) => boolean
  return (address) => trusts(address, 0)
}
