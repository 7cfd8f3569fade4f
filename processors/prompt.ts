import { type Call, type Clock, type Conversation, defineProcessor, matchGlob, type Turn } from 'sluice'

export default defineProcessor({
  summary: 'Puts system text of your own before or behind what the client says to the model as the system.',
  description: `
\`prepend\` goes before the client's first message, \`append\` behind its leading system messages and before the
conversation. What the client sent keeps its order and its words, and the same call gets the same text each time, at the
same place; so the provider's prompt cache goes on working while a conversation grows.

\`{{name}}\` in a text is a variable: one of \`variables\`, or

| variable | is |
|---|---|
| \`{{key}}\`, \`{{team}}\` | the name and the team of the caller's key, where \`auth\` stands before |
| \`{{model}}\` | the model that is asked for now, without characters that no name of a model has |
| \`{{date}}\` | the day in UTC, \`2026-01-31\`; a prompt cache starts anew with each day |

\`{{team:-nobody}}\` says what stands there when there is nothing; without that it is nothing. Values are put in as they
are: a \`{{name}}\` in a value means nothing.

Applies to calls that generate and to counts of their tokens. A call that gets a text is encoded anew. Several tables of
this processor apply from the outside to the inside: the text that the last one prepends comes first.
`,
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      prepend: { type: 'string', minLength: 1, description: 'Text before everything that the client sent.' },
      append: { type: 'string', minLength: 1, description: "Text behind the client's leading system messages." },
      variables: {
        type: 'object',
        additionalProperties: { type: 'string' },
        default: {},
        description: 'Further variables and their values.',
      },
      models: {
        type: 'array',
        items: { type: 'string', format: 'glob' },
        minItems: 1,
        description: 'Patterns of the models that get the text; `*` is any text. Absent: all.',
      },
      keys: {
        type: 'array',
        items: { type: 'string', format: 'glob' },
        minItems: 1,
        description: 'Patterns of the names of keys whose calls get the text. Absent: all.',
      },
    },
  },
  examples: [
    { title: 'A house rule', toml: 'append = "Answer in the language of the question."' },
    {
      title: 'A persona for one model, with the day',
      toml: `prepend = "You are {{product}}, the assistant of {{team:-our guests}}."
append = "Today is {{date}}."
variables = { product = "Harbour" }
models = ["gpt-5*"]`,
    },
  ],
  setup({ options, clock }) {
    const { prepend, append, variables, models, keys } = options
    if (prepend === undefined && append === undefined) throw new Error('nothing to add; give prepend or append')
    const hidden = Object.keys(variables).find(name => Object.hasOwn(OF_THE_CALL, name))
    if (hidden !== undefined)
      throw new Error(`variables.${hidden} is the name of a built-in variable; take another one`)
    const before = prepend === undefined ? undefined : readTemplate(prepend, variables)
    const behind = append === undefined ? undefined : readTemplate(append, variables)

    return {
      async handle(call, next) {
        const { identity } = call.client
        const applies = isGenerating(call) && fits(models, call.model) && fits(keys, identity?.name ?? '')
        if (!applies) return next(call)
        const { conversation } = call
        const turns = [
          ...systemTurn(before?.(call, clock), conversation),
          ...withBehind(conversation.turns, systemTurn(behind?.(call, clock), conversation)),
        ]
        return next(call.with({ conversation: { ...conversation, turns } }))
      },
    }
  },
})

/** The variables that each call gives a value. */
const OF_THE_CALL: Readonly<Record<string, (call: Call, clock: Clock) => string | undefined>> = {
  key: ({ client }) => client.identity?.name,
  team: ({ client }) => client.identity?.team,
  // A client names the model: nothing else than a name may get into the system's words.
  model: ({ model }) => model.replaceAll(/[^A-Za-z0-9._:/@+-]/g, '').slice(0, 128),
  date: (_, clock) => new Date(clock.date()).toISOString().slice(0, 10),
}

type Template = (call: Call, clock: Clock) => string

/** @throws Error naming a variable that there is not, or braces that do not fit */
function readTemplate(text: string, variables: Readonly<Record<string, string>>): Template {
  // Every second piece is what stood between braces.
  const pieces = text.split(/\{\{(.*?)\}\}/s)
  const templates = pieces.map((piece, index) => (index % 2 === 0 ? plainText(piece) : readVariable(piece, variables)))
  return (call, clock) => templates.map(template => template(call, clock)).join('')
}

function plainText(text: string): Template {
  if (/\{\{|\}\}/.test(text)) throw new Error(`braces without their counterpart: "${text.trim().slice(0, 40)}"`)
  return () => text
}

function readVariable(source: string, variables: Readonly<Record<string, string>>): Template {
  const [, name = '', otherwise = ''] = /^\s*([A-Za-z_][\w-]*)\s*(?::-(.*))?$/s.exec(source) ?? []
  if (Object.hasOwn(variables, name)) {
    const value = variables[name] || otherwise
    return () => value
  }
  const ofTheCall = Object.hasOwn(OF_THE_CALL, name) ? OF_THE_CALL[name] : undefined
  if (ofTheCall) return (call, clock) => ofTheCall(call, clock) || otherwise
  const known = [...Object.keys(OF_THE_CALL), ...Object.keys(variables)].join(', ')
  throw new Error(`there is no variable {{${source}}}; there are ${known}`)
}

/** In the role that the client itself uses, so that a model which knows only one of the two gets no other. */
function systemTurn(text: string | undefined, { turns }: Conversation): readonly Turn[] {
  if (text === undefined || text.trim() === '') return []
  const role = turns.find(isSystem)?.role ?? 'system'
  return [{ role, parts: [{ type: 'text', text }] }]
}

function withBehind(turns: readonly Turn[], added: readonly Turn[]): readonly Turn[] {
  const first = turns.findIndex(turn => !isSystem(turn))
  return turns.toSpliced(first < 0 ? turns.length : first, 0, ...added)
}

function isSystem({ role }: Turn): boolean {
  return role === 'system' || role === 'developer'
}

function isGenerating({ operation }: Call): boolean {
  return operation === 'generate' || operation === 'count-tokens'
}

function fits(patterns: readonly string[] | undefined, name: string): boolean {
  return patterns === undefined || patterns.some(pattern => matchGlob(pattern, name))
}
