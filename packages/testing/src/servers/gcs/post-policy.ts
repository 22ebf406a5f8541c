import { createVerify } from 'node:crypto'
import type { Form } from './parse-form.ts'
import { Refusal } from './refusal.ts'
import type { SigningKeys } from './signed-url.ts'

type Condition = Readonly<Record<string, string>> | readonly [string, string | number, string | number]

/** Fields that no condition has to name. */
const FREE = ['policy', 'x-goog-signature']

/** Refuses a form unless its policy is signed, not over, and allows every field and the size of the file. */
export function checkPostPolicy({ fields, file }: Form, bucket: string, keys: SigningKeys): void {
  const policy = fields.get('policy') ?? ''
  const key = keys[fields.get('x-goog-credential')?.split('/')[0] ?? '']
  const signature = fields.get('x-goog-signature') ?? ''
  if (key === undefined || !createVerify('RSA-SHA256').update(policy).verify(key, signature, 'hex')) {
    throw new Refusal(403, 'SignatureDoesNotMatch', 'Access denied.')
  }
  const { conditions, expiration } = JSON.parse(Buffer.from(policy, 'base64').toString()) as {
    conditions: Condition[]
    expiration: string
  }
  if (Date.parse(expiration) < Date.now()) throw new Refusal(400, 'ExpiredToken', 'The policy has expired.')

  const allowed = new Set(FREE)
  const known = new Map([...fields, ['bucket', bucket] as const])
  for (const condition of conditions) {
    const [operator, operand, value] = normalised(condition)
    if (operator === 'content-length-range') checkSize(file.byteLength, Number(operand), Number(value))
    else allowed.add(checkField(known, operator, String(operand).slice(1), String(value)))
  }
  for (const name of fields.keys()) {
    if (!allowed.has(name)) throw new Refusal(403, 'AccessDenied', `Policy did not reference ${name}`)
  }
}

function normalised(condition: Condition): readonly [string, string | number, string | number] {
  if (isTriple(condition)) return condition
  const [[name, value] = ['', '']] = Object.entries(condition)
  return ['eq', `$${name}`, value]
}

function isTriple(condition: Condition): condition is readonly [string, string | number, string | number] {
  return Array.isArray(condition)
}

function checkSize(size: number, least: number, most: number): void {
  if (size < least) throw new Refusal(400, 'EntityTooSmall', 'Your proposed upload is too small.')
  if (size > most) throw new Refusal(400, 'EntityTooLarge', 'Your proposed upload is too large.')
}

function checkField(
  fields: ReadonlyMap<string, string>,
  operator: string,
  name: string,
  value: string,
): string {
  const actual = fields.get(name) ?? ''
  const fits = operator === 'starts-with' ? actual.startsWith(value) : actual === value
  if (!fits) throw new Refusal(403, 'AccessDenied', `Policy did not permit ${name}`)
  return name
}
