import { depot } from '@filedepot/core'
import { defineConfig } from 'filedepot'
import { dataSource } from './src/data-source.ts'

export default defineConfig({ depot, database: dataSource })
