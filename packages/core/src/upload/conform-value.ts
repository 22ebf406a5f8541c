import { spool } from '../content/spool.ts'
import { FileIntent } from '../content/file-intent.ts'
import type { SpooledFile } from '../content/spooled-file.ts'
import type { DepotManager, UploadOptions } from '../depot/depot-manager.ts'
import { FileTooLargeError } from '../errors.ts'
import { copyValue } from './copy-value.ts'
import { keptRules } from './kept-rules.ts'
import type { UploadedFile } from './uploaded-file.ts'
import { isVerified, unverified } from './verification.ts'

/** What a column says of its files, as far as it holds for files that are stored already. */
export type ConformRules = Omit<UploadOptions, 'filters'>

/** False if the value keeps to the rules, as far as nobody has to look at its bytes for that, and is where it belongs. */
export function needsWork(manager: DepotManager, value: UploadedFile, rules: ConformRules): boolean {
  return movesTo(manager, value, rules) !== undefined || uncheckedRules(value, rules) !== undefined
}

/** Checks the value, and copies it if it is in another storage. */
export async function conformValue<T extends UploadedFile>(
  manager: DepotManager,
  value: T,
  rules: ConformRules,
): Promise<T> {
  if (!isVerified(value)) throw unverified(value)
  const unchecked = uncheckedRules(value, rules)
  if (unchecked) await check(manager, value, { ...unchecked, signal: rules.signal })
  const target = movesTo(manager, value, rules)
  return target ? await copyValue(manager, value, target, rules.signal) : value
}

/** The storage of the rules, unless the value is in it, or has named another one itself. Rules without one accept any. */
function movesTo(manager: DepotManager, value: UploadedFile, { storage }: ConformRules) {
  if (storage === undefined || keptRules(value)?.isPinned) return undefined
  const target = manager.get(storage)
  return target.name === value.storage ? undefined : target
}

type UncheckedRules = Pick<ConformRules, 'maxSize' | 'validators'>

/** The rules that the value was not held against when it was stored; `undefined` if there are none. */
function uncheckedRules(
  value: UploadedFile,
  { maxSize = Infinity, validators = [] }: ConformRules,
): UncheckedRules | undefined {
  if (maxSize === Infinity && validators.length === 0) return undefined
  const kept = keptRules(value)
  const keepsSize = (kept?.maxSize ?? Infinity) <= maxSize
  const seen = kept?.filename === value.filename ? kept.validators : undefined
  const left = validators.filter((validate) => !seen?.includes(validate))
  if (keepsSize && left.length === 0) return undefined
  return { maxSize: keepsSize ? Infinity : maxSize, validators: left }
}

async function check(
  manager: DepotManager,
  value: UploadedFile,
  { maxSize = Infinity, validators = [], signal }: UncheckedRules & Pick<ConformRules, 'signal'>,
): Promise<void> {
  const { filename, contentType, declaredType } = value
  const size = value.size ?? (await manager.getFile(value.path)).size
  if (size > maxSize) throw new FileTooLargeError(filename, maxSize)

  // Read from the storage only for a validator that looks at the bytes, and once for all of them.
  let spooled: Promise<SpooledFile> | undefined
  const read = async () => {
    await using file = await manager.getFile(value.path)
    return await spool(new FileIntent(file, { filename, contentType }), { signal })
  }
  const file = { filename, contentType, declaredType, size, spool: () => (spooled ??= read()) }
  try {
    for (const validate of validators) await validate(file)
  } finally {
    await (await spooled?.catch(() => undefined))?.[Symbol.asyncDispose]()
  }
}
