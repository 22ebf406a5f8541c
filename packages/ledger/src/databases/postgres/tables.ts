import type { PostgresNames } from './names.ts'

/** The tables and functions of the ledger. Those that are there stay. */
export function createTables({ files, state, json, paths }: PostgresNames): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${files} (path text COLLATE "C" PRIMARY KEY, refs integer NOT NULL, discarded_at timestamptz,
      gone boolean NOT NULL DEFAULT false, attempts smallint NOT NULL DEFAULT 0, retry_at timestamptz, last_error text,
      CONSTRAINT filedepot_gone CHECK (NOT gone OR refs <= 0))`,
    `CREATE INDEX IF NOT EXISTS filedepot_due ON ${files} (discarded_at) WHERE discarded_at IS NOT NULL`,
    `CREATE INDEX IF NOT EXISTS filedepot_forget ON ${files} (retry_at) WHERE gone AND discarded_at IS NULL`,
    `CREATE TABLE IF NOT EXISTS ${state} (name text PRIMARY KEY, value text NOT NULL)`,
    ...readingFunctions({ json, paths }),
  ]
}

/** The functions that read values. The triggers call them. */
export function readingFunctions({ json, paths }: Pick<PostgresNames, 'json' | 'paths'>): string[] {
  return [readJson(json), readPaths(paths)]
}

export function dropTables({ files, state, json, paths }: PostgresNames): string[] {
  return [
    `DROP TABLE IF EXISTS ${files}, ${state}`,
    `DROP FUNCTION IF EXISTS ${json}(text)`,
    `DROP FUNCTION IF EXISTS ${paths}(jsonb)`,
  ]
}

/**
 * Zero bytes and halves of surrogate pairs are JSON for JavaScript, and not for `jsonb`. What is no JSON at all counts for
 * a path of its own. Not PARALLEL SAFE: a block with EXCEPTION begins a subtransaction, which a parallel worker cannot.
 */
function readJson(name: string): string {
  return `CREATE OR REPLACE FUNCTION ${name}(v text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
    BEGIN RETURN v::jsonb;
    EXCEPTION WHEN data_exception THEN
      BEGIN RETURN regexp_replace(v, '(?<!\\\\)((?:\\\\\\\\)*)\\\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})', '\\1?', 'g')::jsonb;
      EXCEPTION WHEN data_exception THEN RETURN CASE WHEN v = '' THEN NULL ELSE '{"files":["!unreadable"]}' END;
      END;
    END $$`
}

/** A UUID is the same in upper case, and then has one count, as well. */
const ONE_SPELLING = `CASE WHEN p ~ '/[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$'
            THEN left(p, -36) || lower(right(p, 36)) ELSE p END`

/** What an object names as its own file, or what Python's DEPOT writes. */
const OWN = (o: string) =>
  `CASE WHEN ${o} ? 'depot_name' THEN coalesce(${o}->>'path', (${o}->>'depot_name') || '/' || (${o}->>'file_id'))
          ELSE (${o}->>'storage') || '/' || (${o}->>'id') END`

/**
 * The distinct paths of a value or an array of values: `storage/id`, and `files`. One and two files with the value's own at
 * first, as nearly every value has them, are read without a query.
 */
function readPaths(name: string): string {
  return `CREATE OR REPLACE FUNCTION ${name}(v jsonb) RETURNS text[] LANGUAGE plpgsql IMMUTABLE AS $$
    DECLARE a jsonb := v->'files';
    BEGIN
      IF jsonb_typeof(a) = 'array' AND a->>0 = (v->>'storage') || '/' || (v->>'id') AND NOT v ? 'depot_name' THEN
        IF jsonb_array_length(a) = 1 AND right(a->>0, 36) = lower(right(a->>0, 36)) THEN RETURN ARRAY[a->>0]; END IF;
        IF jsonb_array_length(a) = 2 AND jsonb_typeof(a->1) = 'string' AND a->>0 <> a->>1
          AND right(a->>0, 36) || right(a->>1, 36) = lower(right(a->>0, 36) || right(a->>1, 36)) THEN
          RETURN ARRAY[a->>0, a->>1];
        END IF;
      END IF;
      RETURN ARRAY(SELECT DISTINCT ${ONE_SPELLING} FROM (
        SELECT f #>> '{}' p FROM jsonb_path_query(v, '$.files[*] ? (@.type() == "string")') f
        UNION ALL
        SELECT ${OWN('o')} FROM jsonb_path_query(v, '$[*] ? (@.type() == "object")') o
      ) x WHERE p IS NOT NULL);
    END $$`
}
