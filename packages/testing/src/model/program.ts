import fc from 'fast-check'

/** One thing that a program does. A step that makes no sense where it stands is passed over. */
export type Step =
  | {
      readonly do:
        'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'rollbackTo' | 'kill' | 'killInCommit'
    }
  | { readonly do: 'save' | 'saveBroken' | 'removeAll' | 'clearAll'; readonly rows: readonly string[] }
  | { readonly do: 'clear' | 'remove' | 'saveAgain' | 'saveRefused'; readonly row: string }
  | MoveStep

interface MoveStep {
  readonly do: 'move'
  readonly row: string
  readonly to: string | null
}

/** A step that one of several clients may do. */
export type ClientStep =
  | Extract<Step, { readonly rows: readonly string[] }>
  | MoveStep
  | { readonly do: 'remove'; readonly row: string }

/** A transaction of a client. */
export interface ClientTransaction {
  readonly steps: readonly ClientStep[]
  /** How many of the last steps are in a savepoint, and whether that is rolled back. */
  readonly savepoint?: { readonly last: number; readonly rolledBack: boolean } | undefined
  readonly rolledBack: boolean
}

/** What several clients do at the same time: their transactions, one after the other. */
export interface ConcurrentProgram {
  readonly clients: readonly (readonly ClientTransaction[])[]
  /** When connections are ended, in milliseconds after the one before. */
  readonly kills: readonly number[]
}

/** Few rows, so that programs come back to them. */
export const ROWS = ['a', 'b', 'c', 'd']

const row = fc.constantFrom(...ROWS)
const rows = fc.uniqueArray(row, { minLength: 1, maxLength: 3 })
const move = fc
  .tuple(row, fc.option(row, { nil: null }))
  .map(([name, to]): MoveStep => ({ do: 'move', row: name, to }))

/** Options of {@link programs}. */
export interface ProgramOptions {
  /** @default 30 */
  maxSteps?: number
  /** Connections are lost now and then. @default false */
  kills?: boolean
}

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
export function programs({ maxSteps = 30, kills = false }: ProgramOptions = {}): fc.Arbitrary<
  readonly Step[]
> {
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
    { weight: 2, arbitrary: move },
    {
      weight: kills ? 1 : 0,
      arbitrary: fc.constantFrom<Step>({ do: 'kill' }, { do: 'killInCommit' }),
    },
  )
  return fc.array(step, { minLength: 1, maxLength: maxSteps, size: 'max' })
}

/** A random step of one of several clients. */
export const clientStep: fc.Arbitrary<ClientStep> = fc.oneof(
  { weight: 6, arbitrary: rows.map<ClientStep>((names) => ({ do: 'save', rows: names })) },
  { weight: 1, arbitrary: rows.map<ClientStep>((names) => ({ do: 'saveBroken', rows: names })) },
  { weight: 2, arbitrary: rows.map<ClientStep>((names) => ({ do: 'removeAll', rows: names })) },
  { weight: 1, arbitrary: rows.map<ClientStep>((names) => ({ do: 'clearAll', rows: names })) },
  { weight: 2, arbitrary: row.map<ClientStep>((name) => ({ do: 'remove', row: name })) },
  { weight: 1, arbitrary: move },
)

/** Options of {@link concurrentPrograms}. */
export interface ConcurrentProgramOptions {
  /** @default 4 */
  maxClients?: number
  /** Connections are ended now and then. @default false */
  kills?: boolean
}

/** Random programs of several clients that write the same few rows at the same time, for fast-check. */
export function concurrentPrograms({
  maxClients = 4,
  kills = false,
}: ConcurrentProgramOptions = {}): fc.Arbitrary<ConcurrentProgram> {
  const transaction = fc.record({
    steps: fc.array(clientStep, { minLength: 1, maxLength: 4 }),
    savepoint: fc.option(fc.record({ last: fc.integer({ min: 1, max: 3 }), rolledBack: fc.boolean() }), {
      nil: undefined,
    }),
    rolledBack: fc.constant(false),
  })
  const client = fc.array(
    fc.oneof(
      { weight: 3, arbitrary: transaction },
      { weight: 1, arbitrary: transaction.map((one) => ({ ...one, rolledBack: true })) },
    ),
    { minLength: 1, maxLength: 4 },
  )
  return fc.record({
    clients: fc.array(client, { minLength: 2, maxLength: maxClients }),
    kills: kills ? fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 2 }) : fc.constant([]),
  })
}
