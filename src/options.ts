/**
 * JSON Schema literals → TypeScript types, for the options of processors and provider clients. Types only.
 *
 * Words of our own: `refersTo` and `keysReferTo` (the string names a provider, which must be configured, or a model,
 * which metrics may then use as a label) and `secret` (the value is handed over as a `Secret` and never printed).
 */

interface Described {
  readonly description?: string
}

export interface StringSchema extends Described {
  readonly type: 'string'
  readonly enum?: readonly string[]
  readonly default?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  /**
   * `duration` ("250ms", "15s", "5m", "2h") is handed over in milliseconds, `size` ("64KiB") in bytes, `until`
   * ("2027-01-31", to the end of that day in UTC, or "2027-01-31T18:00:00Z") in milliseconds since 1970, and `path` as
   * an absolute one: relative ones start from the folder of the configuration.
   */
  readonly format?: 'duration' | 'size' | 'until' | 'glob' | 'url' | 'path'
  readonly refersTo?: 'provider' | 'model'
  readonly secret?: true
}
export interface NumberSchema extends Described {
  readonly type: 'integer' | 'number'
  readonly default?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
}
export interface BooleanSchema extends Described {
  readonly type: 'boolean'
  readonly default?: boolean
}
export interface ArraySchema extends Described {
  readonly type: 'array'
  readonly items: OptionSchema
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly default?: readonly unknown[]
}
/** A table with fixed keys. */
export interface ObjectSchema extends Described {
  readonly type: 'object'
  readonly properties: Readonly<Record<string, OptionSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties: false
  /** `{}` where the table may be absent and the defaults of its keys shall count all the same. */
  readonly default?: Readonly<Record<string, unknown>>
}
/** A table with free keys, all of one kind. */
export interface MapSchema extends Described {
  readonly type: 'object'
  readonly additionalProperties: OptionSchema
  /** What the keys themselves name. */
  readonly keysReferTo?: 'provider' | 'model'
  readonly default?: Readonly<Record<string, unknown>>
}
export type OptionSchema = StringSchema | NumberSchema | BooleanSchema | ArraySchema | ObjectSchema | MapSchema

/** A string that cannot be printed: not by templates, JSON, the inspector or a log. */
export interface Secret {
  /** The value itself. Call it where it is used, not before. */
  reveal(): string
}

export type ValueOf<S> = S extends { readonly type: 'string'; readonly secret: true }
  ? Secret
  : S extends { readonly type: 'string'; readonly format: 'duration' | 'size' | 'until' }
    ? number
    : S extends { readonly type: 'string'; readonly enum: readonly (infer E)[] }
      ? E
      : S extends { readonly type: 'string' }
        ? string
        : S extends { readonly type: 'integer' | 'number' }
          ? number
          : S extends { readonly type: 'boolean' }
            ? boolean
            : S extends { readonly type: 'array'; readonly items: infer I }
              ? readonly ValueOf<I>[]
              : S extends { readonly type: 'object'; readonly properties: unknown }
                ? OptionsOf<S>
                : S extends { readonly type: 'object'; readonly additionalProperties: infer V }
                  ? Readonly<Record<string, ValueOf<V>>>
                  : unknown

type RequiredKeys<S> = S extends { readonly required: readonly (infer K)[] } ? K : never
type Present<P, S> = {
  [K in keyof P]: K extends RequiredKeys<S> ? K : P[K] extends { readonly default: unknown } ? K : never
}[keyof P]

/** The options as `setup` gets them: required and defaulted keys present, the others optional. */
export type OptionsOf<S> = S extends { readonly properties: infer P }
  ? { readonly [K in keyof P as K extends Present<P, S> ? K : never]: ValueOf<P[K]> } & {
      readonly [K in keyof P as K extends Present<P, S> ? never : K]?: ValueOf<P[K]>
    }
  : never
