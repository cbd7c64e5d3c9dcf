# The command `cic-jax`: colours photographs, serves the page, works on archives.
#
#   docker build -t cic-jax .                                       on CPUs
#   docker build -t cic-jax --build-arg EXTRAS=web,remote,cuda .    on NVIDIA GPUs
#   docker run --rm -v "$PWD:/photographs" cic-jax colorize grandmother.jpg -o coloured.jpg
#   docker run --rm -p 127.0.0.1:8000:8000 cic-jax serve --host=0.0.0.0
FROM python:3.11-slim
ARG EXTRAS=web,remote
WORKDIR /source
COPY . .
RUN python -m venv /opt/cic-jax
RUN /opt/cic-jax/bin/pip install --no-cache-dir --require-hashes --requirement requirements.lock
RUN /opt/cic-jax/bin/pip install --no-cache-dir ".[$EXTRAS]"
# Compiled programs are kept here; mount a volume to keep them from one run to the next.
RUN mkdir -p /opt/cic-jax/compiled && chmod 1777 /opt/cic-jax/compiled
ENV JAX_COMPILATION_CACHE_DIR=/opt/cic-jax/compiled PATH=/opt/cic-jax/bin:$PATH
USER 1000:1000
WORKDIR /photographs
ENTRYPOINT ["cic-jax"]
CMD ["--help"]
