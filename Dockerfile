# The gateway runs its TypeScript sources as they are; the image brings the runtime, so development packages stay out.
FROM node:26-slim
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts
COPY src ./src
COPY processors ./processors
COPY config.toml ./
USER node
EXPOSE 7070
# Mount your own config.toml at /app/config.toml. Inside a container others must be able to connect, so bind to all
# addresses; the gateway then insists on `auth` in every pipeline, or on `open = true`.
ENV SLUICE__SERVER__HOST=0.0.0.0
CMD ["node", "src/main.ts"]
