import { describe, expect, it } from '@jest/globals'
import { redact } from '../src/redact.ts'

describe('redact', () => {
  it.each([
    [
      'a password in a URL',
      'cannot reach postgres://app:s3cret@db/app',
      'cannot reach postgres://***@db/app',
    ],
    ['a variable of the environment', 'got the key AKIAEXAMPLEKEY', 'got the key ***'],
    ['a property', 'bad config {"password":"hunter2"}', 'bad config {"password":"***"}'],
    ['a signature', 'GET https://b/x?X-Amz-Signature=abc&y=1', 'GET https://b/x?X-Amz-Signature=***&y=1'],
  ])('takes out %s', (_, text, expected) => {
    expect(redact(text, { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLEKEY', EDITOR: 'bad config' })).toBe(expected)
  })
})
