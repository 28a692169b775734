# The gateway: accepts uploads, serves results and the page. Build from the repository root:
#   docker build -f deploy/images/gateway.Dockerfile -t karaoke-gateway .
# To pin the base image: --build-arg BASE=python@sha256:…
ARG BASE=python:3.11.14-slim-bookworm
ARG NODE=node:22.20.0-bookworm-slim

FROM ${NODE} AS page
# The secret `ca` adds certificate authorities, for example of a proxy.
ENV NODE_EXTRA_CA_CERTS=/run/secrets/ca
ARG NPM_CONFIG_REGISTRY
WORKDIR /app/services/gateway/web
COPY docs/openapi.json /app/docs/
COPY services/gateway/web ./
RUN --mount=type=secret,id=ca npm ci --no-audit --no-fund && npm run build

FROM ${BASE} AS packages
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
    UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never
# Optional package index, under the names that pip and uv read. The secret `ca` replaces the default certificate authorities.
ARG PIP_INDEX_URL
ARG UV_DEFAULT_INDEX
COPY deploy/images/requirements.uv.lock ./
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    python -m venv /uv && /uv/bin/pip install --no-cache-dir --require-hashes -r requirements.uv.lock
COPY pyproject.toml requirements.lock ./
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    /uv/bin/uv venv /venv \
    && /uv/bin/uv pip install --python /venv --require-hashes --constraints requirements.lock -r pyproject.toml --extra gateway

FROM ${BASE}
RUN useradd --uid 1000 --create-home karaoke && install -d -o karaoke -g karaoke /storage /home/karaoke/.cache
ENV PATH=/venv/bin:$PATH HOME=/home/karaoke PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 PORT=8000 STORAGE_URL=/storage
WORKDIR /app
COPY --from=packages /venv /venv
COPY shared shared
COPY services/__init__.py services/
COPY services/gateway/*.py services/gateway/
COPY services/gateway/cli services/gateway/cli
COPY services/gateway/jobs services/gateway/jobs
COPY services/gateway/media services/gateway/media
COPY services/gateway/results services/gateway/results
COPY services/gateway/security services/gateway/security
COPY services/gateway/status services/gateway/status
COPY --from=page /app/services/gateway/web/dist services/gateway/web/dist
# Compile only the imported modules: this halves the start time. pyseccomp fails without the base image's libseccomp.
RUN PYTHONDONTWRITEBYTECODE= python -c "import pyseccomp, services.gateway.__main__, services.gateway.media.decoder, services.gateway.media.encoder"
ARG VERSION=0.1.0
ARG REVISION
ARG SOURCE
LABEL org.opencontainers.image.title=karaoke-gateway org.opencontainers.image.version=$VERSION \
    org.opencontainers.image.revision=$REVISION org.opencontainers.image.source=$SOURCE org.opencontainers.image.licenses=MIT
USER 1000:1000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python", "-m", "shared.web.probe"]
ENTRYPOINT ["python", "-m", "services.gateway"]
