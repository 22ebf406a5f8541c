type JsonScalar = string | number | boolean | null
type JsonFlat = JsonScalar | readonly JsonScalar[] | Readonly<Record<string, JsonScalar>>

/**
 * JSON that a row can hold beside a file, two levels deep. It does not name itself: TypeORM's partial types would
 * follow such a type without end.
 */
export type JsonValue = JsonFlat | readonly JsonFlat[] | Readonly<Record<string, JsonFlat>>
