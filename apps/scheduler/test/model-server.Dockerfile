FROM node:24-bookworm-slim
WORKDIR /src
COPY model-server.ts .
EXPOSE 5000
CMD ["node", "model-server.ts"]
