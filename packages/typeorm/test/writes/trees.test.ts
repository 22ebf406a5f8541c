import 'reflect-metadata'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { TreeRepository } from 'typeorm'
import { ClosureNode, NestedNode, PathNode } from '../entities/tree.ts'
import { brokenFile, textFile, textOf } from '../support/contents.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await TestDatabase.open([ClosureNode, NestedNode, PathNode])
})

afterEach(() => database.endTest())

afterAll(() => database.close())

const failure = new Error('rolled back on purpose')

describe.each<[string, new () => ClosureNode]>([
  ['closure table', ClosureNode],
  ['nested set', NestedNode],
  ['materialized path', PathNode],
])('a tree as %s', (_, entity) => {
  let nodes: TreeRepository<ClosureNode>

  /** root > (left > leaf, right), each with a file that says its name. */
  beforeEach(async () => {
    nodes = database.dataSource.getTreeRepository(entity)
    const root = await nodes.save(node('root'))
    const left = await nodes.save(node('left', root))
    await nodes.save(node('leaf', left))
    await nodes.save(node('right', root))
  })

  function node(name: string, parent: ClosureNode | null = null): ClosureNode {
    return nodes.create({ name, file: textFile(name), ...(parent && { parent }) })
  }

  async function find(name: string): Promise<ClosureNode> {
    return await nodes.findOneOrFail({ where: { name }, relations: { parent: true } })
  }

  async function texts(): Promise<(string | undefined)[]> {
    const rows = await nodes.find({ order: { name: 'ASC' } })
    return await Promise.all(rows.map(({ file }) => textOf(file)))
  }

  it('has a file for each of its nodes', async () => {
    const [root] = await nodes.findTrees()

    expect(await texts()).toEqual(['leaf', 'left', 'right', 'root'])
    expect(root?.children.map(({ name }) => name).sort()).toEqual(['left', 'right'])
    expect(
      await Promise.all((await nodes.findDescendants(root!)).map(({ file }) => textOf(file))),
    ).toHaveLength(4)
  })

  it('uploads the files of a branch that is saved by a cascade', async () => {
    const right = await find('right')
    right.children = [nodes.create({ name: 'twig', file: textFile('twig') })]

    await nodes.save(right)

    expect(await texts()).toEqual(['leaf', 'left', 'right', 'root', 'twig'])
    expect(await database.pathsOfFiles()).toHaveLength(5)
  })

  it('replaces the file of a node', async () => {
    const left = await find('left')

    left.file = textFile('new left')
    await nodes.save(left)

    expect(await texts()).toEqual(['leaf', 'new left', 'right', 'root'])
    expect(await database.pathsOfFiles()).toHaveLength(4)
  })

  it('keeps the files of a branch that is moved', async () => {
    const left = await find('left')

    left.parent = await find('right')
    await nodes.save(left)

    expect((await find('left')).parent?.name).toBe('right')
    expect(await texts()).toEqual(['leaf', 'left', 'right', 'root'])
  })

  it('replaces the file of a node that is moved in the same save', async () => {
    const leaf = await find('leaf')

    Object.assign(leaf, { parent: await find('right'), file: textFile('new leaf') })
    await nodes.save(leaf)

    expect((await find('leaf')).parent?.name).toBe('right')
    expect(await texts()).toEqual(['new leaf', 'left', 'right', 'root'])
    expect(await database.pathsOfFiles()).toHaveLength(4)
  })

  it.each<[string, (branch: ClosureNode) => Promise<unknown>]>([
    ['remove', (branch) => nodes.remove(branch)],
    ['delete by id', ({ id }) => nodes.delete(id)],
    ['delete by criteria', ({ name }) => nodes.delete({ name })],
  ])('deletes the files of a whole branch, by %s', async (_way, remove) => {
    await remove(await find('left'))

    expect(await texts()).toEqual(['right', 'root'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('deletes all files with its root', async () => {
    await nodes.remove(await find('root'))

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('keeps the files of a branch that was moved away before its old parent is removed', async () => {
    await database.dataSource.transaction(async (manager) => {
      const inside = manager.getTreeRepository(entity)
      const leaf = await inside.findOneByOrFail({ name: 'leaf' })
      leaf.parent = await inside.findOneByOrFail({ name: 'right' })
      await inside.save(leaf)
      await inside.remove(await inside.findOneByOrFail({ name: 'left' }))
    })

    expect(await texts()).toEqual(['leaf', 'right', 'root'])
    expect(await database.pathsOfFiles()).toHaveLength(3)
  })

  it('keeps all files where a removal is rolled back', async () => {
    const left = await find('left')

    const removing = database.dataSource.transaction(async (manager) => {
      await manager.remove(left)
      throw failure
    })

    await expect(removing).rejects.toBe(failure)
    expect(await texts()).toEqual(['leaf', 'left', 'right', 'root'])
  })

  it('leaves no file of a node whose save is rolled back, or whose upload fails', async () => {
    const right = await find('right')
    const saving = database.dataSource.transaction(async (manager) => {
      await manager.save(node('twig', right))
      throw failure
    })
    await expect(saving).rejects.toBe(failure)
    const broken = nodes.create({ name: 'broken', file: brokenFile(), parent: right })

    await expect(nodes.save(broken)).rejects.toMatchObject({ code: 'CONTENT_FAILED' })

    expect(await texts()).toEqual(['leaf', 'left', 'right', 'root'])
    expect(await database.pathsOfFiles()).toHaveLength(4)
  })
})
