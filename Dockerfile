# The gateway runs its TypeScript sources as they are; the image brings the runtime, so development packages stay out.
FROM node:26-slim
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force
COPY src ./src
COPY processors ./processors
COPY config.toml ./
# Compiled code is kept here from start to start. Where the file system is read-only, mount a tmpfs at /tmp.
ENV NODE_ENV=production NODE_COMPILE_CACHE=/tmp/compile-cache
USER node
EXPOSE 7070
# Mount your own config.toml at /app/config.toml. Inside a container others must be able to connect, so bind to all
# addresses; the gateway then insists on `auth` or `auth-jwt` in every pipeline, or on `open = true`.
ENV SLUICE__SERVER__HOST=0.0.0.0
# Another port than 7070 needs another health check. An orchestrator with probes of its own ignores this one.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:7070/readyz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# No shell and no npm in between: signals reach the gateway, which drains.
CMD ["node", "src/sluice.js"]
