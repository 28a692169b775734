# The beats service: tempo, beats, chords and loudness with librosa. Build from the repository root:
#   docker build -f deploy/images/beats.Dockerfile -t karaoke-beats .
# To pin the base image: --build-arg BASE=python@sha256:…
ARG BASE=python:3.11.14-slim-bookworm

FROM ${BASE} AS packages
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
    UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1 PYC_INVALIDATION_MODE=UNCHECKED_HASH
# Optional package index, under the names that pip and uv read. The secret `ca` replaces the default certificate authorities.
ARG PIP_INDEX_URL
ARG UV_DEFAULT_INDEX
COPY deploy/images/requirements.uv.lock ./
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    python -m venv /uv && /uv/bin/pip install --no-cache-dir --require-hashes -r requirements.uv.lock
COPY pyproject.toml requirements.lock ./
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    /uv/bin/uv venv /venv \
    && /uv/bin/uv pip install --python /venv --require-hashes --constraints requirements.lock -r pyproject.toml --extra beats

FROM ${BASE}
RUN useradd --uid 1000 --create-home karaoke && install -d -o karaoke -g karaoke /storage /home/karaoke/.cache
ENV PATH=/venv/bin:$PATH HOME=/home/karaoke PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 PORT=8000 STORAGE_URL=/storage \
    NUMBA_CACHE_DIR=/tmp/numba
WORKDIR /app
COPY --from=packages /venv /venv
COPY shared shared
COPY services/__init__.py services/
COPY services/beats/*.py services/beats/patterns.json services/beats/weights.json services/beats/
ARG VERSION=0.1.0
ARG REVISION
ARG SOURCE
LABEL org.opencontainers.image.title=karaoke-beats org.opencontainers.image.version=$VERSION \
    org.opencontainers.image.revision=$REVISION org.opencontainers.image.source=$SOURCE org.opencontainers.image.licenses=MIT
USER 1000:1000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=300s CMD ["python", "-m", "shared.web.probe"]
ENTRYPOINT ["python", "-m", "services.beats"]
