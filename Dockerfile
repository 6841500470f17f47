# Every RUN and COPY works on relative paths, so that test/tooling/container.test.ts can do the same without an engine.

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json
RUN npm prune --omit=dev --ignore-scripts
RUN mkdir empty

FROM node:24-slim
# HOME is where the client keeps its history: the one place that can be written to.
ENV NODE_ENV=production HOME=/data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY wsdl ./wsdl
COPY public ./public
COPY --from=build --chown=10001:10001 /app/empty /data
USER 10001:10001
VOLUME /data
EXPOSE 8080 8081
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/readyz').then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/main.js"]
# Inside the container the published ports are the wall, so the server listens on all its addresses.
CMD ["server", "--host", "0.0.0.0", "--allow-legacy", "--data", "/data"]
