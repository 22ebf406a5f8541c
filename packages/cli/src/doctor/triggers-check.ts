import type { LedgerCheck } from '@filedepot/ledger'
import type { Check } from './check.ts'

/** What is wrong with the triggers, in one line. */
export function triggersCheck(name: string, check: LedgerCheck): Check {
  const { isReady, missing, outdated, disabled, uncounted, isCounted } = check
  if (isReady)
    return { about: 'triggers', state: 'ok', text: `The ledger of "${name}" is complete and counted` }
  const part = (word: string, triggers: readonly string[]) =>
    triggers.length > 0 ? [`${word}: ${triggers.join(', ')}`] : []
  const faults = [
    ...part('missing', missing),
    ...part('outdated', outdated),
    ...part('disabled', disabled),
    ...part('made after the rows were counted', uncounted),
    ...(isCounted || uncounted.length > 0 ? [] : ['the rows have not been counted']),
  ]
  return {
    about: 'triggers',
    state: 'fault',
    text: `The ledger of "${name}" cannot be trusted, so nothing is deleted (${faults.join('; ')})`,
    advice:
      'Run "filedepot triggers --install". It makes the triggers, and counts the rows beside the application.',
  }
}
