import type { UploadedFile } from '@filedepot/core'
import { isBroken, isUploadedFile } from '@filedepot/core/integration'
import type {
  EntityMetadata,
  EntitySubscriberInterface,
  InsertEvent,
  LoadEvent,
  ObjectLiteral,
  QueryRunner,
  RecoverEvent,
  SoftRemoveEvent,
  UpdateEvent,
} from 'typeorm'
import { fileColumnsOf, type GivenFile } from '../column/file-column.ts'
import type { FileEntities } from './files/file-entities.ts'
import type { LoadedFiles } from '../column/loaded-files.ts'
import { MissingColumns } from '../column/missing-columns.ts'
import { keyOf } from './files/collection-files.ts'
import type { FileUnits } from './files/file-units.ts'

type ListenTo = ReturnType<NonNullable<EntitySubscriberInterface['listenTo']>>

interface Parts {
  readonly entities: FileEntities
  readonly loaded: LoadedFiles
  readonly units: FileUnits
}

/** Hears of saves before their statements, and uploads their files: if one cannot be, nothing is written. */
export class MongoSubscriber {
  readonly #entities: FileEntities
  readonly #loaded: LoadedFiles
  readonly #units: FileUnits
  readonly #missing = new MissingColumns()

  constructor({ entities, loaded, units }: Parts) {
    this.#entities = entities
    this.#loaded = loaded
    this.#units = units
  }

  listenTo(): ListenTo {
    return this.#entities as unknown as ListenTo
  }

  afterLoad(entity: ObjectLiteral, event?: LoadEvent<ObjectLiteral>): void {
    if (event) this.#loaded.rememberAll(event.metadata, [entity])
  }

  beforeInsert({ queryRunner, metadata, entity }: InsertEvent<ObjectLiteral>): Promise<void> {
    return heard(async () => {
      await this.#units.of(queryRunner).insert({ metadata, columns: fileColumnsOf(metadata) }, entity)
    })
  }

  beforeUpdate(event: UpdateEvent<ObjectLiteral>): Promise<void> | undefined {
    const { queryRunner, metadata } = event
    // TypeORM's types promise both; a relation that is nullified has neither.
    const { entity, databaseEntity } = event as Partial<typeof event>
    if (!entity || !databaseEntity) return undefined
    this.#missing.note(entity, fileColumnsOf(metadata))
    return heard(() => this.#update(queryRunner, metadata, entity, databaseEntity))
  }

  beforeSoftRemove(event: SoftRemoveEvent<ObjectLiteral>): void {
    this.#keepFiles(event)
  }

  beforeRecover(event: RecoverEvent<ObjectLiteral>): void {
    this.#keepFiles(event)
  }

  afterInsert({ metadata, entity }: InsertEvent<ObjectLiteral>): void {
    this.#loaded.rememberAll(metadata, [entity])
  }

  afterUpdate(event: UpdateEvent<ObjectLiteral>): void {
    const { entity } = event as Partial<typeof event>
    if (!entity) return
    this.#missing.leaveOut(entity)
    this.#loaded.rememberAll(event.metadata, [entity])
  }

  async #update(
    queryRunner: QueryRunner,
    metadata: EntityMetadata,
    entity: ObjectLiteral,
    databaseEntity: ObjectLiteral,
  ): Promise<void> {
    const unit = this.#units.of(queryRunner)
    const claim = unit.update(keyIn(metadata, databaseEntity), entity)
    await Promise.all(
      fileColumnsOf(metadata).map(async (column) => {
        if (!column.isChanged(entity, databaseEntity)) return
        const now = column.get(databaseEntity)
        if (this.#loaded.isUntouched(entity, column)) {
          // The entity is unchanged, so another client changed the document: its value is the newer one.
          column.set(entity, now)
          this.#loaded.remember(entity, column)
          return
        }
        await unit.attach(claim, column, stored(column.list(now)))
      }),
    )
  }

  /** TypeORM writes the whole document to set one date in it. */
  #keepFiles(event: SoftRemoveEvent<ObjectLiteral>): void {
    const { queryRunner, metadata, databaseEntity } = event
    // TypeORM's types promise it.
    const { entity } = event as { entity?: ObjectLiteral }
    if (entity) this.#units.of(queryRunner).update(keyIn(metadata, databaseEntity), entity)
  }
}

/** What TypeORM has loaded are stored values, and broken ones, which have no files. */
function stored(files: readonly GivenFile[]): readonly UploadedFile[] {
  return files.filter(isUploadedFile).filter((file) => !isBroken(file))
}

function keyIn({ tableName, objectIdColumn }: EntityMetadata, entity: ObjectLiteral): string {
  return keyOf(tableName, objectIdColumn?.getEntityValue(entity))
}

/** If a sibling fails at once, TypeORM does not wait for the others, and a failure here would end the process. */
function heard(action: () => Promise<void>): Promise<void> {
  const running = action()
  running.catch(() => undefined)
  return running
}
