# The image of kubestate: the program, and nothing else. It needs no file, runs as
# any user, and brings its own time zones. It has no certificate authorities: in a
# pod the account brings the API server's, elsewhere the kubeconfig does.
#
#   docker buildx build --platform linux/amd64,linux/arm64 \
#     --build-arg VERSION=v1.2.3 --build-arg REVISION=$(git rev-parse HEAD) .
#
# `make image` makes the same without Docker.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unknown REVISION= TARGETOS TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH make build VERSION="$VERSION" REVISION="$REVISION" BRANCH=

FROM scratch
ARG VERSION=unknown REVISION=
LABEL org.opencontainers.image.title="kubestate" \
      org.opencontainers.image.description="State of Kubernetes objects for Prometheus" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/kubestate/kubestate" \
      org.opencontainers.image.documentation="https://github.com/kubestate/kubestate/blob/main/README.md" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /src/.build/kubestate /kubestate
WORKDIR /
USER 65534:65534
EXPOSE 10241/tcp 10242/tcp
ENTRYPOINT ["/kubestate"]
