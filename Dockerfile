# syntax=docker/dockerfile:1
# The functions as one server (server/README.md). Build: docker build -t trtc-stream-ingest .
FROM node:22-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build:server

FROM node:22-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
WORKDIR /app
COPY --from=build /app/serverless.yml ./
COPY --from=build /app/dist/server/serve.mjs ./dist/server/
USER node
EXPOSE 3000
# Docker marks a run that is not live as unhealthy. A load balancer asks /ready instead.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/live').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
CMD ["node", "dist/server/serve.mjs"]
