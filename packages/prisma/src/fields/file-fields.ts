import {
  FiledepotError,
  UploadedFile,
  type FileFilter,
  type FileValidator,
  type UploadType,
} from '@filedepot/core'
import { expected } from '@filedepot/core/backend'
import type { LedgerColumn } from '@filedepot/ledger'
import type { FileFieldOptions, FileFieldSetting, FileModels } from './filedepot-options.ts'
import type { DataModel, Model } from '../schema/data-model.ts'

/** A field that holds files, with the defaults filled in. */
export interface FileField {
  readonly model: Model
  readonly name: string
  readonly type: UploadType
  readonly isList: boolean
  readonly upload: {
    readonly storage?: string
    readonly maxSize?: number
    readonly validators?: readonly FileValidator[]
    readonly filters?: readonly FileFilter[]
  }
}

/** The file fields of each model that has any, by the names of the schema. */
export type FileFields = ReadonlyMap<string, ReadonlyMap<string, FileField>>

/** The columns of the file fields. Those of views are columns of other models. */
export function columnsOf(fields: FileFields): LedgerColumn[] {
  return [...fields.values()].flatMap((ofModel) =>
    [...ofModel.values()]
      .filter(({ model }) => !model.isView)
      .map(({ model: { schema, table, fields: all }, name }) => ({
        ...(schema !== undefined && { schema }),
        table,
        column: all.get(name)?.column ?? name,
      })),
  )
}

/** The file fields of clients without extensions, for those who have only a client, or that of a transaction. */
const known = new WeakMap<object, Map<string, FileField>>()

/** Notes the file fields of an extension of this client. */
export function noteFields(original: object, fields: FileFields): void {
  const byName = known.get(original) ?? new Map<string, FileField>()
  known.set(original, byName)
  for (const ofModel of fields.values()) {
    for (const field of ofModel.values()) byName.set(`${field.model.property}.${field.name}`, field)
  }
}

/** A file field, by the property of its model. */
export function fieldNamed(original: object, property: string, name: string): FileField | undefined {
  return known.get(original)?.get(`${property}.${name}`)
}

/**
 * Compares what was configured with the schema.
 *
 * @throws FiledepotError `INVALID_ARGUMENT` for a model or field that is not there, or that can hold no files
 */
export function readFileFields(models: FileModels, schema: DataModel): FileFields {
  return new Map(
    Object.entries(models).map(([property, fields]) => {
      const model = schema.byProperty(property)
      if (!model) {
        const names = [...schema.models.values()].map((known) => known.property)
        throw expected('models', `about models of the schema (${names.join(', ')})`, property)
      }
      if (model.key.length === 0 && !model.isView) {
        throw new FiledepotError(
          'NOT_SUPPORTED',
          `${model.name} has no key, so filedepot cannot find its rows. Add @id or @@unique to the model`,
        )
      }
      return [
        model.name,
        new Map(Object.entries(fields).map(([name, setting]) => [name, toFileField(model, name, setting)])),
      ]
    }),
  )
}

function toFileField(model: Model, name: string, setting: FileFieldSetting | undefined | null): FileField {
  const field = model.fields.get(name)
  if (field?.type !== 'Json' || field.isList) {
    throw expected(
      `models.${model.property}.${name}`,
      'a field of type Json',
      field ? `${field.type}${field.isList ? '[]' : ''}` : 'no such field',
    )
  }
  const path = `models.${model.property}.${name}`
  const read = readSetting(path, setting)
  if (!field.isRequired && (setting as FileFieldOptions).nullable === false) {
    throw expected(`${path}.nullable`, 'true or left out, as the field is Json? in the schema', false)
  }
  return { model, name, ...read }
}

const OPTIONS = [
  'type',
  'storage',
  'maxSize',
  'validators',
  'filters',
  'nullable',
] satisfies readonly (keyof FileFieldOptions)[]

/** @throws FiledepotError `INVALID_ARGUMENT` for an option that there is not */
export function checkNames(path: string, options: object, names: readonly string[]): void {
  const wrong = Object.keys(options).find((name) => !names.includes(name))
  if (wrong !== undefined) throw expected(`an option of ${path}`, `one of ${names.join(', ')}`, wrong)
}

/**
 * What was said of a field, with the defaults filled in.
 *
 * @param path names it in errors
 * @throws FiledepotError `INVALID_ARGUMENT`
 */
export function readSetting(
  path: string,
  setting: FileFieldSetting | undefined | null,
): Omit<FileField, 'model' | 'name'> {
  if (typeof setting !== 'function' && (typeof setting !== 'object' || setting === null)) {
    throw expected(path, 'UploadedFile or a class that extends it', setting)
  }
  const options: FileFieldOptions =
    typeof setting === 'function' || Array.isArray(setting)
      ? { type: setting as FileFieldOptions['type'] }
      : (setting as FileFieldOptions)
  checkNames(path, options, OPTIONS)
  const isList = Array.isArray(options.type)
  const type = (isList ? (options.type as readonly unknown[])[0] : options.type) as UploadType | undefined
  if (type !== UploadedFile && !(type?.prototype instanceof UploadedFile)) {
    throw expected(path, 'UploadedFile or a class that extends it', type)
  }
  const { storage, maxSize, validators, filters } = options
  return {
    type,
    isList,
    upload: {
      ...(storage !== undefined && { storage }),
      ...(maxSize !== undefined && { maxSize }),
      ...(validators && { validators }),
      ...(filters && { filters }),
    },
  }
}
