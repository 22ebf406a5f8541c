import { describe, it } from '@jest/globals'
import { MemoryBackend } from '@filedepot/core'
import { describeBackend } from '@filedepot/testing'

describeBackend(
  'MemoryBackend',
  { create: () => new MemoryBackend(), holdsFilesInMemory: true },
  { describe, it },
)
