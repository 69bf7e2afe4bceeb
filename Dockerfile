# The app in a container: docker compose up, or make docker. docs/deploy.md says how, and what was checked.

FROM python:3.11.14-slim-bookworm AS base
ENV PATH=/opt/venv/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

# Dependencies: a stage, and in the final image a layer, of their own, which a change of code leaves alone.
FROM base AS dependencies
# Another index fetches another build, such as https://download.pytorch.org/whl/cu128 for a GPU; none, the default one.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN python -m venv /opt/venv
COPY requirements.txt /tmp/requirements.txt
RUN pip install ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} -r /tmp/requirements.txt

FROM base
COPY --from=dependencies /opt/venv /opt/venv
WORKDIR /opt/lookahead-lab
COPY pyproject.toml README.md LICENSE lookahead_lab.py ./
COPY optim_core optim_core
COPY landscapes landscapes
COPY app app
COPY docs/gallery docs/gallery
# The application runs from its tree: the wheel is the library alone.
# Runs are kept in /data and caches in /tmp; all else can be read-only. The group lets in OpenShift's arbitrary user ids.
RUN pip install --no-deps --no-build-isolation --config-settings editable_mode=compat -e . \
    && python -c "from app.player.bundle import served; served('mount.js'), served('relief_heads.js')" \
    && useradd --system --uid 10001 --no-create-home lab \
    && install --directory --owner=lab --group=root --mode=0770 /data
ENV STREAMLIT_SERVER_ADDRESS=0.0.0.0 LOOKAHEAD_DATA=/data HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /data
USER 10001
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["lookahead-lab", "health"]
CMD ["lookahead-lab", "app"]
