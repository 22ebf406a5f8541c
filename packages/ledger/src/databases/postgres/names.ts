/** The tables of the ledger, as statements name them. */
export interface PostgresNames {
  readonly schema: string
  readonly files: string
  readonly state: string
  /** The function that reads text as JSON. */
  readonly json: string
  /** The function that says which paths a JSON value refers to. */
  readonly paths: string
}

export function namesIn(schema: string): PostgresNames {
  const within = (name: string) => `${quote(schema)}.${name}`
  return {
    schema,
    files: within('filedepot_files'),
    state: within('filedepot_state'),
    json: within('filedepot_json'),
    paths: within('filedepot_paths'),
  }
}

/** A name as it stands in a statement. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A text as it stands in a statement. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
