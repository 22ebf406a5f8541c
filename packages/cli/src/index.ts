export {
  defineConfig,
  type DatabaseEntry,
  type DatabaseOnDepot,
  type DatabaseSource,
  type DataSourceLike,
  type FiledepotConfig,
  type PlainDatabase,
  type PrismaClientLike,
} from './config.ts'
