import { join } from 'node:path'
import { type Client, FAKE_KEY } from '../client.ts'

export const qwenCode: Client = {
  name: 'qwen-code',
  packages: ['@qwen-code/qwen-code'],
  variants: ['openai', 'openai-responses', 'anthropic', 'gemini'],
  command: ({ base, folder, home, variant, prompt }) => ({
    argv: [
      join(folder, 'node_modules/.bin/qwen'),
      '-p',
      prompt,
      '--auth-type',
      variant,
      '-m',
      'some-model',
      '--approval-mode',
      'yolo',
    ],
    env: {
      OPENAI_BASE_URL: `${base}/v1`,
      OPENAI_API_KEY: FAKE_KEY,
      OPENAI_MODEL: 'some-model',
      ANTHROPIC_BASE_URL: base,
      ANTHROPIC_API_KEY: FAKE_KEY,
      ANTHROPIC_MODEL: 'some-model',
      GEMINI_API_KEY: FAKE_KEY,
      GEMINI_MODEL: 'some-model',
    },
    // It has no variable for the address of Gemini.
    files: {
      [join(home, '.qwen/settings.json')]: JSON.stringify({
        modelProviders: { gemini: [{ id: 'some-model', name: 'Some model', envKey: 'GEMINI_API_KEY', baseUrl: base }] },
      }),
    },
  }),
}
