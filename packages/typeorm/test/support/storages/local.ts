import { LocalBackend } from '@filedepot/core'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunningStorage } from './empty-backend.ts'

/** Folders of one that is removed at the end. */
export function startLocal(): RunningStorage {
  const root = mkdtempSync(join(tmpdir(), 'filedepot-typeorm-'))
  let count = 0
  return {
    emptyBackend: () => new LocalBackend(join(root, String(count++))),
    stop: () => rm(root, { recursive: true, force: true }),
  }
}
