# The app in a container: docker compose up, or make docker. docs/deploy.md says how, and what was checked.

FROM python:3.11.14-slim-bookworm AS base
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1

# Dependencies: a stage, and in the final image a layer, of their own, which a change of code leaves alone.
FROM base AS dependencies
# Another index fetches another build, such as https://download.pytorch.org/whl/cu128 for a GPU.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN python -m venv /opt/venv
COPY requirements.txt /tmp/requirements.txt
RUN pip install --no-cache-dir --disable-pip-version-check \
    ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} -r /tmp/requirements.txt

FROM base
COPY --from=dependencies /opt/venv /opt/venv
WORKDIR /srv/lookahead-lab
COPY optim_core optim_core
COPY landscapes landscapes
COPY app app
# Bytecode is written now, since the root file system will be read-only; /data is all that the app's user may write.
RUN python -m compileall -q . \
    && useradd --system --uid 10001 --no-create-home --home-dir /data lab \
    && install --directory --owner=lab --mode=0700 /data
ENV HOME=/data XDG_DATA_HOME=/data XDG_STATE_HOME=/data XDG_CACHE_HOME=/tmp/cache MPLCONFIGDIR=/tmp/matplotlib \
    PYTHONPATH=/srv/lookahead-lab PYTHONDONTWRITEBYTECODE=1
USER 10001
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["python", "-m", "app.cli", "app", "--address", "0.0.0.0"]
