import { Refusal } from './refusal.ts'

/** A form of `multipart/form-data` that brings one file. */
export interface Form {
  /** The fields that are text, by name. */
  readonly fields: ReadonlyMap<string, string>
  readonly file: Buffer
}

const BLANK_LINE = Buffer.from('\r\n\r\n')

/** Takes a form apart at its boundary. */
export function parseForm(body: Buffer, contentType = ''): Form {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1]
  if (boundary === undefined) throw new Refusal(400, 'MalformedPOSTRequest', 'The form has no boundary.')
  const fields = new Map<string, string>()
  let file = Buffer.alloc(0)
  for (const part of partsOf(body, boundary)) {
    const end = part.indexOf(BLANK_LINE)
    const name = /name="([^"]*)"/.exec(part.toString('utf8', 0, end))?.[1] ?? ''
    const value = part.subarray(end + BLANK_LINE.byteLength)
    if (name === 'file') file = Buffer.from(value)
    else fields.set(name, value.toString())
  }
  return { fields, file }
}

/** What lies between the boundaries, without the line breaks that belong to them. */
function* partsOf(body: Buffer, boundary: string): Generator<Buffer> {
  const marker = Buffer.from(`--${boundary}`)
  let start = body.indexOf(marker) + marker.byteLength
  for (let next = body.indexOf(marker, start); next >= 0; next = body.indexOf(marker, start)) {
    yield body.subarray(start + 2, next - 2)
    start = next + marker.byteLength
  }
}
