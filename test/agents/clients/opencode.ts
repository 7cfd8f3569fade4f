import { join } from 'node:path'
import { type Client, FAKE_KEY } from '../client.ts'

/** The bundled SDKs, and the root of each under the gateway's address. */
const ROOTS: Readonly<Record<string, string>> = {
  '@ai-sdk/openai-compatible': '/v1',
  '@ai-sdk/openai': '/v1',
  '@ai-sdk/anthropic': '/v1',
  '@ai-sdk/google': '/v1beta',
}

export const opencode: Client = {
  name: 'opencode',
  packages: ['opencode-ai'],
  variants: Object.keys(ROOTS),
  command: ({ base, folder, home, work, variant, prompt }) => ({
    argv: [join(folder, 'node_modules/.bin/opencode'), 'run', '--model', 'sluice/some-model', prompt],
    env: {
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      OPENCODE_DISABLE_MODELS_FETCH: '1',
      XDG_CONFIG_HOME: join(home, '.config'),
      XDG_DATA_HOME: join(home, '.local/share'),
      XDG_CACHE_HOME: join(home, '.cache'),
      XDG_STATE_HOME: join(home, '.local/state'),
    },
    files: {
      [join(work, 'opencode.json')]: JSON.stringify({
        autoupdate: false,
        share: 'disabled',
        provider: {
          sluice: {
            npm: variant,
            name: 'Sluice',
            options: { baseURL: `${base}${ROOTS[variant]}`, apiKey: FAKE_KEY },
            models: {
              'some-model': { name: 'Some model', tool_call: true, limit: { context: 200_000, output: 32_000 } },
            },
          },
        },
      }),
    },
  }),
}
