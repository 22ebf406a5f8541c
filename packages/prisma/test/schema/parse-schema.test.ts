import { describe, expect, it } from '@jest/globals'
import { parseSchema, type SchemaModel } from '../../src/schema/parse-schema.ts'

/** The only model of a schema. */
function modelOf(text: string): SchemaModel {
  const [model] = parseSchema(text).values()
  if (!model) throw new Error('Expected a model')
  return model
}

describe('the text of a schema says', () => {
  it('which fields are lists, and which may be null', () => {
    const { fields } = modelOf(`model A {
      one   Int    @id
      maybe Json?
      many  B[]
      odd   Unsupported("circle")?
    }`)

    expect(Object.fromEntries(fields)).toMatchObject({
      one: { isList: false, isRequired: true },
      maybe: { isList: false, isRequired: false },
      many: { isList: true, isRequired: false },
      odd: { isList: false, isRequired: false },
    })
  })

  it('what is a view', () => {
    const schema = parseSchema('model A {\n a Int @id\n}\nview B {\n b Int\n}\nmodel C {\n c Int @id\n}')

    expect([...schema].map(([name, { isView, key }]) => [name, isView, key])).toEqual([
      ['A', false, ['a']],
      ['B', true, []],
      ['C', false, ['c']],
    ])
  })

  it.each([
    ['a field that is the id', 'id Int @id @default(autoincrement())', ['id']],
    ['an id of several fields', 'a Int\n b Int\n @@id([a, b])', ['a', 'b']],
    [
      'one whose fields have options',
      'a String\n b Int\n @@id([a(length: 10), b(sort: Desc)], map: "k")',
      ['a', 'b'],
    ],
    ['a unique field where there is no id', 'a Int @unique\n b Int', ['a']],
    ['unique fields where there is no id', 'a Int\n b Int\n @@unique([a, b], name: "both")', ['a', 'b']],
    ['no unique field that may be null', 'a Int? @unique\n b Int @unique', ['b']],
    ['no unique fields of which one may be null', 'a Int?\n b Int\n c Int @unique\n @@unique([a, b])', ['c']],
    ['none where there is none', 'a Int', []],
  ])('the key: %s', (_, body, key) => {
    expect(modelOf(`model A {\n ${body}\n}`).key).toEqual(key)
  })

  it('what keys of several fields are called in a where', () => {
    const { compoundKeys } = modelOf(`model A {
      a Int
      b Int
      c Int
      @@id([a, b])
      @@unique([b, c], name: "tail")
      @@unique("all", [a, b, c])
      @@index([c, a])
    }`)

    expect(Object.fromEntries(compoundKeys)).toEqual({
      a_b: ['a', 'b'],
      tail: ['b', 'c'],
      all: ['a', 'b', 'c'],
    })
  })

  it('where the foreign key of a relation is, and what happens to its rows', () => {
    const { fields } = modelOf(`model A {
      id Int @id
      b  B   @relation("of", fields: [x, y], references: [one, two], onDelete: Cascade, onUpdate: NoAction)
      c  C?  @relation(fields: [z], references: [id], onDelete: SetNull)
      d  D[] @relation("other side")
    }`)

    expect(fields.get('b')?.relation).toEqual({
      fields: ['x', 'y'],
      references: ['one', 'two'],
      onDelete: 'Cascade',
    })
    expect(fields.get('c')?.relation).toMatchObject({ fields: ['z'], onDelete: 'SetNull' })
    expect(fields.get('d')?.relation).toEqual({ fields: [], references: [], onDelete: undefined })
  })

  it('the same with comments, texts that look like code, and lists over several lines', () => {
    const models = parseSchema(`
      // model Ghost {
      //   id Int @id
      // }
      enum Kind {
        A
        model
      }
      model A { // a comment behind
        id    Int    @id // @unique
        text  String @default("// no comment, @id, [") @map("text }")
        /// onDelete: Cascade
        owner Owner  @relation(fields: [ownerId], references: [id])
        ownerId Int
        @@unique([
          text,
          ownerId,
        ])
      }`)

    expect([...models.keys()]).toEqual(['A'])
    expect(models.get('A')?.key).toEqual(['id'])
    expect([...(models.get('A')?.compoundKeys ?? [])]).toEqual([['text_ownerId', ['text', 'ownerId']]])
    expect(models.get('A')?.fields.get('owner')?.relation?.onDelete).toBeUndefined()
    expect([...(models.get('A')?.fields.keys() ?? [])]).toEqual(['id', 'text', 'owner', 'ownerId'])
  })
})
