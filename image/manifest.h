// Manifests and indexes as registries send them, OCI's and Docker's (schema 2), as plain data.
//
// One body has one meaning: a text that could be read as both kinds, whose declared type and
// content disagree, or that repeats a key is refused.
//
// Source: OCI image-spec 1.1, manifest.md, image-index.md, descriptor.md; distribution,
// "Image Manifest Version 2, Schema 2". Limits: the specification asks for at least 4 MiB.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "image/digest.h"
#include "image/platform.h"
#include "runtime/base/result.h"

namespace ikada {

inline constexpr size_t kMaxManifestBytes = size_t{4} << 20;
inline constexpr size_t kMaxDescriptors = 1000;
inline constexpr int kMaxIndexDepth = 3;

inline constexpr std::string_view kOciManifestType = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kOciIndexType = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kOciConfigType = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view kDockerManifestType =
    "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerListType =
    "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view kDockerConfigType =
    "application/vnd.docker.container.image.v1+json";

struct Descriptor {
  std::string media_type;
  Digest digest;
  std::uint64_t size_bytes = 0;
};

// How the bytes of a layer's blob are packed.
enum class Compression { kNone, kGzip, kZstd };

// kInvalid with code FOREIGN_LAYER_REFUSED for layers that lie outside the registry, with
// LAYER_UNSUPPORTED for types that are no tar.
Result<Compression> layer_compression(std::string_view media_type);

struct Manifest {
  std::string media_type;
  std::string artifact_type;  // Of things that are no images; mostly empty even then.
  Descriptor config;
  std::vector<Descriptor> layers;  // Lowest first.
};

// Whether a manifest is that of an image that can be run. OCI artifacts (charts, signatures, and so
// on) say what they are by the type of their config or by artifactType. kInvalid with code
// NOT_AN_IMAGE.
Result<void> check_is_image(const Manifest& manifest);

struct IndexEntry {
  Descriptor descriptor;
  std::optional<Platform> platform;  // Normalised.
  bool is_attestation = false;       // Build provenance, nothing that runs.
};

struct Index {
  std::string media_type;
  std::vector<IndexEntry> entries;
};

using ManifestOrIndex = std::variant<Manifest, Index>;

// `content_type` is what the registry (or the descriptor that led here) calls it; empty if unknown.
// kInvalid with code MANIFEST_INVALID, MANIFEST_AMBIGUOUS, MANIFEST_TOO_LARGE, or DIGEST_INVALID.
Result<ManifestOrIndex> parse_manifest(std::string_view text, std::string_view content_type);

// The entry that fits `wanted` best; the first of equals. An index without platforms is not a
// choice: its only entry is taken. kNotFound with code PLATFORM_NOT_FOUND and the platforms there
// are.
Result<Descriptor> choose_platform(const Index& index, const Platform& wanted);

}  // namespace ikada
