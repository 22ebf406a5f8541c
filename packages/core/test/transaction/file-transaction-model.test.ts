import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { FileTransaction, type TransactionOutcome } from '../../src/transaction/file-transaction.ts'
import { UploadedFile } from '../../src/upload/uploaded-file.ts'
import { failure, thrown } from '../support/failure.ts'
import { idsOf, memoryDepot } from '../support/storages.ts'

type Step =
  | { do: 'add'; how: 'at once' | 'failing' | 'slow' | 'slow and not abortable' }
  | { do: 'finish' | 'discard' | 'adopt'; which: number }
  | { do: 'savepoint' | 'release' | 'rollbackTo' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      how: fc.constantFrom(
        'at once' as const,
        'failing' as const,
        'slow' as const,
        'slow and not abortable' as const,
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('discard' as const), which: fc.nat(9) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('finish' as const, 'adopt' as const), which: fc.nat(9) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('savepoint' as const, 'release' as const, 'rollbackTo' as const),
    }),
  },
)

interface Scope {
  added: string[]
  discarded: string[]
  adopted: string[]
}

interface SlowUpload {
  name: string
  open: () => void
  adding: Promise<unknown>
}

/** Files by their names, which are unique here, and what has to become of them. */
class Model {
  readonly scopes: Scope[] = [{ added: [], discarded: [], adopted: [] }]
  readonly files = new Set<string>()

  get scope(): Scope {
    return this.scopes.at(-1)!
  }

  release(): Scope {
    const inner = this.scopes.pop()!
    for (const key of ['added', 'discarded', 'adopted'] as const) this.scope[key].push(...inner[key])
    return inner
  }

  remove(names: readonly string[]): void {
    for (const name of names) this.files.delete(name)
  }
}

/** Runs a program against a transaction and the model at once. */
class Run {
  readonly depot = memoryDepot()
  readonly transaction = new FileTransaction(this.depot)
  readonly model = new Model()
  readonly #known: UploadedFile[] = []
  readonly #prepared: UploadedFile[] = []
  #slow: SlowUpload[] = []
  #names = 0

  async prepare(): Promise<void> {
    for (let count = 0; count < 3; count++) {
      this.#known.push(await this.#upload(this.#name('row')))
      this.#prepared.push(await this.#upload(this.#name('prepared')))
    }
    for (const { filename } of [...this.#known, ...this.#prepared]) this.model.files.add(filename)
  }

  async step(action: Step): Promise<void> {
    const { transaction, model } = this
    switch (action.do) {
      case 'add':
        await this.#add(action.how)
        break
      case 'finish':
        await this.#finish(action.which)
        break
      case 'discard': {
        const file = this.#known[action.which % this.#known.length]!
        transaction.discard(file.files)
        model.scope.discarded.push(file.filename)
        break
      }
      case 'adopt': {
        const file = this.#prepared[action.which % this.#prepared.length]!
        const taken = model.scopes.some(({ adopted }) => adopted.includes(file.filename))
        expect(transaction.adopt(file)).toBe(!taken)
        if (!taken) model.scope.adopted.push(file.filename)
        break
      }
      case 'savepoint':
        transaction.savepoint()
        model.scopes.push({ added: [], discarded: [], adopted: [] })
        break
      case 'release':
        if (model.scopes.length === 1) {
          expect(
            thrown(() => {
              transaction.release()
            }).code,
          ).toBe('TRANSACTION_SETTLED')
        } else {
          transaction.release()
          model.release()
        }
        break
      case 'rollbackTo':
        await this.#rollbackTo()
        break
    }
  }

  async settle(outcome: TransactionOutcome): Promise<void> {
    const { model, transaction } = this
    const settling = transaction.settle(outcome)
    const again = transaction.settle(outcome === 'committed' ? 'rolledBack' : 'committed')
    while (model.scopes.length > 1) model.release()
    const inFlight = this.#slow.map(({ name }) => name)
    if (outcome === 'committed') model.remove([...model.scope.discarded, ...inFlight])
    if (outcome === 'rolledBack') model.remove(model.scope.added)

    await this.#openAll(this.#slow, outcome === 'unknown')
    await Promise.all([settling, again])
    expect(await failure(transaction.add(() => this.#upload('late')))).toMatchObject({
      code: 'TRANSACTION_SETTLED',
    })
  }

  async names(): Promise<string[]> {
    const files = this.depot.get()
    const names = (await idsOf(files)).map(async (id) => (await files.get(id)).filename)
    return (await Promise.all(names)).sort()
  }

  async #add(how: string): Promise<void> {
    const { model, transaction } = this
    const name = this.#name(how)
    if (how === 'failing') {
      const refuse = () => {
        throw new Error('refused')
      }
      const filters = [{ onSave: refuse }]
      const adding = transaction.add((signal) => this.depot.upload(this.#pending(name), { signal, filters }))
      await expect(adding).rejects.toThrow('refused')
      return
    }
    model.scope.added.push(name)
    model.files.add(name)
    if (how === 'at once') {
      this.#known.push(await transaction.add((signal) => this.#upload(name, signal)))
      return
    }
    let open: (() => void) | undefined
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const adding = transaction.add(async (signal) => {
      await gate
      return await this.#upload(name, how === 'slow' ? signal : undefined)
    })
    adding.catch(() => undefined)
    this.#slow.push({ name, open: () => open?.(), adding })
  }

  async #finish(which: number): Promise<void> {
    const [upload] = this.#slow.splice(which % Math.max(this.#slow.length, 1), 1)
    if (upload) await this.#openAll([upload], true)
  }

  async #rollbackTo(): Promise<void> {
    const { model, transaction } = this
    if (model.scopes.length === 1) {
      expect(await failure(transaction.rollbackTo())).toMatchObject({ code: 'TRANSACTION_SETTLED' })
      return
    }
    const { added } = model.scopes.pop()!
    model.remove(added)
    const rollingBack = transaction.rollbackTo()
    const aborted = this.#slow.filter(({ name }) => added.includes(name))
    this.#slow = this.#slow.filter((upload) => !aborted.includes(upload))
    await this.#openAll(aborted, false)
    await rollingBack
  }

  async #openAll(uploads: readonly SlowUpload[], stored: boolean): Promise<void> {
    for (const { open, adding } of uploads) {
      open()
      if (stored) await adding
      else expect(await failure(adding)).toMatchObject({ code: 'ABORTED' })
    }
  }

  #name(how: string): string {
    return `${how} ${++this.#names}`
  }

  #pending(name: string): UploadedFile {
    return UploadedFile.from(Buffer.from(name), { filename: name })
  }

  #upload(name: string, signal?: AbortSignal): Promise<UploadedFile> {
    return this.depot.upload(this.#pending(name), { signal })
  }
}

describe('any program of a transaction', () => {
  it('leaves the files that its rows refer to, and no others', async () => {
    const program = fc.array(step, { maxLength: 25 })
    const outcomes = fc.constantFrom<TransactionOutcome>('committed', 'rolledBack', 'unknown')

    await fc.assert(
      fc.asyncProperty(program, outcomes, async (steps, outcome) => {
        const run = new Run()
        await run.prepare()

        for (const action of steps) {
          await run.step(action)
        }
        await run.settle(outcome)

        expect(await run.names()).toEqual([...run.model.files].sort())
      }),
      { numRuns: 500 },
    )
  })
})
