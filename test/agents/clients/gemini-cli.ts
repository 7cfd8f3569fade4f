import { join } from 'node:path'
import { type Client, FAKE_KEY } from '../client.ts'

export const geminiCli: Client = {
  name: 'gemini-cli',
  packages: ['@google/gemini-cli'],
  variants: ['gemini-3-pro-preview', 'gemini-2.5-flash'],
  command: ({ base, folder, home, variant, prompt }) => ({
    argv: [join(folder, 'node_modules/.bin/gemini'), '-p', prompt, '-m', variant, '--yolo', '--skip-trust'],
    env: {
      GOOGLE_GEMINI_BASE_URL: base,
      GEMINI_API_KEY: FAKE_KEY,
      GEMINI_CLI_TRUST_WORKSPACE: 'true',
      GEMINI_TELEMETRY_ENABLED: 'false',
    },
    files: {
      [join(home, '.gemini/settings.json')]: JSON.stringify({
        security: { auth: { selectedType: 'gemini-api-key' } },
        privacy: { usageStatisticsEnabled: false },
        general: { enableAutoUpdate: false },
      }),
    },
  }),
}
