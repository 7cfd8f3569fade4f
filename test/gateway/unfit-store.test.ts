/** A gateway that cannot be set up ends, and says why, although it is connected to a Redis. */
import { expect, test } from 'vitest'
import { runCommand } from '../support/command.ts'
import { startTestGateway } from '../support/gateway.ts'
import { configFile } from '../support/gateway-command.ts'
import { redisMissing, startRedis } from '../support/redis.ts'

function config(redis: string, options: string, workers = 1): string {
  return `
[server]
workers = ${workers}

[store]
driver = "redis"
url = "${redis}"

[providers.main]
client = "echo"

[pipelines.main]
parsers = ["openai-chat"]
provider = "main"

[[pipelines.main.processors]]
use = "rate-limit"
${options}
`
}

const missing = redisMissing()

if (missing !== undefined) test.skip(`a Redis that cannot be used: ${missing}`, () => {})
else {
  test('a node of a cluster is no store', async () => {
    await using redis = await startRedis(['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf'])
    await expect(startTestGateway(config(redis.url, 'concurrent = 1'))).rejects.toThrow(
      /config\.toml: store\.url: Redis runs in cluster mode, which is not supported/,
    )
  })

  test.each([1, 2])('the command ends when a step cannot be set up, with %i processes', async workers => {
    await using redis = await startRedis()
    const finished = await runCommand(['run', '--config', configFile(config(redis.url, '', workers)), '--port', '0'])
    expect(finished).toMatchObject({ code: 1, errors: expect.stringContaining('no limit is set') })
  })
}
