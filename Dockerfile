# The ext_proc service only: Envoy runs next to it, from its own image (see docker-compose.yml).
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/openclaw \
 && /opt/openclaw/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
COPY pyproject.toml README.md ./
COPY openclaw_extproc ./openclaw_extproc
COPY openclaw_simulator ./openclaw_simulator
RUN /opt/openclaw/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
COPY --from=build /opt/openclaw /opt/openclaw
# The stages' sockets are in /run/openclaw with mode 0600: Envoy has to run as the same user. A volume that is mounted there
# for the first time takes on its owner.
RUN useradd --system --no-create-home --uid 10001 openclaw \
 && install -d -m 0700 -o openclaw -g openclaw /run/openclaw /var/lib/openclaw
USER 10001
# The second has the ledger of costs: mount a volume that outlives the container there.
VOLUME /run/openclaw /var/lib/openclaw
ENV PATH=/opt/openclaw/bin:$PATH PYTHONUNBUFFERED=1
EXPOSE 3001
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["python", "-c", \
  "import urllib.request; urllib.request.urlopen('http://127.0.0.1:3001/readyz', timeout=2)"]
ENTRYPOINT ["openclaw-extproc"]
CMD ["serve", "-c", "/etc/openclaw/openclaw.yml", "--clusters", "/etc/envoy/clusters.yaml"]
