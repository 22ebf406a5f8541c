import 'reflect-metadata'
import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  Column,
  Entity,
  PrimaryGeneratedColumn,
  Tree,
  TreeChildren,
  TreeParent,
  type Relation,
} from 'typeorm'
import { textFile, textsOf } from '../support/contents.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase } from '../support/test-database.ts'

abstract class WithImage {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar', length: 40, default: '' })
  name!: string

  @UploadedFileColumn()
  image!: UploadedFile | null
}

@Entity()
@Tree('closure-table')
class Branch extends WithImage {
  @TreeParent({ onDelete: 'CASCADE' })
  parent!: Relation<Branch> | null

  @TreeChildren({ cascade: ['insert', 'update'] })
  children!: Relation<Branch>[]
}

@Entity()
@Tree('materialized-path')
class Twig extends WithImage {
  @TreeParent({ onDelete: 'CASCADE' })
  parent!: Relation<Twig> | null

  @TreeChildren({ cascade: ['insert', 'update'] })
  children!: Relation<Twig>[]
}

let database: TestDatabase

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

describe.each([
  ['a closure table', Branch],
  ['materialized paths', Twig],
] as const)('a tree of %s', (_, entity) => {
  let root: Branch | Twig

  /** A root with two children, the first of which has a child. */
  beforeEach(async () => {
    database = await TestDatabase.open([Branch, Twig])
    const node = (name: string, parent?: Branch | Twig) =>
      repository().create({ name, image: textFile(name), ...(parent && { parent }) })
    root = await repository().save(node('root'))
    const first = await repository().save(node('first', root))
    await repository().save([node('second', root), node('first of first', first)])
  })

  function repository() {
    return database.dataSource.getTreeRepository<Branch | Twig>(entity)
  }

  async function texts(): Promise<(string | undefined)[]> {
    return await textsOf((await repository().find({ order: { name: 'ASC' } })).map(({ image }) => image))
  }

  it('is loaded with files that open', async () => {
    const tree = await repository().findDescendantsTree(root)

    const [first] = tree.children.filter(({ name }) => name === 'first')
    expect(await textsOf([tree.image, first!.image, first!.children[0]!.image])).toEqual([
      'root',
      'first',
      'first of first',
    ])
  })

  it('gives up the files that are replaced in any node', async () => {
    const tree = await repository().findDescendantsTree(root)

    for (const child of tree.children) child.image = textFile(`new ${child.name}`)
    await repository().save(tree)

    expect(await texts()).toEqual(['new first', 'first of first', 'root', 'new second'])
    expect(await database.pathsOfFiles()).toHaveLength(4)
  })

  it('keeps its files where a node moves', async () => {
    const node = await repository().findOneByOrFail({ name: 'first of first' })

    node.parent = root
    await repository().save(node)

    expect(await texts()).toEqual(['first', 'first of first', 'root', 'second'])
  })

  it('gives up the files of all nodes that the database deletes with one', async () => {
    await repository().remove(await repository().findOneByOrFail({ name: 'first' }))
    expect(await texts()).toEqual(['root', 'second'])

    await repository().delete({ name: 'root' })
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('keeps them where the transaction is rolled back', async () => {
    await rolledBack(database.dataSource, async (manager) => {
      await manager.delete(entity, { name: 'root' })
    })

    expect(await texts()).toEqual(['first', 'first of first', 'root', 'second'])
  })
})
