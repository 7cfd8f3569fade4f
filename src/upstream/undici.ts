/**
 * The three parts of undici that the gateway uses. Its index loads all the others as well, fetch, WebSocket, mocks and
 * caches: 4 MiB (docs/decisions/016-idle-memory.md). undici has no list of public paths; a test holds that these parts are
 * those of its index.
 */
import { createRequire } from 'node:module'
import type * as Undici from 'undici'

const require = createRequire(import.meta.url)

export const Pool = require('undici/lib/dispatcher/pool.js') as typeof Undici.Pool
export const Client = require('undici/lib/dispatcher/client.js') as typeof Undici.Client
export const buildConnector = require('undici/lib/core/connect.js') as typeof Undici.buildConnector
