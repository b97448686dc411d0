# vidcap in a container: docs/docker.md. CUDA: docker build --build-arg TORCH=cu130 .
ARG PYTHON=3.12
FROM python:${PYTHON}-slim

# mmengine brings opencv, which wants these two
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

ARG TORCH=cpu
RUN pip install --no-cache-dir --index-url https://download.pytorch.org/whl/${TORCH} torch torchvision

COPY . /src
RUN pip install --no-cache-dir /src/metrics "/src[default,serve]" /src/plugins/*/ && rm -rf /src

RUN useradd --create-home --uid 1000 vidcap && mkdir /data /cache && chown vidcap /data /cache
USER vidcap
ENV VIDCAP_CACHE=/cache HF_HOME=/cache/huggingface
WORKDIR /data
VOLUME /cache
ENTRYPOINT ["vidcap"]
CMD ["--help"]
