import { describe, expect, it } from '@jest/globals'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeBackend } from '@filedepot/testing'
import { OneFileBackend } from './one-file-backend.ts'

describeBackend(
  'The storage of docs/writing-a-backend.md',
  {
    create: async () => new OneFileBackend(await mkdtemp(join(tmpdir(), 'filedepot-'))),
    destroy: ({ folder }) => rm(folder, { recursive: true }),
    leftovers: async ({ folder }) => (await readdir(folder)).filter((name) => name.endsWith('.tmp')),
  },
  { describe, it },
)

describe('docs/writing-a-backend.md', () => {
  it('shows the very storage that is tested here', async () => {
    const page = await readFile(new URL('../../../docs/writing-a-backend.md', import.meta.url), 'utf8')

    const code = await readFile(new URL('./one-file-backend.ts', import.meta.url), 'utf8')

    expect(page).toContain(`\`\`\`ts\n${code}\`\`\``)
  })
})
