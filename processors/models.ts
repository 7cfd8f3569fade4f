import { type Call, defineProcessor, type Identity, type ModelEntry, matchGlob, modelNotFound } from 'sluice'

export default defineProcessor({
  summary: 'Sends each model to the provider and the model that the configuration names for it.',
  description: `
First \`aliases\` are looked up, once: an alias of an alias is not followed. Then the rules are tried in order, and the
first whose \`match\` fits decides; what it leaves out stays as it is. A model that fits no rule goes to \`default\`, or
else on as it came, unless \`on_unknown = "refuse"\`. Names in \`aliases\` and \`list\` are known even if no rule fits:
they keep their model, and take from \`default\` only the provider.

In \`match\`, \`*\` is any text. If it holds exactly one, \`model\` may hold one too, which then carries the same text
over: \`{ match = "claude-*", model = "anthropic/claude-*" }\`.

A request for the model list is answered with the names known here: aliases, rules without \`*\`, and \`list\`. Where
there are none, the provider's own list is passed on.

A key that \`auth\` has limited to some models or providers sees and reaches only those, wherever a rule would send it.
`,
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      rules: {
        type: 'array',
        default: [],
        description: 'Tried in order; the first that fits decides.',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['match'],
          properties: {
            match: {
              type: 'string',
              format: 'glob',
              refersTo: 'model',
              description: 'The model as asked for; `*` is any text.',
            },
            provider: { type: 'string', refersTo: 'provider', description: 'Where it goes. Absent: unchanged.' },
            needs_key: {
              type: 'boolean',
              default: false,
              description: 'Passes the rule over while its provider has no key, instead of refusing the call.',
            },
            model: {
              type: 'string',
              minLength: 1,
              refersTo: 'model',
              description: "The provider's name for it. Absent: unchanged.",
            },
          },
        },
      },
      aliases: {
        type: 'object',
        additionalProperties: { type: 'string', minLength: 1, refersTo: 'model' },
        keysReferTo: 'model',
        default: {},
        description: 'Other names of models: `{ big = "gpt-5" }`.',
      },
      default: {
        type: 'object',
        additionalProperties: false,
        description: 'Where a model goes that fits no rule.',
        properties: {
          provider: { type: 'string', refersTo: 'provider', description: 'The provider. Absent: unchanged.' },
          model: { type: 'string', minLength: 1, refersTo: 'model', description: 'The model. Absent: unchanged.' },
        },
      },
      on_unknown: {
        type: 'string',
        enum: ['pass', 'refuse'],
        default: 'pass',
        description: 'What happens to a model that fits no rule and no alias, where there is no `default`.',
      },
      list: {
        type: 'array',
        items: { type: 'string', minLength: 1, refersTo: 'model' },
        default: [],
        description: 'Further names for the model list. They are known, but routed like any other.',
      },
    },
  },
  examples: [
    {
      title: 'Short names for two models, and nothing else',
      toml: 'aliases = { big = "gpt-5", small = "gpt-5-mini" }\non_unknown = "refuse"',
    },
    {
      title: 'One model served by another, names carried over',
      toml: `[[rules]]
match = "claude-haiku-*"
model = "gpt-5-mini"

[[rules]]
match = "claude-*"
model = "anthropic/claude-*"`,
    },
  ],
  refusals: {
    model_not_found: { status: 404, kind: 'not-found', when: 'The model is not known, or not for this key.' },
  },
  setup({ options, keyless }) {
    const usable = options.rules.filter(rule => !(rule.needs_key && keyless.has(rule.provider ?? '')))
    const rules = usable.map(readRule)
    const aliases = new Map(Object.entries(options.aliases))
    const names = [...new Set([...aliases.keys(), ...exactNames(rules), ...options.list])]
    const known = new Set(names)
    const otherwise = options.default
    if (otherwise && options.on_unknown === 'refuse') {
      throw new Error('default and on_unknown = "refuse" exclude each other; keep one of them')
    }

    function route(name: string): Target | undefined {
      const model = aliases.get(name) ?? name
      const rule = rules.find(({ match }) => matchGlob(match, model))
      if (rule) return targetOf(rule, model)
      if (known.has(name)) return { ...otherwise, model }
      return options.on_unknown === 'refuse' ? undefined : { model, ...otherwise }
    }

    return {
      handle(call, next) {
        const { identity } = call.client
        if (call.operation === 'list-models') {
          if (names.length === 0) return next(call)
          const visible = names.filter(name => mayUse(identity, name, route(name)?.provider ?? call.provider))
          return Promise.resolve(call.answer({ models: visible.map((id): ModelEntry => ({ id })) }))
        }
        const target = route(call.model)
        if (!target || !mayUse(identity, call.model, target.provider ?? call.provider)) throw modelNotFound(call.model)
        return next(redirected(call, target))
      },
    }
  },
})

interface Rule {
  readonly match: string
  readonly provider?: string
  readonly model?: string
}

interface Target {
  readonly model: string
  readonly provider?: string
}

/** @throws Error when the model's `*` has nothing to stand for */
function readRule(rule: Rule): Rule {
  const stars = starsIn(rule.model ?? '')
  if (stars > 1) throw new Error(`model "${rule.model}" has more than one "*"`)
  if (stars === 1 && starsIn(rule.match) !== 1) {
    throw new Error(`model "${rule.model}" has a "*", so match "${rule.match}" must have exactly one`)
  }
  return rule
}

function starsIn(pattern: string): number {
  return pattern.split('*').length - 1
}

function exactNames(rules: readonly Rule[]): readonly string[] {
  return rules.filter(({ match }) => !match.includes('*')).map(({ match }) => match)
}

function targetOf({ match, provider, model }: Rule, name: string): Target {
  const star = match.indexOf('*')
  const carried = star < 0 ? '' : name.slice(star, name.length - (match.length - star - 1))
  // A function as the replacement: `$&` in a client's model name means nothing.
  return { model: model === undefined ? name : model.replace('*', () => carried), ...(provider && { provider }) }
}

function mayUse(identity: Identity | undefined, name: string, provider: string): boolean {
  const modelIsAllowed = identity?.models === undefined || identity.models.some(pattern => matchGlob(pattern, name))
  return modelIsAllowed && (identity?.providers === undefined || identity.providers.includes(provider))
}

function redirected(call: Call, { model, provider = call.provider }: Target): Call {
  return model === call.model && provider === call.provider ? call : call.with({ model, provider })
}
