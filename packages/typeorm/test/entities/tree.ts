import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import {
  Column,
  Entity,
  PrimaryGeneratedColumn,
  Tree,
  TreeChildren,
  TreeParent,
  type Relation,
} from 'typeorm'

abstract class Node {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar', length: 40 })
  name!: string

  @UploadedFileColumn()
  file!: UploadedFile | null
}

/** A tree that keeps all pairs of ancestor and descendant in a table of its own. */
@Entity()
@Tree('closure-table')
export class ClosureNode extends Node {
  @TreeChildren({ cascade: true })
  children!: Relation<ClosureNode>[]

  @TreeParent({ onDelete: 'CASCADE' })
  parent!: Relation<ClosureNode> | null
}

/** A tree that numbers its nodes. */
@Entity()
@Tree('nested-set')
export class NestedNode extends Node {
  @TreeChildren({ cascade: true })
  children!: Relation<NestedNode>[]

  @TreeParent({ onDelete: 'CASCADE' })
  parent!: Relation<NestedNode> | null
}

/** A tree whose nodes know their path. */
@Entity()
@Tree('materialized-path')
export class PathNode extends Node {
  @TreeChildren({ cascade: true })
  children!: Relation<PathNode>[]

  @TreeParent({ onDelete: 'CASCADE' })
  parent!: Relation<PathNode> | null
}
