import { abortCases } from './abort-cases.ts'
import type { BackendCase } from './backend-case.ts'
import { bytesCases } from './bytes-cases.ts'
import { concurrencyCases } from './concurrency-cases.ts'
import { contentCases } from './content-cases.ts'
import { copyCases } from './copy-cases.ts'
import { createCases } from './create-cases.ts'
import { deleteCases } from './delete-cases.ts'
import { failureCases } from './failure-cases.ts'
import { listCases } from './list-cases.ts'
import { metadataCases } from './metadata-cases.ts'
import { openCases } from './open-cases.ts'
import { ownerCases } from './owner-cases.ts'
import { rangeCases } from './range-cases.ts'
import { readCases } from './read-cases.ts'
import { replaceCases } from './replace-cases.ts'
import { streamCases } from './stream-cases.ts'
import { urlCases } from './url-cases.ts'

/** The whole suite: every promise of {@link StorageBackend}, one case each. */
export const backendCases: readonly BackendCase[] = [
  ...createCases,
  ...contentCases,
  ...copyCases,
  ...metadataCases,
  ...readCases,
  ...rangeCases,
  ...openCases,
  ...bytesCases,
  ...replaceCases,
  ...deleteCases,
  ...listCases,
  ...ownerCases,
  ...failureCases,
  ...abortCases,
  ...concurrencyCases,
  ...streamCases,
  ...urlCases,
]
