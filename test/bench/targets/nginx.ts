import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, listens, Program } from '../processes.ts'
import { passing, type Surroundings, type Target } from './target.ts'

/** @returns undefined where there is no nginx on the PATH */
export function nginxVersion(): string | undefined {
  const { stderr, error } = spawnSync('nginx', ['-v'], { encoding: 'utf8' })
  return error === undefined ? /nginx\/(\S+)/.exec(stderr)?.[1] : undefined
}

/** nginx's `proxy_pass`, one worker, connections kept on both sides, nothing buffered that streams. */
export async function startNginx({ upstreamPort, folder }: Surroundings): Promise<Target> {
  const port = await freePort()
  const own = mkdtempSync(join(folder, 'nginx-'))
  const config = join(own, 'nginx.conf')
  writeFileSync(config, configOf(own, port, upstreamPort))
  const output = join(own, 'error.log')
  const program = new Program({ program: 'nginx', argv: ['-p', own, '-c', config, '-e', output], folder: own, output })
  await program.ready(() => listens(port))
  return {
    name: 'nginx',
    port,
    pid: program.pid,
    address: passing,
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  }
}

function configOf(folder: string, port: number, upstreamPort: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    name => `  ${name}_temp_path ${join(folder, name)};`,
  )
  return `
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${join(folder, 'nginx.pid')};
events { worker_connections 8192; }
http {
  access_log off;
${temporary.join('\n')}
  keepalive_requests 1000000000;
  client_max_body_size 16m;
  client_body_buffer_size 1m;
  upstream provider {
    server 127.0.0.1:${upstreamPort};
    keepalive 4096;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header connection "";
      proxy_buffering off;
      proxy_buffer_size 64k;
      proxy_buffers 8 64k;
      proxy_read_timeout 300s;
    }
  }
}
`
}
