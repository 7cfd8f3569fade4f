// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax that is tested
import { expect, test } from 'vitest'
import { applyOverrides, overrideName } from '../../src/config/overrides.ts'
import { tablesSchema } from '../../src/config/tables-schema.ts'
import { PROVIDER_KINDS } from './definitions.ts'

const FILE = {
  server: { port: 1, host: 'localhost' },
  providers: { 'team-a': { client: 'openai-chat' }, broken: 7 },
  pipelines: { main: { parsers: ['openai-chat'] } },
}

function override(environment: Record<string, string>, file: Record<string, unknown> = FILE) {
  return applyOverrides(file, tablesSchema(file, PROVIDER_KINDS), environment)
}

test.each([
  ['SLUICE__SERVER__PORT', '8080', ['server', 'port'], 8080],
  ['SLUICE__SERVER__PORT', ' 8080 ', ['server', 'port'], 8080],
  ['SLUICE__SERVER__PORT', '0x50', ['server', 'port'], '0x50'],
  ['SLUICE__SERVER__PORT', '', ['server', 'port'], ''],
  ['SLUICE__server__Open', 'true', ['server', 'open'], true],
  ['SLUICE__SERVER__OPEN', 'false', ['server', 'open'], false],
  ['SLUICE__SERVER__OPEN', '1', ['server', 'open'], '1'],
  ['SLUICE__SERVER__HOST', '${HOST}', ['server', 'host'], '${HOST}'],
  ['SLUICE__METRICS__PATH', '/m', ['metrics', 'path'], '/m'],
  ['SLUICE__PROVIDERS__TEAM_A__API_KEY', 'k', ['providers', 'team-a', 'api_key'], 'k'],
  ['SLUICE__PROVIDERS__TEAM-A__TIMEOUTS__CONNECT', '1s', ['providers', 'team-a', 'timeouts', 'connect'], '1s'],
  ['SLUICE__PROVIDERS__TEAM_A__STREAM_USAGE', 'leave', ['providers', 'team-a', 'stream_usage'], 'leave'],
  ['SLUICE__PIPELINES__MAIN__PARSERS', '["a", "b"]', ['pipelines', 'main', 'parsers'], ['a', 'b']],
  ['SLUICE__PIPELINES__MAIN__STREAM', '{ heartbeat = "1s" }', ['pipelines', 'main', 'stream'], { heartbeat: '1s' }],
  ['SLUICE__PIPELINES__MAIN__PARSERS', '["a"]\nserver = 1', ['pipelines', 'main', 'parsers'], '["a"]\nserver = 1'],
])('%s=%s', (variable, text, path, expected) => {
  const { value, origins, problems } = override({ [variable]: text })
  expect(path.reduce<unknown>((table, key) => (table as Record<string, unknown>)[key], value)).toEqual(expected)
  expect([...origins]).toEqual([[JSON.stringify(path), { kind: 'override', variable }]])
  expect(problems).toEqual([])
})

test('leaves other variables, and the table it is given, alone', () => {
  const before = structuredClone(FILE)
  const { value, origins } = override({ SLUICE_SERVER__PORT: '1', PORT: '2', sluice__server__port: '3' })
  expect(value).toEqual(before)
  expect(origins.size).toBe(0)
  override({ SLUICE__SERVER__PORT: '9' })
  expect(FILE).toEqual(before)
})

test('leaves what is no table in the way where it is: the check of the file tells of it', () => {
  expect(override({ SLUICE__SERVER__PORT: '1' }, { server: 'here' }).value).toEqual({ server: 'here' })
})

test.each([
  ['SLUICE__SERVER__PROT', 'did you mean "SLUICE__SERVER__PORT"?'],
  ['SLUICE__PROVIDER__TEAM_A__API_KEY', 'did you mean "SLUICE__PROVIDERS__TEAM_A__API_KEY"?'],
  ['SLUICE__PROVIDERS__TEAM_B__API_KEY', 'did you mean "SLUICE__PROVIDERS__TEAM_A__API_KEY"?'],
  ['SLUICE__CONSTRUCTOR__NAME', 'sets nothing'],
  ['SLUICE____PROTO____X', 'sets nothing'],
  ['SLUICE__', 'sets nothing'],
  ['SLUICE__SERVER__PORT__LOW', 'a single value'],
  ['SLUICE__PROVIDERS__TEAM_A__HEADERS__X', 'a table of free keys'],
  ['SLUICE__PIPELINES__MAIN__PROCESSORS__0__USE', 'an array'],
])('%s is a problem that names it', (variable, message) => {
  const { value, problems } = override({ [variable]: 'canary' })
  expect(value).toEqual(FILE)
  expect(problems).toEqual([{ file: variable, key: '', message: expect.stringContaining(message) }])
  expect(JSON.stringify(problems)).not.toContain('canary')
})

test('two variables for one key are a problem', () => {
  const { problems } = override({ SLUICE__SERVER__PORT: '1', SLUICE__server__port: '2' })
  expect(problems).toMatchObject([{ key: 'server.port', message: 'is set by SLUICE__SERVER__PORT too' }])
})

test('a key knows its variable', () => {
  expect(overrideName(['providers', 'team-a', 'api_key'])).toBe('SLUICE__PROVIDERS__TEAM_A__API_KEY')
})
