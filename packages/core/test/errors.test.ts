import { describe, expect, it } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import vm from 'node:vm'
import {
  AbortedError,
  ERROR_CODES,
  FiledepotError,
  FileNotFoundError,
  FileTooLargeError,
  hasCode,
} from '../src/errors.ts'

const root = join(import.meta.dirname, '../../..')

/** The sections of docs/errors.md: code, meaning, what to do. */
function documentedCodes(): string[][] {
  const text = readFileSync(join(root, 'docs/errors.md'), 'utf8')
  return text
    .split(/^## /m)
    .slice(1)
    .map((section) => section.trim().split(/\n\n(?:\*\*What to do:\*\* )?/))
}

function sources(): string[] {
  return readdirSync(join(root, 'packages'))
    .map((name) => join(root, 'packages', name, 'src'))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => readFileSync(join(folder, name), 'utf8')),
    )
}

describe('ERROR_CODES', () => {
  it('is described in docs/errors.md, word for word', () => {
    const documented = documentedCodes().map(([code, meaning]) => [code, meaning])

    expect(documented).toEqual(Object.entries(ERROR_CODES).map(([code, meaning]) => [`\`${code}\``, meaning]))
  })

  it('has advice in docs/errors.md for each', () => {
    const silent = documentedCodes().filter(([, , advice]) => (advice ?? '').length < 10)

    expect(silent).toEqual([])
  })

  it('is in alphabetical order', () => {
    expect(Object.keys(ERROR_CODES)).toEqual(Object.keys(ERROR_CODES).sort())
  })

  it('holds no code that nothing throws', () => {
    const code = sources().join('\n')

    const unused = Object.keys(ERROR_CODES).filter((name) => !code.includes(`'${name}'`))

    expect(unused).toEqual([])
  })
})

describe('FiledepotError', () => {
  it('carries a code, a message and a cause', () => {
    const cause = new Error('EIO')

    const error = new FiledepotError('READ_FAILED', 'Cannot read "a/b"', { cause })

    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'FiledepotError',
      code: 'READ_FAILED',
      message: 'Cannot read "a/b"',
      cause,
    })
  })

  it('has subclasses that carry their data', () => {
    const cause = new Error('why')

    expect(new FileNotFoundError('a/b', { cause })).toMatchObject({
      name: 'FileNotFoundError',
      code: 'FILE_NOT_FOUND',
      message: 'No file has the path "a/b"',
      path: 'a/b',
      cause,
    })
    expect(new FileTooLargeError('film.mp4', 10)).toMatchObject({
      name: 'FileTooLargeError',
      code: 'FILE_TOO_LARGE',
      message: '"film.mp4" is larger than 10 bytes',
      filename: 'film.mp4',
      maxSize: 10,
    })
    expect(new AbortedError('Storing "x"', { cause })).toMatchObject({
      name: 'AbortError',
      code: 'ABORTED',
      message: 'Storing "x" was aborted',
      cause,
    })
  })
})

describe('hasCode', () => {
  it('knows an error by any of the codes', () => {
    const error = new FiledepotError('ABORTED', 'stop')

    expect(hasCode(error, 'ABORTED')).toBe(true)
    expect(hasCode(error, 'FILE_NOT_FOUND', 'ABORTED')).toBe(true)
    expect(hasCode(error, 'FILE_NOT_FOUND')).toBe(false)
  })

  it('knows an error of another copy of the package', () => {
    const foreign = Object.assign(new Error('no file'), { code: 'FILE_NOT_FOUND' })

    expect(hasCode(foreign, 'FILE_NOT_FOUND')).toBe(true)
  })

  it('knows an error of another realm', () => {
    const foreign: unknown = vm.runInNewContext(
      'Object.assign(new Error("no file"), { code: "FILE_NOT_FOUND" })',
    )

    expect(hasCode(foreign, 'FILE_NOT_FOUND')).toBe(true)
  })

  it.each([undefined, null, 'FILE_NOT_FOUND', 5, { code: 'FILE_NOT_FOUND' }])('refuses %p', (value) => {
    expect(hasCode(value, 'FILE_NOT_FOUND')).toBe(false)
  })
})
