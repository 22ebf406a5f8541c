import { FileUnit, type UnitParts } from './file-unit.ts'

/** The units of files, one for each save, by the query runner that the save was given. */
export class FileUnits {
  readonly #parts: UnitParts
  readonly #units = new WeakMap<object, FileUnit>()

  constructor(parts: UnitParts) {
    this.#parts = parts
  }

  /** The unit of the save that has this query runner; begun when the first file asks for it. */
  of(runner: object): FileUnit {
    let unit = this.#units.get(runner)
    if (!unit) {
      unit = new FileUnit(this.#parts)
      this.#units.set(runner, unit)
    }
    return unit
  }

  /** The unit, if there is one. */
  get(runner: object): FileUnit | undefined {
    return this.#units.get(runner)
  }

  /** The save has ended. */
  async settle(runner: object): Promise<void> {
    const unit = this.#units.get(runner)
    this.#units.delete(runner)
    await unit?.settle()
  }
}
