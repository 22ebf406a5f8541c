import fc from 'fast-check'

/** One thing that a program does. A step that makes no sense where it stands is passed over. */
export type Step =
  | { readonly do: 'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'rollbackTo' }
  | { readonly do: 'save' | 'saveBroken' | 'removeAll' | 'clearAll'; readonly rows: readonly string[] }
  | { readonly do: 'clear' | 'remove' | 'saveAgain' | 'saveRefused'; readonly row: string }

/** Few rows, so that programs come back to them. */
const ROWS = ['a', 'b', 'c', 'd']

const row = fc.constantFrom(...ROWS)
const rows = fc.uniqueArray(row, { minLength: 1, maxLength: 3 })

/**
 * Random programs of transactions, savepoints and writes, for fast-check. They shrink to the few steps that matter.
 *
 * ```ts
 * import { programs } from '@filedepot/testing/model'
 * import fc from 'fast-check'
 *
 * console.log(fc.sample(programs({ maxSteps: 5 }), 1))
 * ```
 */
export function programs({ maxSteps = 30 }: { maxSteps?: number } = {}): fc.Arbitrary<readonly Step[]> {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.constant<Step>({ do: 'begin' }) },
    { weight: 2, arbitrary: fc.constantFrom<Step>({ do: 'commit' }, { do: 'rollback' }) },
    { weight: 2, arbitrary: fc.constant<Step>({ do: 'savepoint' }) },
    { weight: 2, arbitrary: fc.constantFrom<Step>({ do: 'release' }, { do: 'rollbackTo' }) },
    { weight: 6, arbitrary: rows.map<Step>((names) => ({ do: 'save', rows: names })) },
    { weight: 1, arbitrary: rows.map<Step>((names) => ({ do: 'saveBroken', rows: names })) },
    { weight: 1, arbitrary: rows.map<Step>((names) => ({ do: 'removeAll', rows: names })) },
    { weight: 1, arbitrary: rows.map<Step>((names) => ({ do: 'clearAll', rows: names })) },
    { weight: 1, arbitrary: row.map<Step>((name) => ({ do: 'clear', row: name })) },
    { weight: 2, arbitrary: row.map<Step>((name) => ({ do: 'remove', row: name })) },
    { weight: 2, arbitrary: row.map<Step>((name) => ({ do: 'saveAgain', row: name })) },
    { weight: 1, arbitrary: row.map<Step>((name) => ({ do: 'saveRefused', row: name })) },
  )
  return fc.array(step, { minLength: 1, maxLength: maxSteps, size: 'max' })
}
