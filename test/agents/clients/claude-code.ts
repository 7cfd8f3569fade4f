import { join } from 'node:path'
import { type Client, FAKE_KEY } from '../client.ts'

export const claudeCode: Client = {
  name: 'claude-code',
  packages: ['@anthropic-ai/claude-code'],
  // Newer models get adaptive thinking and system messages within the conversation, older ones a thinking budget.
  variants: ['claude-opus-5-5', 'claude-haiku-4-5'],
  command: ({ base, folder, home, variant, prompt }) => ({
    argv: [join(folder, 'node_modules/.bin/claude'), '-p', prompt, '--output-format', 'json', '--allowedTools', 'Read'],
    env: {
      ANTHROPIC_BASE_URL: base,
      ANTHROPIC_API_KEY: FAKE_KEY,
      ANTHROPIC_MODEL: variant,
      ANTHROPIC_DEFAULT_HAIKU_MODEL: variant,
      CLAUDE_CONFIG_DIR: join(home, '.claude'),
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_TELEMETRY: '1',
      DISABLE_ERROR_REPORTING: '1',
      DISABLE_AUTOUPDATER: '1',
    },
  }),
}
