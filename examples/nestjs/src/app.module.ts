import { DepotManager, LocalBackend } from '@filedepot/core'
import { attachDepot } from '@filedepot/typeorm'
import { Module, ValidationPipe, type DynamicModule } from '@nestjs/common'
import { APP_FILTER, APP_PIPE } from '@nestjs/core'
import { TypeOrmModule } from '@nestjs/typeorm'
import { DataSource } from 'typeorm'
import { FiledepotErrorFilter } from './filedepot-error.filter'
import { RecipesModule } from './recipes/recipes.module'
import { UniqueViolationFilter } from './unique-violation.filter'

/** Where the application keeps what it is given. */
export interface AppSettings {
  /** Path of the SQLite database. */
  readonly database: string
  /** Path of the folder for files. */
  readonly uploads: string
}

@Module({})
export class AppModule {
  /** The application, with a depot of its own, so that several can live in one process, as in tests. */
  static register({ database, uploads }: AppSettings): DynamicModule {
    const depot = new DepotManager()
    depot.configure('photos', new LocalBackend(uploads))

    return {
      module: AppModule,
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => ({
            type: 'better-sqlite3',
            database,
            autoLoadEntities: true,
            synchronize: true, // for an example; a real application has migrations
          }),
          // eslint-disable-next-line @typescript-eslint/no-non-null-assertion -- what useFactory returned
          dataSourceFactory: async (options) => attachDepot(new DataSource(options!), depot).initialize(),
        }),
        RecipesModule.register(depot),
      ],
      providers: [
        { provide: APP_PIPE, useClass: ValidationPipe },
        { provide: APP_FILTER, useClass: FiledepotErrorFilter },
        { provide: APP_FILTER, useClass: UniqueViolationFilter },
      ],
    }
  }
}
