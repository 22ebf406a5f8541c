import { Refusal } from './refusal.ts'
import type { StoredObject } from './stored-object.ts'

const FAILED = 'At least one of the pre-conditions you specified did not hold.'

/**
 * Refuses unless what is there now is what the parameters say: `ifGenerationMatch` and its kin, or those of the
 * source of a copy (`ifSourceGenerationMatch`). What is not there has the generation 0.
 */
export function checkPreconditions(
  params: URLSearchParams,
  current: StoredObject | undefined,
  prefix: 'if' | 'ifSource' = 'if',
): void {
  for (const what of ['Generation', 'Metageneration'] as const) {
    const actual = current ? current.metadata[what === 'Generation' ? 'generation' : 'metageneration'] : '0'
    const match = params.get(`${prefix}${what}Match`)
    const notMatch = params.get(`${prefix}${what}NotMatch`)
    if ((match !== null && match !== actual) || notMatch === actual) {
      throw new Refusal(412, 'conditionNotMet', FAILED)
    }
  }
}
